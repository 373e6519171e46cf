"""Scope: who should be hit and is not, who is hit and should not be; and whether a changed thing is hit at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compass.analysis.accounts import relation_of
from compass.analysis.evidence import SYMPTOMS
from compass.analysis.graph import ServiceGraph
from compass.analysis.trouble import REQUESTS_SHOW, Trouble, troubles_of
from compass.disproof._common import (
    clock,
    expect,
    graph_of,
    leads,
    make_attempt,
    make_plan,
    names,
    no_data,
    opened,
    paged,
    seen_at,
)
from compass.disproof._measure import SYMPTOM_SIGNS, Ask, Measured, measure, measure_all, new_observation
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome, PlanArguments
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.incident import Change
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Observation, Quality
from compass.domain.sign import SIGNS
from compass.domain.time import NS_PER_S
from compass.ports.clock import Deadline
from compass.ports.telemetry import Telemetry

MAX_VICTIMS = 30
MAX_TRIGGERS = 4
LOOKBACK_NS = 24 * 3600 * NS_PER_S
HIT_SHARE = 0.5
FEW_SHARE, FEW_FROM = 0.2, 5
STRONG = 0.5
OWN_SIGNS = (*SYMPTOM_SIGNS, "cpu.up", "memory.up", "restarts.up")
_HOLDERS = (EntityKind.NODE, EntityKind.NAMESPACE, EntityKind.CLUSTER, EntityKind.VOLUME)
# What a change does to a thing without harming anybody: new wording in its log, another order of its steps.
_HARMLESS = frozenset({"log.novel", "log.gone", "log.surge", "log.path_changed", "trace.structure_changed"})
_HARM = frozenset(sign for sign in SIGNS if not sign.startswith("change.") and sign not in _HARMLESS)


@dataclass(frozen=True, slots=True)
class Scope:
    """Asks who shares the suspected thing: its callers, or what a node or volume holds."""

    id: str = "scope"

    def plan(self, hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> tuple[DisproofPlan, ...]:
        if not opened(board):
            return ()
        graph = graph_of(board)
        plans = [self._victims_plan(hypothesis, mechanism, board, graph)] if _felt(mechanism) else []
        for change in _candidates(hypothesis, board, graph):
            arguments = PlanArguments(entity=hypothesis.entity, change=change.id, signs=OWN_SIGNS)
            text = (
                f"If {change.kind} {change.id} set it off, {change.entity} or something that depends on it is abnormal "
                f"after {clock(board.during.start_ns)}."
            )
            plans.append(make_plan(self.id, hypothesis, mechanism, arguments, text, cost=1.0, power=0.4))
        return tuple(plans)

    def _victims_plan(
        self, hypothesis: Hypothesis, mechanism: Mechanism, board: Board, graph: ServiceGraph
    ) -> DisproofPlan:
        victims, kinds = _victims(hypothesis.entity, graph), troubles_of(mechanism)
        signs = tuple(sign for sign in SYMPTOM_SIGNS if any(sign in REQUESTS_SHOW[kind] for kind in kinds))
        show = " or ".join(kind.value for kind in Trouble if kind in kinds)
        return make_plan(
            self.id, hypothesis, mechanism,
            PlanArguments(entity=hypothesis.entity, peers=victims, signs=signs),
            expect(hypothesis, mechanism, f"those who depend on it ({names(victims)}) show {show} requests "
                                          f"after {clock(board.during.start_ns)}"),
            cost=1.0, power=0.4,
        )  # fmt: skip

    async def run(self, plan: DisproofPlan, board: Board, telemetry: Telemetry, deadline: Deadline) -> DisproofAttempt:
        if not opened(board):
            return no_data(plan, "there is no onset to compare with")
        ask = Ask(board=board, graph=graph_of(board), telemetry=telemetry, deadline=deadline)
        if plan.arguments.change is not None:
            return await _run_trigger(self.id, plan, ask)
        hit: dict[EntityRef, str] = {}
        clear: list[EntityRef] = []
        observed: list[str] = []
        unknown: list[EntityRef] = []
        signs = plan.arguments.signs or SYMPTOM_SIGNS
        telling = _telling(signs)
        for peer in plan.arguments.peers:
            seen = seen_at(board, ask.graph, peer, _noticed(signs))
            observed.extend(o.id for o in (*seen.anomalies, *seen.normals))
            if seen.anomalies:
                hit[peer] = max(seen.anomalies, key=lambda o: (o.strength, o.id)).text
            elif any(o.sign in telling for o in seen.normals):  # ready pods and quiet logs do not show served requests
                clear.append(peer)
            else:
                unknown.append(peer)
        fresh = await measure_all(ask, unknown, signs) if unknown else {}
        new: list[Observation] = []
        for peer, measured in fresh.items():
            if measured.worst is None:
                continue
            new.append(new_observation(self.id, measured, measured.worst))
            if measured.anomalous:
                hit[peer] = new[-1].text
            elif measured.normal:
                clear.append(peer)
        return _decide(plan, ask, hit, clear, observed, new)


def _decide(
    plan: DisproofPlan, ask: Ask, hit: dict[EntityRef, str], clear: Sequence[EntityRef], observed: Sequence[str],
    new: Sequence[Observation],
) -> DisproofAttempt:  # fmt: skip
    known, place = len(hit) + len(clear), ask.graph.owner(plan.arguments.entity)
    if known == 0:
        return no_data(plan, f"none of {names(plan.arguments.peers)} could be measured", new)
    text = f"{len(hit)} of {known} measured dependants of {plan.arguments.entity} are hit"
    if not hit:
        # one caller that copes (a cache, a fallback) proves little; several are telling
        quality = Quality.DIRECT if known >= 2 or clear[0] == place else Quality.INDIRECT
        found = f"{text}: {names(clear)} normal"
        return make_attempt(plan, Outcome.REFUTED, found, observed=observed, new=new, quality=quality)
    share = len(hit) / known
    example = hit[min(hit, key=lambda e: e.key)]
    if share < FEW_SHARE and known >= FEW_FROM:
        found = f"{text}, {names(clear)} are not"
        return make_attempt(plan, Outcome.REFUTED, found, observed=observed, new=new, quality=Quality.INDIRECT)
    if share < HIT_SHARE:
        found = f"{text} ({example}), {names(clear)} not"
        return make_attempt(plan, Outcome.AMBIGUOUS, found, observed=observed, new=new)
    strangers = _strangers(ask.board, ask.graph, plan.arguments)
    if len(strangers) >= 3 and len(strangers) > 2 * len(hit):
        found = f"{text}, but so are {len(strangers)} that have nothing to do with it ({names(strangers)})"
        return make_attempt(plan, Outcome.AMBIGUOUS, found, observed=observed, new=new)
    return make_attempt(plan, Outcome.SURVIVED, f"{text} ({example})", observed=observed, new=new)


def _felt(mechanism: Mechanism) -> bool:
    """Whether the mechanism itself predicts symptoms: wrong results given quickly and politely hit no caller."""
    return any(sign in SYMPTOMS for p in (*mechanism.requires, *mechanism.expects) for sign in p.signs)


def _telling(signs: Sequence[str]) -> frozenset[str]:
    """Signs of requests of the kinds of trouble that `signs` ask for: what shows that requests are served."""
    return frozenset().union(*(group for group in REQUESTS_SHOW.values() if group & set(signs)))


def _noticed(signs: Sequence[str]) -> frozenset[str]:
    """Symptoms without those of another kind of trouble than `signs` ask for."""
    return SYMPTOMS - (frozenset().union(*REQUESTS_SHOW.values()) - _telling(signs))


def _victims(entity: EntityRef, graph: ServiceGraph) -> tuple[EntityRef, ...]:
    """Who shares the thing: what a node or volume holds, else direct callers, else (nobody calls it) itself."""
    if entity.kind in _HOLDERS:
        held = dict.fromkeys(graph.owner(part) for part in graph.contained(entity))
        return tuple(e for e in held if e != entity)[:MAX_VICTIMS] or (entity,)
    place = graph.owner(entity)
    return graph.callers(place)[:MAX_VICTIMS] or (place,)


def _strangers(board: Board, graph: ServiceGraph, asked: PlanArguments) -> list[EntityRef]:
    """Clearly hit places that neither depend on the entity, nor are needed by it, nor share what holds it."""
    entity, noticed = asked.entity, _noticed(asked.signs or SYMPTOM_SIGNS)
    place = graph.owner(entity)
    related = {place, *graph.upstream(place), *graph.downstream(place)}
    for part in graph.contained(entity):
        related |= {graph.owner(part), *graph.upstream(graph.owner(part))}
    hit = {graph.owner(o.entity) for o in board.anomalies() if o.sign in noticed and o.strength >= STRONG}
    return sorted(hit - related, key=lambda e: e.key)


def _candidates(hypothesis: Hypothesis, board: Board, graph: ServiceGraph) -> list[Change]:
    """Changes to something named, not after the onset, latest first; the related ones before the others.

    What is not related is asked for the leading theory only: people suspect the change that came last, wherever it was,
    and want to know why it is out.
    """
    assert board.onset is not None  # callers checked `opened`
    onset = board.onset.instant
    found = [
        c for c in board.changes
        if c.entity is not None and not onset.surely_before(c.at) and onset.ns - c.at.ns <= LOOKBACK_NS
    ]  # fmt: skip
    found.sort(key=lambda c: (-c.at.ns, c.id))
    related = [c for c in found if relation_of(c.entity, hypothesis.entity, graph) is not None]
    others = [c for c in found if c not in related] if leads(hypothesis, board) else []
    return [*related[:MAX_TRIGGERS], *others[:MAX_TRIGGERS]]


async def _run_trigger(strategy: str, plan: DisproofPlan, ask: Ask) -> DisproofAttempt:
    change = next((c for c in ask.board.changes if c.id == plan.arguments.change), None)
    if change is None or change.entity is None:
        return no_data(plan, f"change {plan.arguments.change} is not on the board, or names nothing")
    graph, place = ask.graph, ask.graph.owner(change.entity)
    seen = seen_at(ask.board, graph, change.entity, _HARM)
    affected = _affected(ask.board, graph)
    held = sorted({graph.owner(part) for part in graph.contained(change.entity)} & affected, key=lambda e: e.key)
    # What was abnormal before the change cannot come from it.
    since = [o for o in seen.anomalies if o.since is None or not o.since.surely_before(change.at)]
    if since or held:
        worst = max(since, key=lambda o: (o.strength, o.id), default=None)
        found = f"{place} is abnormal itself: {worst.text}" if worst else f"{names(held)} there are hit"
        return make_attempt(plan, Outcome.SURVIVED, found, observed=[o.id for o in since])
    measured = await measure(ask, place, plan.arguments.signs or OWN_SIGNS)
    if measured.worst is None:
        return no_data(plan, f"{place}: {measured.problem or 'too few samples to compare'}")
    new = (new_observation(strategy, measured, measured.worst),)
    began = measured.instant(measured.worst) if measured.anomalous else None
    earlier = began is not None and began.surely_before(change.at)
    if measured.anomalous and not earlier:
        return make_attempt(plan, Outcome.SURVIVED, f"{place} is abnormal itself: {new[0].text}", new=new)
    if not measured.normal and not earlier:
        found = f"{place} is neither clearly normal nor abnormal: {new[0].text}"
        return make_attempt(plan, Outcome.AMBIGUOUS, found, new=new)
    return _untouched(plan, ask, place, measured, affected, new)


def _untouched(
    plan: DisproofPlan, ask: Ask, place: EntityRef, measured: Measured, affected: set[EntityRef],
    new: tuple[Observation, ...],
) -> DisproofAttempt:  # fmt: skip
    """The changed thing is normal: then the change matters only if something hit depends on it."""
    score = measured.worst.score if measured.worst is not None else 0.0
    text = f"{len(measured.judged)} signals of {place} are normal (highest score {score:.1f})"
    if measured.anomalous:
        text = f"what is abnormal at {place} began before the change ({new[0].text})"
    graph = ask.graph
    if not graph.nodes:
        return no_data(plan, f"{text}, but who depends on whom is not known", new)
    dependants = sorted((a for a in affected if place in graph.downstream(a)), key=lambda e: e.key)
    if not dependants:
        found = f"{text} and none of {len(affected)} affected entities depends on it"
        return make_attempt(plan, Outcome.REFUTED, found, new=new)
    alone = [a for a in dependants if not any(c in affected for c in graph.callees(a))]
    if alone:
        return make_attempt(plan, Outcome.AMBIGUOUS, f"{text}, but {names(alone)} depends on it and is hit", new=new)
    found = f"{text}; all that depend on it and are hit ({names(dependants)}) call something else that is hit"
    return make_attempt(plan, Outcome.REFUTED, found, new=new, quality=Quality.INDIRECT)


def _affected(board: Board, graph: ServiceGraph) -> set[EntityRef]:
    """Places with a symptom, and the paged one."""
    found = {graph.owner(o.entity) for o in board.anomalies() if o.sign in SYMPTOMS}
    service = paged(board, graph)
    return found | ({graph.owner(service)} if service is not None else set())
