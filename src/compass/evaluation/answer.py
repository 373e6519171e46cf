"""What an investigation answered, in the words that labels use: ranked entities, mechanisms and triggers."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.domain.failure import FailureMode
from compass.domain.hypothesis import NO_CHANGE, Account
from compass.domain.place import counted_as
from compass.investigation.moves import work_done

MOST_LISTED = 30


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """One account. `entity` is the name that counts (a pod's is its workload's or service's), `kind` its kind.

    `trigger` is the id of the likeliest change, or "none". `confidence` is the account's probability.
    """

    entity: str
    kind: str
    mechanism: str
    trigger: str
    confidence: float


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to refute: the theory it was made on, by which strategy, what came of it, whether decisive."""

    entity: str
    kind: str
    mechanism: str
    strategy: str
    outcome: str
    decisive: bool


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """All that is scored of one investigation. `work` is in work units."""

    ranked: tuple[Ranked, ...] = ()
    not_listed: float = 0.0
    no_incident: float = 0.0
    work: float = 0.0
    attempts: tuple[Tried, ...] = ()


def answer_of(board: Board) -> Answer:
    """The answer on a board whose investigation has ended."""
    posterior = board.posterior
    nothing_wrong = board.failure is FailureMode.NO_INCIDENT
    if posterior is None:
        return Answer(no_incident=1.0 if nothing_wrong else 0.0, not_listed=0.0 if nothing_wrong else 1.0)
    accounts: Mapping[str, Account] = {account.id: account for account in board.accounts}
    listed = [(accounts[key], belief) for key, belief in posterior.ranked() if key in accounts]
    return Answer(
        ranked=tuple(_ranked(board, account, belief) for account, belief in listed[:MOST_LISTED]),
        not_listed=posterior.not_listed, no_incident=posterior.no_incident, work=work_done(board),
        attempts=_attempts(board),
    )  # fmt: skip


def _ranked(board: Board, account: Account, belief: float) -> Ranked:
    head = board.hypotheses[account.head]
    entity = counted_as(head.entity, board.containment)
    # A change that was shown not to have set it off is not offered as the trigger.
    options = [option for option in account.triggers if option.refuted is None] or list(account.triggers)
    best = max(options, key=lambda o: (o.weight, o.change), default=None)
    return Ranked(
        entity=entity.name, kind=entity.kind.value, mechanism=head.mechanism,
        trigger=best.change if best is not None else NO_CHANGE, confidence=belief,
    )  # fmt: skip


def _attempts(board: Board) -> tuple[Tried, ...]:
    found = []
    for key in sorted(board.attempts):
        attempt = board.attempts[key]
        theory = board.hypotheses.get(attempt.hypothesis)
        if theory is None or attempt.trigger is not None:
            continue
        entity = counted_as(theory.entity, board.containment)
        found.append(Tried(
            entity=entity.name, kind=entity.kind.value, mechanism=theory.mechanism, strategy=attempt.strategy,
            outcome=attempt.outcome.value, decisive=attempt.decisive and attempt.outcome is Outcome.REFUTED,
        ))  # fmt: skip
    return tuple(found)
