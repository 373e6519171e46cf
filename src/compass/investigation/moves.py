"""What comes next, decided purely from the board: the same after a crash as before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.domain.failure import Status
from compass.domain.proposed import proposals
from compass.investigation.settings import Crew, Limits
from compass.ports.specialist import Budget, Specialist, Step

BUDGET_REACHED = "work budget reached"
DECIDE = "decide"  # the step that failed when an agent could not even say what to ask


class Kind(StrEnum):
    CHECK_SOURCES = "check_sources"
    ORIENT = "orient"
    START_ROUND = "start_round"
    RUN_ROUND = "run_round"
    BELIEVE = "believe"
    CONSULT = "consult"
    GATE = "gate"
    ADVISE = "advise"
    RECALL = "recall"
    READ = "read"  # the team's documents
    WAIT = "wait"  # a person ordered a pause
    CONCLUDE = "conclude"
    NOTHING = "nothing"


GO_ON, STOP_HERE = "go on to why", "stop after what and where"
SCREEN = "screen"
"""The phase of the first round, in which alone screening questions are asked."""
GATE_DECISIONS = frozenset({GO_ON, STOP_HERE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One step of the investigation. `reason` is set for CONCLUDE: why it ends."""

    kind: Kind
    round: int = 0
    phase: str = ""
    reason: str = ""


def next_move(board: Board, crew: Crew, limits: Limits) -> Move:
    """The next move; NOTHING when the investigation has ended."""
    if board.status is not Status.RUNNING:
        return Move(kind=Kind.NOTHING)
    if board.stop_requested:
        return Move(kind=Kind.CONCLUDE, reason="stopped by a human")
    if board.orders.paused:
        return Move(kind=Kind.WAIT)
    if not board.health:
        return Move(kind=Kind.CHECK_SOURCES)
    if board.onset is None:
        return Move(kind=Kind.ORIENT)
    if board.round_open:
        return Move(kind=Kind.RUN_ROUND, round=board.round, phase=board.phase)
    if board.round == 0:
        return Move(kind=Kind.START_ROUND, round=1, phase=SCREEN)
    if crew.memory and board.memory is None and board.believed_round == 0:
        return Move(kind=Kind.RECALL, round=board.round)
    if board.believed_round < board.round or board.unweighed:
        return Move(kind=Kind.BELIEVE, round=board.round)
    return _after_beliefs(board, crew, limits)


def _after_beliefs(board: Board, crew: Crew, limits: Limits) -> Move:
    if crew.documents and board.documents is None and board.round == 1:
        return Move(kind=Kind.READ, round=board.round)
    if crew.asks and board.consulted is None and board.round == 1:
        return Move(kind=Kind.CONSULT, round=board.round)
    if not any(decision in GATE_DECISIONS for decision, _by, _because in board.decisions):
        return Move(kind=Kind.GATE, round=board.round)
    if len(board.asked) > board.deepened:
        return Move(kind=Kind.START_ROUND, round=board.round + 1, phase="deepen")
    if advice_due(board, limits):
        return Move(kind=Kind.ADVISE, round=board.round)
    if not board.hypotheses:
        return Move(kind=Kind.CONCLUDE, reason="no theory to test")
    if board.round - board.deep_rounds >= limits.rounds:
        return Move(kind=Kind.CONCLUDE, reason=f"{limits.rounds} rounds done")
    if decided(board, limits):
        return Move(kind=Kind.CONCLUDE, reason="the posterior is decided")
    if pending(board, crew, budget_of(board, crew, limits)):
        return Move(kind=Kind.START_ROUND, round=board.round + 1, phase="disprove")
    if pending(board, crew, Budget(work=limits.work_per_round)):
        return Move(kind=Kind.CONCLUDE, reason=BUDGET_REACHED)
    return Move(kind=Kind.CONCLUDE, reason="no informative plan left")


def advice_due(board: Board, limits: Limits) -> bool:
    """Whether the language model is heard now: once after each round, while there is something left to find out."""
    advice = board.advice
    lost = advice.lost and not advice.again
    if not limits.advise or not advice.model or lost or advice.heard >= board.round:
        return False
    return limits.advise_always or (board.round < limits.rounds and not decided(board, limits))


def searching(board: Board, limits: Limits) -> bool:
    """Whether more theories or more attempts than the engine's own could still change the answer: not while the leading
    account is believed beyond `limits.decided`. It need not have been tried for that: where an attempt shakes it, the
    search goes on."""
    return limits.advise_always or _leader(board)[1] < limits.decided


def budget_of(board: Board, crew: Crew, limits: Limits) -> Budget:
    """What one agent may spend in one round: a fair share of what is left of the whole."""
    agents = max(1, len(crew.specialists))
    left = max(0.0, limits.work - work_done(board))
    any_proposed = bool(board.advice.model) or bool(proposals(board))
    extra = max(0.0, limits.proposals - work_on_proposals(board)) if any_proposed else 0.0
    return Budget(
        work=min(limits.work_per_round, left / agents), proposals=min(limits.proposals_per_round, extra / agents)
    )


def work_done(board: Board) -> float:
    """Work units spent so far: one a screening step, the plan's cost a plan. Attempts on what a language model proposed
    have a bound of their own."""
    plans = sum(board.plans[key].cost for key in board.attempts if key in board.plans)
    screens = sum(1.0 for _agent, step in board.steps_done if step not in board.plans)
    return plans - work_on_proposals(board) + screens


def work_on_proposals(board: Board) -> float:
    """Work units spent on attempts on what a language model proposed."""
    proposed = {h.id for h in proposals(board)}
    own = (board.plans[key] for key in board.attempts if key in board.plans)
    return sum(plan.cost for plan in own if plan.hypothesis in proposed)


def decided(board: Board, limits: Limits) -> bool:
    """The leading account is believed beyond `limits.decided` and has survived at least two attempts."""
    leader, belief = _leader(board)
    head = next((a.head for a in board.accounts if a.id == leader), "")
    if head in board.orders.aside:
        return False  # a person wants the others looked at
    survived = sum(1 for a in board.attempts.values() if a.hypothesis == head and a.outcome is Outcome.SURVIVED)
    return belief >= limits.decided and survived >= 2


def _leader(board: Board) -> tuple[str, float]:
    """The leading account and how far it is believed; nothing where there is none."""
    ranked = board.posterior.ranked() if board.posterior is not None else ()
    return ranked[0] if ranked else ("", 0.0)


def pending_words(board: Board) -> str:
    """What a larger budget would still examine, in words."""
    belief = board.posterior.accounts if board.posterior else {}
    open_ = [a for a in board.accounts if belief.get(a.id, 0.0) >= 0.01 and a.head not in board.orders.aside]
    tried = {a.hypothesis for a in board.attempts.values()}
    untested = sorted(board.hypotheses[a.head].label for a in open_ if a.head not in tried)
    return f"attempts to refute {', '.join(untested)}" if untested else "further attempts on accounts already tried"


def pending(board: Board, crew: Crew, budget: Budget) -> bool:
    """Whether any specialist still has an informative step that `budget` pays for."""
    ahead = replace(board, phase="disprove")
    able = (s for s in crew.specialists if (s.name, DECIDE) not in board.steps_done)
    return any(_has_steps(s, ahead, budget) for s in able)


def _has_steps(specialist: Specialist, board: Board, budget: Budget) -> bool:
    try:
        return bool(steps_of(specialist.decide(board, budget)))
    except Exception:  # noqa: BLE001  # the round that follows meets it again, and records it as this agent's failure
        return True


def steps_of(decision: object) -> tuple[Step, ...]:
    return decision if isinstance(decision, tuple) else ()
