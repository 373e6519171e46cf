"""Hypotheses that explain one another, as causal accounts: every hypothesis heads exactly one.

An account asks: if this is where it began, what of the rest follows from it? Trouble travels from a callee to its
callers and from a host to what it holds, as waiting, failing and piling up; it does not travel as, say, a full disk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from compass.analysis.graph import ServiceGraph
from compass.analysis.likelihood import LikelihoodTable
from compass.analysis.trouble import troubles_of, unexplained
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.hypothesis import NO_CHANGE, Account, Hypothesis, Link, TriggerOption
from compass.domain.incident import Change, Onset
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Observation, Verdict
from compass.domain.sign import OWN_ONLY, SUFFERING, matches
from compass.domain.time import NS_PER_S

MAX_HOPS = 3
TRAVELS = SUFFERING | {
    "traffic.up", "threads.up", "pool.exhausted", "pool.wait_up", "pool.timeouts", "queue.backlog", "retries.up",
    "db.latency_up", "db.connections_up", "network.traffic_down", "cache.hit_down", "fds.up", "callers.slow",
    "callers.failing", "log.surge", "log.novel", "log.timeout", "log.connection_refused", "log.unavailable",
    "log.pool_timeout", "log.exception", "log.cancelled", "log.path_changed", "log.gone", "trace.callee_slow",
    "trace.gap_up", "trace.retry", "trace.child_missing", "trace.structure_changed", "k8s.unready",
    "k8s.probe_failing", "probe.http_failed",
}  # fmt: skip
"""Signs at a caller that follow from trouble at something it calls."""
CLEARED = 0.2
"""What a release that was measured and does no worse keeps of its weight as a trigger: harm may show elsewhere."""
WORK = frozenset({"traffic.up", "db.traffic_up", "retries.up", "trace.retry", "trace.fanout_up"})
"""Signs of more work, which travels the other way: from a caller to what it calls."""
FOLLOWS_WORK = TRAVELS | WORK | frozenset({
    "cpu.up", "cpu.saturated", "cpu.throttled", "memory.up", "network.traffic_up", "disk.io_up", "gc.up", "locks.up",
    "db.connections_near_limit", "rate_limited", "log.rate_limited", "trace.self_time_up", "trace.db_slow",
    "trace.error_origin",
})  # fmt: skip
"""Signs at a callee that follow from more work, where more work is seen to arrive."""
_THINGS = frozenset({
    EntityKind.SERVICE, EntityKind.WORKLOAD, EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE,
    EntityKind.EXTERNAL,
})  # fmt: skip
_CALLS = 1
_HOLDS = 0
_Reached = tuple[int, Hypothesis, str]  # calls away, who, because


def form_accounts(
    hypotheses: Mapping[str, Hypothesis],
    mechanisms: Mapping[str, Mechanism],
    observations: Mapping[str, Observation],
    graph: ServiceGraph,
    changes: Sequence[Change],
    onset: Onset | None,
    table: LikelihoodTable,
) -> tuple[Account, ...]:
    """One account a hypothesis, sorted by head; its id is derived from the head's.

    Changes surely after the onset, or older than the look-back, are no trigger options. Without an onset, the
    hypothesis's own is used.
    """
    former = _Former(
        hypotheses=dict(sorted(hypotheses.items())), mechanisms=mechanisms, graph=graph,
        signs={key: _signs(h, mechanisms, observations) for key, h in hypotheses.items()},
        busier=frozenset(
            graph.owner(o.entity) for o in observations.values() if o.verdict is Verdict.ANOMALY and o.sign in WORK
        ),
    )  # fmt: skip
    meanings, cleared = _meanings(observations.values()), _cleared(observations.values())
    accounts = []
    for key, head in former.hypotheses.items():
        mechanism = mechanisms.get(head.mechanism)
        chooser = _Triggers(
            head=head, mechanism=mechanism, graph=graph, onset=onset, table=table, meanings=meanings, cleared=cleared
        )
        accounts.append(Account(id=f"A:{key}", head=key, links=former.links(head), triggers=chooser.options(changes)))
    return tuple(accounts)


def _signs(
    hypothesis: Hypothesis, mechanisms: Mapping[str, Mechanism], observations: Mapping[str, Observation]
) -> frozenset[str]:
    """The signs that speak for a hypothesis: those seen, else (nothing on the board) those its mechanism requires."""
    seen = [observations[key] for key in hypothesis.suggested_by if key in observations]
    found = frozenset(o.sign for o in seen if o.verdict is Verdict.ANOMALY)
    mechanism = mechanisms.get(hypothesis.mechanism)
    if found or mechanism is None:
        return found
    return frozenset(pattern.signs[0] for pattern in mechanism.requires if pattern.signs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Former:
    hypotheses: Mapping[str, Hypothesis]
    mechanisms: Mapping[str, Mechanism]
    graph: ServiceGraph
    signs: Mapping[str, frozenset[str]]
    busier: frozenset[EntityRef]  # owners at which more work is seen to arrive

    def links(self, head: Hypothesis) -> tuple[Link, ...]:
        """Links to what the head explains, each from the nearest explained thing on the way; nearest first."""
        graph = self.graph
        held = {head.entity, *graph.contained(head.entity)}
        callers = self._callers(head.entity, held)
        found: list[_Reached] = []
        for other in self.hypotheses.values():
            if other.id == head.id or other.onset.surely_before(head.onset):
                continue
            reached = self._explained(head, other, held, callers)
            if reached is not None:
                found.append((*reached[:1], other, reached[1]))
        found.sort(key=lambda item: (item[0], item[1].id))
        return tuple(self._link(head, item, found) for item in found)

    def _callers(self, entity: EntityRef, held: Collection[EntityRef]) -> dict[EntityRef, int]:
        """Hops to everything that calls the entity, its owner or what it holds, at most MAX_HOPS."""
        hops: dict[EntityRef, int] = {}
        for start in sorted({self.graph.owner(part) for part in held} | {entity}):
            for caller, distance in self.graph.upstream(start, MAX_HOPS).items():
                hops[caller] = min(distance, hops.get(caller, distance))
        return hops

    def _explained(
        self, head: Hypothesis, other: Hypothesis, held: Collection[EntityRef], callers: Mapping[EntityRef, int]
    ) -> tuple[int, str] | None:
        """(distance, because) when `head` explains `other`; None when it does not."""
        place = self.graph.owner(other.entity)
        signs = self.signs[other.id]
        if other.entity == head.entity or place == self.graph.owner(head.entity):
            return (_HOLDS, "the same place, by a more specific mechanism") if self._sharper(head, other) else None
        if other.entity in held or place in held:
            if signs and not any(sign.startswith(OWN_ONLY) for sign in signs):
                return _HOLDS, f"{other.entity} runs on or in {head.entity}"
            return None
        hops = callers.get(place, callers.get(other.entity))
        if self.signs[head.id] & WORK and place in self.busier and signs and signs <= FOLLOWS_WORK:
            calls_away = self.graph.distance(self.graph.owner(head.entity), place)
            if calls_away is not None and calls_away <= MAX_HOPS:
                return calls_away, f"{other.entity} gets more work from {head.entity}"
        if hops is None or not signs or not signs <= TRAVELS:
            return None
        if signs <= unexplained(troubles_of(self.mechanisms.get(head.mechanism))):
            return None
        calls = "calls" if hops == _CALLS else f"depends, {hops} calls away, on"
        return hops, f"{other.entity} {calls} {head.entity}"

    def _sharper(self, head: Hypothesis, other: Hypothesis) -> bool:
        """At one place: the head's mechanism predicts what suggests the other, and knows of something that does not
        merely travel. Never both ways round."""
        return self._predicts(head, other) and not self._predicts(other, head)

    def _predicts(self, head: Hypothesis, other: Hypothesis) -> bool:
        mechanism, signs = self.mechanisms.get(head.mechanism), self.signs[other.id]
        if mechanism is None or not signs or any(sign.startswith(OWN_ONLY) for sign in signs):
            return False
        if self.signs[head.id] <= TRAVELS and not self.signs[head.id] > signs:
            return False
        words = [word for p in (*mechanism.requires, *mechanism.expects) for word in p.signs]
        return all(sign in TRAVELS or any(matches(word, sign) for word in words) for sign in signs)

    def _link(self, head: Hypothesis, item: _Reached, found: Sequence[_Reached]) -> Link:
        """The link into `item`: from an explained hypothesis one call nearer to the head, or from the head itself."""
        hops, other, because = item
        if hops > _CALLS:
            callees = set(self.graph.callees(self.graph.owner(other.entity)))
            for nearer, between, _ in found:
                if nearer == hops - 1 and self.graph.owner(between.entity) in callees:
                    return Link(cause=between.id, effect=other.id, because=f"{other.entity} calls {between.entity}")
        return Link(cause=head.id, effect=other.id, because=because)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Triggers:
    head: Hypothesis
    mechanism: Mechanism | None
    graph: ServiceGraph
    onset: Onset | None
    table: LikelihoodTable
    meanings: Mapping[str, tuple[float, str]]
    cleared: frozenset[str]

    def options(self, changes: Sequence[Change]) -> tuple[TriggerOption, ...]:
        """Changes that may have set the head off and "no change"; weights sum to 1, heaviest first."""
        settings = self.table.triggers
        weighed: dict[str, tuple[float, str]] = {}
        for change in sorted(changes, key=lambda c: (c.id, c.at)):
            found = self._weigh(change)
            if found is not None and change.id != NO_CHANGE:
                weighed.setdefault(change.id, found)
        kept = sorted(weighed.items(), key=lambda item: (-item[1][0], item[0]))[: settings.most]
        kept.append((NO_CHANGE, (settings.no_change, "it may have begun without a change")))
        total = sum(weight for _, (weight, _) in kept)
        options = [TriggerOption(change=key, weight=weight / total, because=text) for key, (weight, text) in kept]
        return tuple(sorted(options, key=lambda o: (-o.weight, o.change)))

    def _weigh(self, change: Change) -> tuple[float, str] | None:
        settings = self.table.triggers
        began = self.onset.instant if self.onset is not None else self.head.onset
        age_s = (began.ns - change.at.ns) / NS_PER_S
        if began.surely_before(change.at) or age_s > settings.lookback_s:
            return None
        relation = relation_of(change.entity, self.head.entity, self.graph)
        weight = settings.relation.get(relation, 0.0) if relation is not None else 0.0
        strength, meaning = self.meanings.get(change.id, (0.0, ""))
        weight *= self._kind(change.kind) * (1.0 + settings.meaning * strength)
        weight *= CLEARED if change.id in self.cleared else 1.0
        weight *= 0.5 ** (max(0.0, age_s) / settings.half_life_s)
        if weight <= 0:
            return None
        when = f"{age_s / 60:.0f} min before the onset" if age_s >= 0 else "at the onset"
        text = f"{change.kind} {_RELATION_TEXT.get(relation or '', '')} {self.head.entity}, {when}"
        return weight, f"{text}: {meaning}" if meaning else text

    def _kind(self, kind: str) -> float:
        settings, known = self.table.triggers, self.mechanism.triggers if self.mechanism is not None else ()
        if not known:
            return settings.kind_unstated
        return settings.kind_fits if kind in known or "*" in known else settings.kind_differs


_RELATION_TEXT = {
    "self": "to", "host": "to what holds", "namespace": "in the namespace of", "callee": "to something called by",
    "unknown": "(to nothing named), maybe to",
}  # fmt: skip


def relation_of(changed: EntityRef | None, entity: EntityRef, graph: ServiceGraph) -> str | None:
    """How a changed thing relates to `entity`: self, host, namespace, callee, unknown (the change names nothing).

    None when it is something else altogether.
    """
    if changed is None:
        return "unknown"
    owner, place = graph.owner(changed), graph.owner(entity)
    if same_thing(changed, entity) or same_thing(owner, place) or changed in graph.contained(entity):
        return "self"
    if changed.kind is EntityKind.NAMESPACE:
        return "namespace" if changed.name == entity.namespace else None
    held = [entity, *graph.contained(place)]
    if any(changed in graph.hosts(part) for part in held):
        return "host"
    if any(same_thing(owner, callee) for callee in graph.callees(place)):
        return "callee"
    return None


def same_thing(a: EntityRef, b: EntityRef) -> bool:
    """Equal, or a service and its workload (or data store) of one name in namespaces that do not contradict."""
    if a == b:
        return True
    if a.kind not in _THINGS or b.kind not in _THINGS or a.name != b.name:
        return False
    return a.namespace == b.namespace or not a.namespace or not b.namespace


def _cleared(observations: Iterable[Observation]) -> frozenset[str]:
    """Releases that were measured against what they replace and do no worse in anything."""
    release = [o for o in observations if o.change is not None and o.sign.startswith("release.")]
    worse = {o.change for o in release if o.verdict is Verdict.ANOMALY}
    return frozenset(o.change for o in release if o.change is not None and o.verdict is Verdict.NORMAL) - worse


def _meanings(observations: Iterable[Observation]) -> dict[str, tuple[float, str]]:
    """Change id → strength and text of the clearest observation about what the change did."""
    found: dict[str, tuple[float, str]] = {}
    for item in sorted(observations, key=lambda o: o.id):
        if item.change is None or item.verdict is not Verdict.ANOMALY or not item.sign.startswith(OWN_ONLY):
            continue
        strength = min(1.0, max(0.0, item.strength))
        if strength > found.get(item.change, (0.0, ""))[0]:
            found[item.change] = (strength, item.text)
    return found
