"""How an investigation ends: every way is defined, said in words, stored, and has its exit code (DESIGN §5)."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.commanded import Decided, DecisionKind
from compass.domain.disproof import DisproofAttempt, Outcome
from compass.domain.failure import ExitCode, FailureMode, Status
from compass.domain.hypothesis import Hypothesis
from compass.domain.observation import QUALITY_WEIGHT, Verdict
from compass.domain.proposed import Standing, by_human, is_proposal, is_stated, standing_of
from compass.domain.sign import CRITICAL
from compass.domain.telemetry import HealthStatus
from compass.investigation.deciding import recorded
from compass.investigation.moves import BUDGET_REACHED, pending_words, work_done
from compass.investigation.settings import Limits

DATA_PARTS = frozenset({"metrics", "logs", "traces", "kubernetes", "probes"})
MOST_LISTED = 8
NOWHERE_CONNECTED = "look by hand at what no source covers: clients, networks between sites, people and processes"
WATCH_HINT = "to look again later: compass investigate with the same source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Status, mode and words of one ending."""

    status: Status
    exit_code: ExitCode
    said: str
    mode: FailureMode | None = None
    look_at: tuple[str, ...] = ()
    extra: tuple[tuple[str, c.Payload], ...] = ()


def conclude(board: Board, reason: str, limits: Limits) -> list[tuple[str, c.Payload]]:
    """The closing events. `reason` says why the loop ended."""
    ending = _ending(board)
    payloads: list[tuple[str, c.Payload]] = []
    if reason == BUDGET_REACHED:
        payloads += _budget(board, limits)
    payloads += ending.extra
    if ending.mode is not None:
        declared = c.FailureDeclared(mode=ending.mode, said=ending.said, look_at=ending.look_at)
        payloads.append((f"failure/{ending.mode.value}", declared))
    payloads.append(("answer/why", c.QuestionAnswered(question="why", answer=ending.said)))
    if not board.stop_requested:  # else a person decided it, and that stands recorded with the order
        payloads.append(("decision/end", _end(board, reason, ending)))
    payloads.append(("ended", c.Ended(status=ending.status, exit_code=int(ending.exit_code), said=ending.said)))
    # An investigation can be taken up again (a deeper attempt): every ending has keys of its own.
    return [(f"{key}/{board.round}/{board.reopened}", payload) for key, payload in payloads]


def _end(board: Board, reason: str, ending: Ending) -> Decided:
    """That it ends, because the policy says that there is nothing left to do."""
    end = f"end: {reason}"
    record = recorded(
        board, DecisionKind.END, options=("go on", end), chosen=end, favoured=end, favoured_because=reason
    )
    return Decided(decision=end, by="policy:unattended", because=ending.said, record=record)


def _ending(board: Board) -> Ending:
    if board.stop_requested:
        return Ending(status=Status.STOPPED, exit_code=ExitCode.STOPPED, said="stopped by a human")
    if not any(h.part in DATA_PARTS and h.status is not HealthStatus.NOT_CONNECTED for h in board.health):
        return Ending(
            status=Status.FAILED, exit_code=ExitCode.FAILED, mode=FailureMode.SOURCE_LOST,
            said="No source of metrics, logs, traces or state is connected: nothing could be examined.",
            look_at=("connect at least one source, or give a recording that holds telemetry",),
        )  # fmt: skip
    if not any(o.verdict is not Verdict.UNKNOWN for o in board.observations.values()):
        return Ending(
            status=Status.FAILED, exit_code=ExitCode.FAILED, mode=FailureMode.SOURCE_LOST,
            said="Nothing could be measured: every source was empty or failed.",
            look_at=tuple(gap for gap, _ in board.gaps),
        )  # fmt: skip
    if _no_incident(board):
        return _critical(board) or _nothing_wrong(board)
    if not _weighed(board):
        return _no_hypothesis(board)
    if _all_refuted(board):
        return _all_disproven(board)
    return _ranked(board)


def _weighed(board: Board) -> frozenset[str]:
    """Theories that have a probability: the engine's, and proposals of a model that survived a fresh attempt."""
    return frozenset(
        h.id for h in board.hypotheses.values() if not is_proposal(h) or standing_of(h, board) is Standing.STANDS
    )


def _no_incident(board: Board) -> bool:
    """Nothing measured is abnormal, or that there is no incident is the likeliest of all."""
    posterior = board.posterior
    if posterior is None or not board.anomalies():
        return not board.anomalies()
    rivals = [posterior.not_listed, *posterior.accounts.values()]
    return posterior.no_incident > max(rivals)


def _critical(board: Board) -> Ending | None:
    """That nothing else is wrong must not hide what the team wants to see whatever else is said."""
    written = [o for o in board.anomalies() if o.sign == CRITICAL and o.value is not None and o.value.value > 0]
    if not written:
        return None
    leads = tuple(f"{board.observation_labels.get(o.id, 'E?')} {o.text}" for o in written[:5])
    return Ending(
        status=Status.INCONCLUSIVE, exit_code=ExitCode.INCONCLUSIVE, mode=FailureMode.NO_HYPOTHESIS,
        said=f"What the team calls critical was written, and what could be measured besides is normal: {leads[0]}",
        look_at=leads,
    )  # fmt: skip


def _nothing_wrong(board: Board) -> Ending:
    normal = [o for o in board.observations.values() if o.verdict is Verdict.NORMAL]
    kinds = sorted({o.sign.split(".")[0] for o in normal})
    entities = len({o.entity for o in normal})
    many = len(board.discounted)
    aside = f"; {many} abnormal one{'s' * (many != 1)} the team calls normal or a false alarm" if many else ""
    return Ending(
        status=Status.DONE, exit_code=ExitCode.DONE, mode=FailureMode.NO_INCIDENT,
        said=(
            f"No incident is visible: {len(normal)} signals of {entities} parts were checked and are normal "
            f"({', '.join(kinds)}){aside}. {WATCH_HINT[0].upper()}{WATCH_HINT[1:]}."
        ),
        look_at=(WATCH_HINT,),
    )  # fmt: skip


def _no_hypothesis(board: Board) -> Ending:
    strongest = sorted(board.anomalies(), key=lambda o: (-o.strength, o.id))[:5]
    leads = tuple(f"{board.observation_labels.get(o.id, 'E?')} {o.text}" for o in strongest)
    signs = tuple(sorted({o.sign for o in board.anomalies()}))
    entities = tuple(sorted({o.entity for o in board.anomalies()}))
    return Ending(
        status=Status.INCONCLUSIVE, exit_code=ExitCode.INCONCLUSIVE, mode=FailureMode.NO_HYPOTHESIS,
        said=f"I couldn't form a clear hypothesis; here is what I observed, best leads first: {'; '.join(leads)}.",
        look_at=leads,
        extra=(("unsolved", c.UnsolvedPattern(signs=signs, entities=entities)),),
    )  # fmt: skip


def _refutations(board: Board) -> dict[str, DisproofAttempt]:
    """For each theory that an attempt refuted the one that says most: decisive first, then of direct quality."""
    best: dict[str, DisproofAttempt] = {}
    for a in sorted(board.attempts.values(), key=lambda a: (not a.decisive, -QUALITY_WEIGHT[a.quality], a.plan)):
        if a.outcome is Outcome.REFUTED and a.trigger is None:
            best.setdefault(a.hypothesis, a)
    return best


def _all_refuted(board: Board) -> bool:
    """Every theory was refuted, and what is not on the list is likelier than all of them together."""
    if not _weighed(board) <= _refutations(board).keys() or board.posterior is None:
        return False
    return board.posterior.not_listed > sum(board.posterior.accounts.values())


def _named(h: Hypothesis) -> str:
    what = "a newly stated mechanism" if is_stated(h.mechanism) else h.mechanism
    author = "a person" if by_human(h) else h.proposed_by
    return f"{h.label} {what} at {h.entity}" + (f", proposed by {author}" if is_proposal(h) else "")


def _all_disproven(board: Board) -> Ending:
    attempts = _refutations(board)
    heads = [h for h in board.hypotheses.values() if h.id in attempts]
    refuted = [f"{_named(h)}: {attempts[h.id].found}" for h in heads[:MOST_LISTED]]
    if len(heads) > MOST_LISTED:
        refuted.append(f"and {len(heads) - MOST_LISTED} more")
    blind = [(h.part, h.hides or f"what {h.part} would show") for h in board.health if h.status is not HealthStatus.OK]
    by_hand = tuple(f"look by hand at {part}: {hides}" for part, hides in blind) or (NOWHERE_CONNECTED,)
    gaps = tuple(
        (f"blind/{part}", c.GapNamed(gap=f"{part} not connected", hides=hides, suggestion=f"connect {part}"))
        for part, hides in blind
    )
    return Ending(
        status=Status.INCONCLUSIVE, exit_code=ExitCode.INCONCLUSIVE, mode=FailureMode.ALL_HYPOTHESES_DISPROVEN,
        said=f"I've eliminated these: {'; '.join(refuted)}. It may be somewhere I can't observe: {'; '.join(by_hand)}.",
        look_at=by_hand,
        extra=gaps,
    )  # fmt: skip


def _ranked(board: Board) -> Ending:
    posterior = board.posterior
    if posterior is None or not posterior.accounts:
        return _no_hypothesis(board)
    heads = {a.id: board.hypotheses[a.head] for a in board.accounts}
    ranked = [(heads[key], belief) for key, belief in posterior.ranked()]
    aside = [f"{_named(h)} ({belief:.0%})" for h, belief in ranked if h.id in board.orders.aside]
    left = [(h, belief) for h, belief in ranked if h.id not in board.orders.aside]
    if not left:
        return Ending(
            status=Status.INCONCLUSIVE, exit_code=ExitCode.INCONCLUSIVE,
            said=f"every theory was set aside by a person: {'; '.join(aside[:MOST_LISTED])}",
        )  # fmt: skip
    head, belief = left[0]
    said = f"working theory: {_named(head)} ({belief:.0%})"
    if ranked[0][0].id in board.orders.aside:
        said += f"; set aside by a person, and likelier by the evidence: {aside[0]}"
    if posterior.not_listed > belief:
        return Ending(
            status=Status.INCONCLUSIVE, exit_code=ExitCode.INCONCLUSIVE,
            said=f"“Not on this list” leads with {posterior.not_listed:.0%}; the best lead is {said}",
        )  # fmt: skip
    return Ending(status=Status.DONE, exit_code=ExitCode.DONE, said=said)


def _budget(board: Board, limits: Limits) -> list[tuple[str, c.Payload]]:
    spent, left = work_done(board), max(0.0, limits.work - work_done(board))
    said = (
        f"The work budget is spent: {spent:.0f} units done of {limits.work:.0f}, {left:.0f} left. "
        f"What remains to be done: {pending_words(board)}."
    )
    stop = "stop spending"
    record = recorded(
        board, DecisionKind.SPENDING, options=(stop, "work beyond the budget"), chosen=stop, favoured=stop,
        favoured_because="a policy spends no more than it was given",
    )  # fmt: skip
    return [
        ("failure/budget", c.FailureDeclared(mode=FailureMode.BUDGET_REACHED, said=said)),
        ("decision/budget", Decided(decision=stop, by="policy:unattended", because=said, record=record)),
    ]
