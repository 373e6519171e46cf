"""What every strategy uses: plan and attempt makers, times in words, the paged service, the board's own answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from compass.analysis.accounts import relation_of
from compass.analysis.evidence import SYMPTOMS
from compass.analysis.graph import ServiceGraph, build_graph
from compass.disproof._measure import KINDS
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome, PlanArguments
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.ids import id_of
from compass.domain.incident import Change, Dependency
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Observation, Quality, Verdict
from compass.domain.time import Instant, to_datetime

NAMED_BONUS = 0.15
"""A strategy that the mechanism itself names as its refuter refutes a wrong theory more often."""
CLEARLY_MORE = 0.4
"""Strength from which more work explains what is full or slow: that of the lowest score at which a metric is abnormal
(4, of 4 + 6). A measured rise or an alert on one suffices; a page that only speaks of traffic (0.3) does not."""
MAX_NAMES = 4
MAX_TRIGGERS = 4
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the board already holds about some signs of one place."""

    anomalies: tuple[Observation, ...]
    normals: tuple[Observation, ...]

    @property
    def strength(self) -> float:
        return max((o.strength for o in self.anomalies), default=0.0)


def make_plan(
    strategy: str, hypothesis: Hypothesis, mechanism: Mechanism, arguments: PlanArguments, expectation: str, *,
    cost: float, power: float, deep: bool = False,
) -> DisproofPlan:  # fmt: skip
    """A plan whose id depends on hypothesis, strategy and change only: it stays the same while the board grows."""
    if strategy in mechanism.refuters:
        power = min(0.95, power + NAMED_BONUS)
    return DisproofPlan(
        id=id_of("p", hypothesis.id, strategy, arguments.change or ""), hypothesis=hypothesis.id,
        strategy=strategy, arguments=arguments, expectation=expectation, cost=cost, power=power, deep=deep,
    )  # fmt: skip


def make_attempt(
    plan: DisproofPlan, outcome: Outcome, found: str, *, observed: Iterable[str] = (),
    new: Iterable[Observation] = (), quality: Quality = Quality.DIRECT, decisive: bool = False, explained: bool = False,
) -> DisproofAttempt:  # fmt: skip
    """An attempt on `plan`. `decisive` holds for refutations of direct quality only, whatever the caller says."""
    fresh = {o.id: o for o in sorted(new, key=lambda o: o.id)}
    return DisproofAttempt(
        plan=plan.id, hypothesis=plan.hypothesis, strategy=plan.strategy, outcome=outcome, found=found,
        observed=tuple(sorted({*observed, *fresh})), observations=tuple(fresh.values()), quality=quality,
        decisive=decisive and outcome is Outcome.REFUTED and quality is Quality.DIRECT,
        explained=explained and outcome is Outcome.REFUTED,
        trigger=plan.arguments.change,
    )  # fmt: skip


def no_data(plan: DisproofPlan, why: str, new: Iterable[Observation] = ()) -> DisproofAttempt:
    return make_attempt(plan, Outcome.NO_DATA, why, new=new)


def opened(board: Board) -> bool:
    """Whether there is an incident and an onset to compare with."""
    return board.incident is not None and board.onset is not None


def graph_of(board: Board) -> ServiceGraph:
    return _graph(_Itself(board.dependencies), _Itself(board.containment))


@dataclass(frozen=True, slots=True, eq=False)
class _Itself(Generic[T]):
    """A part of a board as a key, equal to no other object: to compare what it holds would take as long as a graph."""

    it: T

    def __hash__(self) -> int:
        return id(self.it)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and self.it is other.it


@lru_cache(maxsize=8)
def _graph(
    dependencies: _Itself[tuple[Dependency, ...]], containment: _Itself[Mapping[EntityRef, EntityRef]]
) -> ServiceGraph:
    """Boards that follow one another share both, and each strategy asks for every theory in every round."""
    return build_graph(dependencies.it, containment.it)


def clock(ns: int) -> str:
    """A time for people; the plain number where no calendar can hold it."""
    try:
        return f"{to_datetime(ns):%H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return f"{ns} ns"


def moment(instant: Instant) -> str:
    width = instant.uncertainty_ns / 1e9
    return f"{clock(instant.ns)} ± {width:.0f} s" if width >= 1 else clock(instant.ns)


def names(entities: Collection[EntityRef]) -> str:
    """A few names and how many more."""
    listed = [str(entity) for entity in entities]
    if len(listed) <= MAX_NAMES:
        return ", ".join(listed) or "nothing"
    return ", ".join(listed[:MAX_NAMES]) + f" and {len(listed) - MAX_NAMES} more"


def expect(hypothesis: Hypothesis, mechanism: Mechanism, rest: str) -> str:
    """One sentence: what must be seen if the theory holds."""
    return f"If it is {theory(mechanism.id, hypothesis.entity)}, {rest}."


def theory(mechanism: str, entity: EntityRef) -> str:
    """A theory in words: what (the id of a mechanism), and where."""
    return f"{mechanism.replace('_', ' ').replace('-', ' ')} at {entity}"


_CALLED = (EntityKind.SERVICE, EntityKind.WORKLOAD)


def paged(board: Board, graph: ServiceGraph) -> EntityRef | None:
    """The entity the page is about: by name among services, workloads and what calls or is called; None if unnamed.

    Of several of one name, services come first.
    """
    name = board.incident.service if board.incident is not None else None
    if not name:
        return None
    known = {e for e in (*board.entities, *graph.nodes) if e.name == name}
    ranked = sorted(known, key=lambda e: (_CALLED.index(e.kind) if e.kind in _CALLED else len(_CALLED), e.key))
    return ranked[0] if ranked else EntityRef(kind=EntityKind.SERVICE, name=name)


def seen_at(board: Board, graph: ServiceGraph, entity: EntityRef, signs: Collection[str] = SYMPTOMS) -> Seen:
    """The board's observations of `signs` at `entity` or what belongs to it. NORMAL counts under complete coverage."""
    place = graph.owner(entity)
    here = [
        o for o in board.observations.values()
        if o.sign in signs and (o.entity == entity or graph.owner(o.entity) == place)
    ]  # fmt: skip
    return Seen(
        anomalies=tuple(o for o in here if o.verdict is Verdict.ANOMALY),
        normals=tuple(o for o in here if o.verdict is Verdict.NORMAL and o.coverage.complete),
    )


def suggesting(hypothesis: Hypothesis, board: Board) -> tuple[Observation, ...]:
    """The anomalies that raised a hypothesis, strongest first."""
    found = [board.observations[key] for key in hypothesis.suggested_by if key in board.observations]
    return tuple(sorted((o for o in found if o.verdict is Verdict.ANOMALY), key=lambda o: (-o.strength, o.id)))


def raised_by(plan: DisproofPlan, board: Board) -> tuple[Observation, ...]:
    """The same for the theory that a plan is about; none where it is not on the board."""
    hypothesis = board.hypotheses.get(plan.hypothesis)
    return () if hypothesis is None else suggesting(hypothesis, board)


def signs_of(hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> tuple[str, ...]:
    """Signs that speak for a hypothesis: those seen (strongest first), else those its mechanism requires."""
    seen = [o.sign for o in suggesting(hypothesis, board)]
    required = [sign for pattern in mechanism.requires for sign in pattern.signs]
    return tuple(dict.fromkeys(seen or required))


def signs_apart(
    hypothesis: Hypothesis, mechanism: Mechanism, board: Board, graph: ServiceGraph, effect: EntityRef
) -> tuple[str, ...]:
    """Signs that speak for a hypothesis, that a series measures, and that can be held against the symptom at `effect`:
    where both are one place, not its symptoms, for a symptom always goes along with itself."""
    measured = tuple(sign for sign in signs_of(hypothesis, mechanism, board) if sign in KINDS)
    if graph.owner(effect) != graph.owner(hypothesis.entity):
        return measured
    return tuple(sign for sign in measured if sign not in SYMPTOMS)


def suspects(changes: Sequence[Change], hypothesis: Hypothesis, board: Board, graph: ServiceGraph) -> list[Change]:
    """The first few of `changes` that are related to the theory, and for the leading theory the first few others.

    People suspect the change that came last, wherever it was, and want to know why it is out.
    """
    related = [c for c in changes if relation_of(c.entity, hypothesis.entity, graph) is not None]
    others = [c for c in changes if c not in related] if leads(hypothesis, board) else []
    return [*related[:MAX_TRIGGERS], *others[:MAX_TRIGGERS]]


def leads(hypothesis: Hypothesis, board: Board) -> bool:
    """Whether its account is the most probable one so far. False before there is a posterior."""
    if board.posterior is None or not board.posterior.accounts:
        return False
    first = board.posterior.ranked()[0][0]
    return any(account.id == first and account.head == hypothesis.id for account in board.accounts)
