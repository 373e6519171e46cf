"""One labelled incident as the fit needs it: its final board beside what was true."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.domain.hypothesis import NO_CHANGE, Hypothesis
from compass.domain.place import counted_as
from compass.evaluation.ranks import is_place
from compass.evaluation.truth import Truth, set_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """`right` are the ids of accounts that count as right; `near` those at a right place with another mechanism.

    With `healthy` nothing was wrong, and `right` is empty. Where it is empty otherwise, "not on this list" was right.
    """

    id: str
    board: Board
    healthy: bool
    right: frozenset[str]
    near: frozenset[str]
    mechanism_labelled: bool

    @property
    def set(self) -> str:
        return set_of(self.id)

    def truth_of(self, hypothesis: str) -> bool | None:
        """Whether a theory is true; None at a right place where its mechanism is not labelled, or another one is."""
        key = next((a.id for a in self.board.accounts if a.head == hypothesis), "")
        if key in self.right:
            return True if self.mechanism_labelled else None
        return None if key in self.near else False


def sample_of(identity: str, board: Board, truth: Truth, mechanisms: Collection[str]) -> Sample:
    """`mechanisms`: ids that count as right; empty: every account at a right place is right."""
    right: set[str] = set()
    near: set[str] = set()
    for account in board.accounts:
        head = board.hypotheses[account.head]
        if _here(head, board, truth, account.triggers[0].change if account.triggers else NO_CHANGE):
            chosen = not mechanisms or head.mechanism in mechanisms
            (right if chosen else near).add(account.id)
    return Sample(
        id=identity, board=board, healthy=truth.healthy, right=frozenset(right), near=frozenset(near),
        mechanism_labelled=bool(mechanisms),
    )  # fmt: skip


def refuted_of(sample: Sample) -> dict[tuple[str, bool], float]:
    """By (strategy, theory true): the share of the answered attempts that refuted.

    Attempts of one incident are alike; together they count as one case, however many theories were stated.
    """
    tallies: dict[tuple[str, bool], list[bool]] = {}
    for key in sorted(sample.board.attempts):
        attempt = sample.board.attempts[key]
        truth = sample.truth_of(attempt.hypothesis) if attempt.trigger is None else None
        if truth is not None and attempt.outcome in (Outcome.REFUTED, Outcome.SURVIVED):
            tallies.setdefault((attempt.strategy, truth), []).append(attempt.outcome is Outcome.REFUTED)
    return {cell: sum(found) / len(found) for cell, found in sorted(tallies.items())}


def _here(head: Hypothesis, board: Board, truth: Truth, trigger: str) -> bool:
    entity = counted_as(head.entity, board.containment)
    return any(is_place(entity.kind.value, entity.name, trigger, place) for place in truth.accepted)
