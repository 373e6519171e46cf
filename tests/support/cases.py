"""Synthetic boards generated from a mechanism: a case on which it should lead, and look-alikes on which it should not.

A small system: `web` calls `orders` and two quiet services; `orders` calls `ledger`; pods in services, pods on nodes,
all in one namespace and cluster. The mechanism strikes one entity of it (a store or an external takes the place of
`ledger`). Nothing here knows a particular mechanism: signs and places come from its own patterns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from hypothesis import strategies as st

from compass.agents.observe import observe
from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.incident import Dependency, Incident, Onset
from compass.domain.mechanism import Mechanism, Pattern, Relation
from compass.domain.observation import Observation, Verdict
from compass.domain.posterior import Evidence
from compass.domain.sign import SIGNS, matches
from compass.domain.telemetry import Coverage, NativeQuery
from compass.domain.time import NS_PER_S, Instant, Window
from compass.mechanisms.evidence import PatternWeights, pattern_evidence
from compass.mechanisms.loader import Catalogue
from compass.mechanisms.propose import hypothesis_id, propose

MINUTE = 60 * NS_PER_S
START = 1_700_000_000 * NS_PER_S
ONSET = START + 20 * MINUTE
DETECTED = START + 25 * MINUTE
NOW = START + 30 * MINUTE
WINDOW = Window(start_ns=START, end_ns=NOW)
COMPLETE = Coverage(requested=WINDOW, received=WINDOW)
SAMPLED = Coverage(requested=WINDOW, received=WINDOW, sampling=0.3)
SHARE_OF_REST = 0.3  # as in the likelihood table: what evidence of one group adds to its strongest

SHOP = "shop"
KINDS = (
    EntityKind.SERVICE, EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE, EntityKind.EXTERNAL, EntityKind.NODE,
    EntityKind.NAMESPACE, EntityKind.CLUSTER, EntityKind.VOLUME, EntityKind.WORKLOAD, EntityKind.POD,
)  # fmt: skip


def service(name: str) -> EntityRef:
    return EntityRef(kind=EntityKind.SERVICE, name=name, namespace=SHOP)


def pod(name: str) -> EntityRef:
    return EntityRef(kind=EntityKind.POD, name=name, namespace=SHOP)


def node(name: str) -> EntityRef:
    return EntityRef(kind=EntityKind.NODE, name=name)


WEB, ORDERS, LEDGER = service("web"), service("orders"), service("ledger")
QUIET = (service("search"), service("mail"), service("images"))
NAMESPACE = EntityRef(kind=EntityKind.NAMESPACE, name=SHOP)
CLUSTER = EntityRef(kind=EntityKind.CLUSTER, name="main")
NODES = (node("node-1"), node("node-2"))


def sighting(
    sign: str,
    entity: EntityRef,
    *,
    strength: float = 0.8,
    verdict: Verdict = Verdict.ANOMALY,
    coverage: Coverage = COMPLETE,
    peer: EntityRef | None = None,
    since_ns: int | None = ONSET,
    series: str = "",
) -> Observation:
    """One synthetic observation. NORMAL ones have no strength and no beginning."""
    abnormal = verdict is Verdict.ANOMALY
    return observe(
        agent="case", sign=sign, entity=entity, verdict=verdict, text=f"{sign} at {entity}: {verdict.value}",
        query=NativeQuery(language="derived", text=f"{sign} {entity.key}"), coverage=coverage, source="case",
        strength=strength if abnormal else 0.0, peer=peer, series=series,
        since=Instant(ns=since_ns, uncertainty_ns=5 * NS_PER_S) if abnormal and since_ns is not None else None,
    )  # fmt: skip


def normal(sign: str, entity: EntityRef, coverage: Coverage = COMPLETE) -> Observation:
    return sighting(sign, entity, verdict=Verdict.NORMAL, coverage=coverage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A board, and the theory it was generated from."""

    board: Board
    mechanism: Mechanism
    entity: EntityRef


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """Who stands where around the entity that is struck. `middle` is what `web` calls."""

    struck: EntityRef
    places: Mapping[Relation, EntityRef]
    dependencies: tuple[Dependency, ...]
    containment: Mapping[EntityRef, EntityRef]

    @property
    def entities(self) -> tuple[EntityRef, ...]:
        known = {self.struck, *self.containment, *self.containment.values(), *self.places.values()}
        known |= {e for d in self.dependencies for e in (d.caller, d.callee)}
        return tuple(sorted(known))


def kind_of(mechanism: Mechanism) -> EntityKind:
    """The kind of entity that a generated case strikes."""
    patterns = (*mechanism.requires, *mechanism.expects, *mechanism.forbids)
    called = any(p.at in (Relation.CALLER, Relation.CALLEE) for p in patterns)
    if EntityKind.NODE in mechanism.strikes and not called:
        return EntityKind.NODE
    return next(kind for kind in KINDS if kind in mechanism.strikes)


def system_for(kind: EntityKind) -> System:
    """The small system, with an entity of `kind` struck."""
    middle = ORDERS
    if kind not in (EntityKind.SERVICE, EntityKind.NODE, EntityKind.NAMESPACE, EntityKind.CLUSTER):
        namespace = "" if kind is EntityKind.EXTERNAL else SHOP
        middle = EntityRef(kind=kind, name=f"struck-{kind.value}", namespace=namespace)
    middle_pod = pod(f"{middle.name}-1")
    calls = [(WEB, middle), (middle, LEDGER), *((WEB, quiet) for quiet in QUIET)]
    runs = [(middle_pod, NODES[0]), (pod("ledger-1"), NODES[0]), (pod("web-1"), NODES[1])]
    runs += [(pod(f"{quiet.name}-1"), NODES[1]) for quiet in QUIET]
    dependencies = [Dependency(caller=a, callee=b) for a, b in calls]
    dependencies += [Dependency(caller=a, callee=b, kind="runs_on") for a, b in runs]
    containment = {pod(f"{s.name}-1"): s for s in (WEB, middle, LEDGER, *QUIET)}
    containment |= dict.fromkeys(NODES, CLUSTER)
    struck = {EntityKind.NODE: NODES[0], EntityKind.NAMESPACE: NAMESPACE, EntityKind.CLUSTER: CLUSTER}.get(kind, middle)
    places = {
        Relation.SELF: struck, Relation.CALLER: WEB, Relation.CALLEE: LEDGER,
        Relation.HOST: CLUSTER if kind is EntityKind.NODE else NODES[0],
        Relation.MEMBER: middle_pod, Relation.PEER: WEB, Relation.ANY: NODES[1],
    }  # fmt: skip
    return System(struck=struck, places=places, dependencies=tuple(dependencies), containment=containment)


@cache
def spelt_out(pattern: Pattern) -> tuple[str, ...]:
    """Every sign a pattern asks for, prefixes expanded."""
    return tuple(dict.fromkeys(sign for word in pattern.signs for sign in SIGNS if matches(word, sign)))


def place(system: System, sign: str, at: Relation, **options: object) -> Observation:
    """The sign where `at` looks for it. Kubernetes signs of a service are put on its pod, as screens may do."""
    entity = system.places[at]
    if at is Relation.SELF and sign.startswith("k8s.") and entity.kind is EntityKind.SERVICE:
        entity = system.places[Relation.MEMBER]
    peer = system.struck if at is Relation.PEER else None
    return sighting(sign, entity, peer=peer, **options)  # type: ignore[arg-type]


Places = Collection[tuple[str, Relation]]


def places_of(patterns: Iterable[Pattern]) -> Places:
    return {(sign, p.at) for p in patterns for sign in spelt_out(p)}


def seen(patterns: Iterable[Pattern], system: System, strength: float, without: Places = ()) -> list[Observation]:
    """The first alternative of each pattern that is not in `without`, abnormal, each once."""
    found: dict[str, Observation] = {}
    for pattern in patterns:
        signs = [s for s in spelt_out(pattern) if (s, pattern.at) not in without]
        if signs and not any((place(system, s, pattern.at)).id in found for s in signs):
            one = place(system, signs[0], pattern.at, strength=strength)
            found[one.id] = one
    return list(found.values())


def unseen(patterns: Iterable[Pattern], system: System) -> list[Observation]:
    """Every alternative of every pattern, measured and normal."""
    return [place(system, s, p.at, verdict=Verdict.NORMAL) for p in patterns for s in spelt_out(p)]


def board_of(system: System, observations: Iterable[Observation]) -> Board:
    """A board of the system; where a sign is both abnormal and normal at one entity, abnormal stands."""
    chosen: dict[tuple[str, EntityRef, EntityRef | None], Observation] = {}
    for one in observations:
        key = (one.sign, one.entity, one.peer)
        if key not in chosen or one.verdict is Verdict.ANOMALY:
            chosen[key] = one
    elsewhere = [normal(sign, quiet) for sign in sorted({o.sign for o in chosen.values()}) for quiet in QUIET]
    everything = [*chosen.values(), *(o for o in elsewhere if (o.sign, o.entity, None) not in chosen)]
    return Board(
        incident=Incident(title="orders fail", window=WINDOW, detected_ns=DETECTED, now_ns=NOW, service=WEB.name),
        onset=Onset(instant=Instant(ns=ONSET, uncertainty_ns=30 * NS_PER_S), method="given"),
        entities=system.entities, dependencies=system.dependencies, containment=dict(system.containment),
        observations={o.id: o for o in everything},
    )  # fmt: skip


def case_of(mechanism: Mechanism) -> Case:
    """What the mechanism says will be seen is seen, and what it says will not be seen was looked for and is normal."""
    system = system_for(kind_of(mechanism))
    required = seen(mechanism.requires, system, 0.85)
    expected = seen(mechanism.expects, system, 0.7, without=places_of(mechanism.forbids))
    observations = [*required, *expected, *unseen(mechanism.forbids, system)]
    return Case(board=board_of(system, observations), mechanism=mechanism, entity=system.struck)


def without_its_sign(mechanism: Mechanism) -> Case:
    """A look-alike: the same symptoms, but its most characteristic sign was looked for and is normal."""
    system = system_for(kind_of(mechanism))
    telling = max(mechanism.requires, key=lambda p: p.weight)
    gone = places_of([telling])
    required = seen([p for p in mechanism.requires if p is not telling], system, 0.85, without=gone)
    expected = seen(mechanism.expects, system, 0.7, without=gone)
    against = seen(mechanism.forbids, system, 0.85, without=gone)
    observations = [*required, *expected, *against, *unseen([telling], system)]
    return Case(board=board_of(system, observations), mechanism=mechanism, entity=system.struck)


def with_another_explanation(mechanism: Mechanism) -> Case:
    """A look-alike: its required signs are there, but so is what it forbids, and what it expects is normal."""
    system = system_for(kind_of(mechanism))
    required = seen(mechanism.requires, system, 0.6)
    against = seen(mechanism.forbids, system, 0.9, without=places_of(mechanism.requires))
    observations = [*required, *against, *unseen(mechanism.expects, system)]
    return Case(board=board_of(system, observations), mechanism=mechanism, entity=system.struck)


def with_hypotheses(board: Board, hypotheses: Iterable[Hypothesis]) -> Board:
    return replace(board, hypotheses={h.id: replace(h, label=f"H{n}") for n, h in enumerate(hypotheses, start=1)})


def asserted(case: Case) -> Hypothesis:
    """The theory as a person or a model might state it, without any observation that suggests it."""
    return Hypothesis(
        id=hypothesis_id(case.mechanism.id, case.entity), label="", mechanism=case.mechanism.id, entity=case.entity,
        onset=Instant(ns=ONSET), proposed_by="test", suggested_by=frozenset(),
    )  # fmt: skip


def summed(evidence: Iterable[Evidence], hypothesis: str) -> float:
    """Log units for one hypothesis: of each group the strongest, and a share of the rest."""
    groups: dict[str, list[float]] = {}
    for item in evidence:
        if hypothesis in item.log_likelihood:
            groups.setdefault(item.group, []).append(item.log_likelihood[hypothesis])
    total = 0.0
    for values in groups.values():
        values.sort(key=lambda v: (-abs(v), v))
        total += values[0] + SHARE_OF_REST * sum(values[1:])
    return total


def ranked(
    board: Board, catalogue: Catalogue, weights: PatternWeights | None = None
) -> list[tuple[float, str, EntityRef]]:
    """All proposals on the board, best first: (score, mechanism, entity). Stands in for the posterior."""
    full = with_hypotheses(board, propose(board, catalogue, limit_total=1000))
    evidence = pattern_evidence(full, catalogue, weights or PatternWeights())
    scores = [(summed(evidence, h.id), h.mechanism, h.entity) for h in full.hypotheses.values()]
    return sorted(scores, key=lambda entry: (-entry[0], entry[1], entry[2]))


def any_sightings() -> st.SearchStrategy[list[Observation]]:
    """Hypothesis strategy: anomalies of any sign anywhere in the small system, and beside it."""
    places = [WEB, ORDERS, LEDGER, *QUIET, pod("orders-1"), pod("web-1"), *NODES, NAMESPACE, service("elsewhere")]
    strengths = st.floats(0.1, 1.0).map(lambda x: round(x, 2))
    one = st.builds(
        sighting, st.sampled_from(sorted(SIGNS)), st.sampled_from(places), strength=strengths,
        peer=st.none() | st.sampled_from(places),
    )  # fmt: skip
    return st.lists(one, max_size=25, unique_by=lambda o: o.id)
