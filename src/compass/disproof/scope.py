"""Scope: who should be hit and is not, who is hit and should not be; and whether a changed thing is hit at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from compass.analysis.evidence import SYMPTOMS
from compass.analysis.graph import ServiceGraph
from compass.analysis.trouble import REQUESTS_SHOW, Trouble, troubles_of
from compass.disproof._common import (
    clock,
    expect,
    graph_of,
    make_attempt,
    make_plan,
    names,
    no_data,
    opened,
    paged,
    raised_by,
    seen_at,
    suspects,
)
from compass.disproof._measure import SYMPTOM_SIGNS, Ask, Measured, measure, measure_all, new_observation
from compass.disproof._room import as_ever, edges, is_between, must_show, passing
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome, PlanArguments
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.incident import Change
from compass.domain.mechanism import Mechanism
from compass.domain.observation import CLEAR, Observation, Quality
from compass.domain.sign import REQUESTS, SIGNS
from compass.domain.time import NS_PER_S
from compass.ports.clock import Deadline
from compass.ports.telemetry import Telemetry

MAX_VICTIMS = 30
LOOKBACK_NS = 24 * 3600 * NS_PER_S
HIT_SHARE = 0.5
OWN_SIGNS = (*SYMPTOM_SIGNS, "cpu.up", "memory.up", "restarts.up")
_HOLDERS = (EntityKind.NODE, EntityKind.NAMESPACE, EntityKind.CLUSTER, EntityKind.VOLUME)
# What a change does to a thing without harming anybody: new wording in its log, another order of its steps.
_HARMLESS = frozenset({"log.novel", "log.gone", "log.surge", "log.path_changed", "trace.structure_changed"})
_ON_THE_WAY = frozenset({"trace.gap_up", "client_latency.up", "network.errors_up"})
_HARM = frozenset(sign for sign in SIGNS if not sign.startswith("change.") and sign not in _HARMLESS)


@dataclass(frozen=True, slots=True)
class Scope:
    """Asks who shares the suspected thing: its callers, or what a node or volume holds."""

    id: str = "scope"

    def plan(self, hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> tuple[DisproofPlan, ...]:
        """One on those who share the thing, where its mechanism predicts any symptom, and one for each change that
        could have set it off."""
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
        """Survived when at least HIT_SHARE of those who could be measured are hit, ambiguous when fewer are, or far
        more who have nothing to do with it. Nobody hit refutes only where the harm could not have hidden in what was
        measured.

        A change is refuted when what it touched is normal, or was abnormal before it, and nothing that is hit depends
        on it, or only what also calls something else that is hit. NO_DATA when none of those could be measured.
        """
        if not opened(board):
            return no_data(plan, "there is no onset to compare with")
        ask = Ask(board=board, graph=graph_of(board), telemetry=telemetry, deadline=deadline)
        if plan.arguments.change is not None:
            return await _run_trigger(self.id, plan, ask)
        place = ask.graph.owner(plan.arguments.entity)
        signs = plan.arguments.signs or SYMPTOM_SIGNS
        found = _Found()
        for peer in plan.arguments.peers:
            _look(ask, place, peer, signs, found)
        await _measure_peers(self.id, ask, place, plan.arguments.peers, signs, found)
        return _contradicted(plan, ask, found) or _decide(plan, ask, found)


@dataclass(slots=True)
class _Found:
    """What is known of those who should be hit. `clear`: surely served as ever; `edge`: by their own calls to it."""

    hit: dict[EntityRef, str] = field(default_factory=dict)
    between: bool = False
    clear: dict[EntityRef, bool] = field(default_factory=dict)
    whole: dict[EntityRef, Measured] = field(default_factory=dict)
    own: Measured | None = None
    calls: Mapping[EntityRef, Measured] = field(default_factory=dict)
    share: Mapping[EntityRef, float] = field(default_factory=dict)
    observed: list[str] = field(default_factory=list)
    new: list[Observation] = field(default_factory=list)


def _look(ask: Ask, place: EntityRef, peer: EntityRef, signs: Sequence[str], found: _Found) -> None:
    """What the board knows: an anomaly at the peer, or of the calls between it and the thing."""
    seen = seen_at(ask.board, ask.graph, peer, _noticed(signs))
    found.observed.extend(o.id for o in (*seen.anomalies, *seen.normals))
    telling = {*_telling(signs), *(("trace.gap_up",) if "latency.up" in signs else ())}
    between = [
        o for o in ask.board.anomalies() if o.sign in telling and is_between(o, (place, peer), ask.graph)
    ]  # fmt: skip
    found.observed.extend(o.id for o in between)
    felt = (*seen.anomalies, *(between if peer != place else ()))
    if felt:
        found.hit[peer] = max(felt, key=lambda o: (o.strength, o.id)).text
        found.between |= bool(between) and peer != place


async def _measure_peers(
    strategy: str, ask: Ask, place: EntityRef, peers: Sequence[EntityRef], signs: Sequence[str], found: _Found
) -> None:
    if not peers:
        return
    callers = [p for p in peers if p != place and p in ask.graph.callers(place)]
    calls = found.calls = await edges(ask, place, callers, signs) if callers else {}
    found.whole = await measure_all(ask, tuple(dict.fromkeys((*peers, place))), signs)
    for peer in peers:
        whole, edge = found.whole[peer], calls.get(peer)
        found.between |= edge is not None and edge.anomalous
        for measured in (edge, whole):
            if measured is None or measured.worst is None:
                continue
            if peer in found.hit:
                continue
            found.new.append(new_observation(strategy, measured, measured.worst))
            if measured.anomalous:
                found.hit[peer] = found.new[-1].text
        if edge is not None and as_ever(edge):
            found.clear[peer] = True
        elif as_ever(whole):
            found.clear[peer] = False
    found.own = found.whole[place] if place in ask.graph.nodes or place in peers else None
    if found.own is not None and found.own.anomalous and callers:
        found.share = await passing(ask, place, ask.graph.callers(place))


def _contradicted(plan: DisproofPlan, ask: Ask, found: _Found) -> DisproofAttempt | None:
    """A theory that rests on slow or failing requests alone, while none of its callers' own calls show them."""
    place, seen = ask.graph.owner(plan.arguments.entity), raised_by(plan, ask.board)
    rests_on_requests = bool(seen) and all(o.sign in REQUESTS and o.peer is None for o in seen)
    callers = ask.graph.callers(place)
    if found.own is None or found.between or not rests_on_requests or set(callers) != set(found.calls):
        return None
    if not all(m.coverage.complete for m in found.calls.values()):
        return None
    if not must_show(found.own, found.calls, dict.fromkeys(callers, 1.0)):
        return None
    worst = found.own.worst
    text = new_observation("scope", found.own, worst).text if worst is not None else str(place)
    told = f"{text}, but no call to it took so long or failed so ({names(callers)} alone call it)"
    return make_attempt(plan, Outcome.REFUTED, told, observed=found.observed, new=found.new)


def _decide(plan: DisproofPlan, ask: Ask, found: _Found) -> DisproofAttempt:
    peers = plan.arguments.peers
    hit, new, observed = found.hit, found.new, found.observed
    known = len(hit) + sum(found.whole[p].normal for p in peers if p not in hit)
    if known == 0:
        return no_data(plan, f"none of {names(peers)} could be measured", new)
    text = f"{len(hit)} of {known} measured dependants of {plan.arguments.entity} are hit"
    if not hit:
        return _nobody(plan, ask, found, f"{text}: {names([p for p in peers if found.whole[p].normal])} normal")
    share = len(hit) / known
    example = hit[min(hit, key=lambda e: e.key)]
    if share < HIT_SHARE:
        spared = [p for p in peers if p not in hit and found.whole[p].normal]
        return make_attempt(
            plan, Outcome.AMBIGUOUS, f"{text} ({example}), {names(spared)} not", observed=observed, new=new
        )
    strangers = _strangers(ask.board, ask.graph, plan.arguments)
    if len(strangers) >= 3 and len(strangers) > 2 * len(hit):
        found_text = f"{text}, but so are {len(strangers)} that have nothing to do with it ({names(strangers)})"
        return make_attempt(plan, Outcome.AMBIGUOUS, found_text, observed=observed, new=new)
    return make_attempt(plan, Outcome.SURVIVED, f"{text} ({example})", observed=observed, new=new)


def _nobody(plan: DisproofPlan, ask: Ask, found: _Found, text: str) -> DisproofAttempt:
    """Nobody is hit: that refutes only where the harm could not have hidden."""
    place, peers = ask.graph.owner(plan.arguments.entity), plan.arguments.peers
    observed, new, own = found.observed, found.new, found.own
    if _quiet(plan, ask.board):
        found_text = f"{text}, but nothing seen of it has to be felt"
        return make_attempt(plan, Outcome.AMBIGUOUS, found_text, observed=observed, new=new)
    # one caller that copes (a cache, a fallback) proves little; several are telling
    quality = Quality.DIRECT if len(peers) >= 2 or peers[0] == place else Quality.INDIRECT
    if own is not None and found.share:
        known = {p: found.whole[p] for p in found.share if p in found.whole and found.whole[p].coverage.complete}
        if must_show(own, known, found.share):
            found_text = f"{text}, though enough of their requests pass {place} to show what it added"
            return make_attempt(plan, Outcome.REFUTED, found_text, observed=observed, new=new, quality=quality)
    unsure = [p for p in peers if p not in found.clear]
    if unsure:
        found_text = f"{text}, but trouble could hide in what was measured of {names(unsure)}"
        return make_attempt(plan, Outcome.AMBIGUOUS, found_text, observed=observed, new=new)
    if plan.arguments.entity.kind in _HOLDERS or all(found.clear.values()):
        return make_attempt(plan, Outcome.REFUTED, text, observed=observed, new=new, quality=quality)
    if own is not None and as_ever(own) and _of_its_own_serving(plan, ask):
        found_text = f"{text}, and {place} itself serves as ever"
        return make_attempt(plan, Outcome.REFUTED, found_text, observed=observed, new=new, quality=quality)
    found_text = f"{text}, but it is not known how much of what they do passes {place}"
    return make_attempt(plan, Outcome.AMBIGUOUS, found_text, observed=observed, new=new)


def _quiet(plan: DisproofPlan, board: Board) -> bool:
    """Whether all that speaks for the theory harms no request: then nothing has to be felt."""
    seen = raised_by(plan, board)
    return bool(seen) and all(o.sign in _HARMLESS for o in seen)


def _of_its_own_serving(plan: DisproofPlan, ask: Ask) -> bool:
    """Whether the theory is about what happens inside the thing, so that its own account of its requests counts.

    What never reaches it (refused, lost or late on the way) it cannot know of.
    """
    place, seen = ask.graph.owner(plan.arguments.entity), raised_by(plan, ask.board)
    return all(o.peer is None and ask.graph.owner(o.entity) == place and o.sign not in _ON_THE_WAY for o in seen)


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
    hit = {graph.owner(o.entity) for o in board.anomalies() if o.sign in noticed and o.strength >= CLEAR}
    return sorted(hit - related, key=lambda e: e.key)


def _candidates(hypothesis: Hypothesis, board: Board, graph: ServiceGraph) -> list[Change]:
    """Changes to something named, not after the onset, latest first; the related ones before the others."""
    assert board.onset is not None  # callers checked `opened`
    onset = board.onset.instant
    found = [
        c for c in board.changes
        if c.entity is not None and not onset.surely_before(c.at) and onset.ns - c.at.ns <= LOOKBACK_NS
    ]  # fmt: skip
    found.sort(key=lambda c: (-c.at.ns, c.id))
    return suspects(found, hypothesis, board, graph)


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
