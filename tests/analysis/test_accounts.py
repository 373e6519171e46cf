from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.accounts import form_accounts, relation_of, same_thing
from compass.analysis.graph import build_graph
from compass.analysis.likelihood import load_assumed
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.hypothesis import NO_CHANGE, Account, Hypothesis
from compass.domain.incident import Change, Dependency, Onset
from compass.domain.mechanism import Mechanism, Pattern, Relation
from compass.domain.observation import Observation, Verdict
from compass.domain.telemetry import Coverage, NativeQuery
from compass.domain.time import NS_PER_S, Instant, Window

TABLE = load_assumed()
T0 = 1_700_000_000
WINDOW = Window(start_ns=0, end_ns=1)


def at(seconds: float, uncertainty: float = 0) -> Instant:
    return Instant(ns=int((T0 + seconds) * NS_PER_S), uncertainty_ns=int(uncertainty * NS_PER_S))


ONSET = Onset(instant=at(0, 15), method="t")


def thing(name: str, kind: EntityKind = EntityKind.SERVICE, namespace: str = "shop") -> EntityRef:
    return EntityRef(kind=kind, name=name, namespace=namespace)


WEB, ORDERS, STOCK, DB, MAIL = (thing(n) for n in ("web", "orders", "stock", "db", "mail"))
POD, NODE = thing("stock-1", EntityKind.POD), thing("n1", EntityKind.NODE, "")
SPACE = EntityRef(kind=EntityKind.NAMESPACE, name="shop")
GRAPH = build_graph(
    [Dependency(caller=a, callee=b) for a, b in ((WEB, ORDERS), (ORDERS, STOCK), (STOCK, DB), (WEB, MAIL))],
    {POD: STOCK, DB: NODE, MAIL: NODE},
)


def seen(
    sign: str, entity: EntityRef, change: str | None = None, strength: float = 0.8, verdict: Verdict = Verdict.ANOMALY
) -> Observation:
    return Observation(
        id=f"{sign}@{entity.name}{change or ''}",
        agent="t",
        sign=sign,
        entity=entity,
        verdict=verdict,
        strength=strength,
        text=f"{sign} seen",
        query=NativeQuery(language="derived", text=""),
        coverage=Coverage(requested=WINDOW, received=WINDOW),
        source="t",
        series=f"{sign}|{entity.key}",
        change=change,
    )


def mechanism(
    key: str, *required: str, expects: tuple[str, ...] = (), triggers: tuple[str, ...] = (),
    callers: tuple[str, ...] = (),
) -> Mechanism:  # fmt: skip
    return Mechanism(
        id=key,
        claim="",
        family="f",
        strikes=frozenset(EntityKind),
        owner="o",
        requires=(Pattern(signs=required),),
        expects=(
            *(Pattern(signs=(s,)) for s in expects),
            *(Pattern(signs=(s,), at=Relation.CALLER) for s in callers),
        ),
        triggers=triggers,
    )


MECHANISMS = {
    m.id: m for m in (
        mechanism("cpu", "cpu.saturated", expects=("latency.up",), triggers=("deploy", "config")),
        mechanism("slow", "latency.up"),
        mechanism("full", "disk.full", expects=("log.disk_full",), triggers=("*",)),
        mechanism("pool", "pool.exhausted", expects=("latency.up",)),
        mechanism("silent", "log.path_changed", callers=("log.novel", "errors.up")),
        mechanism("begins", "latency.up", callers=("latency.up",)),
        mechanism("surge", "traffic.up"),
    )
}  # fmt: skip
SIGN = {"cpu": "cpu.saturated", "slow": "latency.up", "full": "disk.full", "pool": "pool.exhausted",
        "silent": "log.path_changed", "begins": "latency.up", "surge": "traffic.up"}  # fmt: skip


class World:
    """Hypotheses with the observation that suggested each."""

    def __init__(self) -> None:
        self.hypotheses: dict[str, Hypothesis] = {}
        self.observations: dict[str, Observation] = {}

    def add(self, mechanism: str, entity: EntityRef, onset: Instant | None = None, sign: str = "") -> str:
        item = seen(sign or SIGN[mechanism], entity)
        key = f"{mechanism}-{entity.name}"
        self.observations[item.id] = item
        self.hypotheses[key] = Hypothesis(
            id=key,
            label="",
            mechanism=mechanism,
            entity=entity,
            onset=onset or at(0, 15),
            proposed_by="t",
            suggested_by=frozenset({item.id}),
            lead=0.5,
        )
        return key

    def accounts(self, changes=(), onset: Onset | None = ONSET, graph=GRAPH) -> dict[str, Account]:
        formed = form_accounts(self.hypotheses, MECHANISMS, self.observations, graph, changes, onset, TABLE)
        return {account.head: account for account in formed}


def effects(account: Account) -> set[str]:
    return {link.effect for link in account.links}


def test_wrong_results_do_not_explain_waiting_nor_waiting_a_changed_path() -> None:
    world = World()
    wrong, slow = world.add("silent", STOCK), world.add("begins", STOCK)
    waits, strays = world.add("slow", ORDERS), world.add("silent", WEB)
    accounts = world.accounts()
    assert effects(accounts[wrong]) == {strays}
    assert effects(accounts[slow]) == {waits}


def test_a_saturated_callee_explains_slow_callers_but_not_the_other_way_round() -> None:
    world = World()
    low, mid, top = world.add("cpu", STOCK), world.add("slow", ORDERS), world.add("slow", WEB)
    accounts = world.accounts()
    assert effects(accounts[low]) == {mid, top}
    assert effects(accounts[mid]) == {top}
    assert effects(accounts[top]) == set()
    by_effect = {link.effect: link for link in accounts[low].links}
    assert by_effect[top].cause == mid  # through the caller in between, so that a refutation there cuts it
    assert "orders calls" in by_effect[mid].because


def test_more_work_travels_down_to_where_it_is_seen_to_arrive() -> None:
    world = World()
    surge = world.add("surge", WEB)
    busy, idle = world.add("cpu", STOCK), world.add("cpu", MAIL)
    arrives = seen("traffic.up", STOCK)
    world.observations[arrives.id] = arrives
    accounts = world.accounts()
    assert effects(accounts[surge]) == {busy}, "mail is busy with work of its own"
    assert idle not in effects(accounts[busy])
    full = world.add("full", STOCK)
    assert full not in effects(world.accounts()[surge]), "more requests fill no disk"


def test_a_full_disk_does_not_travel() -> None:
    world = World()
    low, above = world.add("slow", STOCK), world.add("full", ORDERS)
    accounts = world.accounts()
    assert effects(accounts[low]) == set()
    assert effects(accounts[above]) == set()


def test_what_was_done_to_a_thing_is_nobodys_effect() -> None:
    world = World()
    low = world.add("cpu", STOCK)
    world.add("slow", ORDERS, sign="change.near")
    assert effects(world.accounts()[low]) == set()


def test_an_effect_does_not_begin_surely_before_its_cause() -> None:
    world = World()
    low, above = world.add("cpu", STOCK, at(100, 10)), world.add("slow", ORDERS, at(0, 10))
    assert above not in effects(world.accounts()[low])
    world.add("slow", ORDERS, at(95, 10))  # the intervals overlap now
    assert above in effects(world.accounts()[low])


def test_siblings_explain_nothing_of_each_other_and_four_calls_are_too_far() -> None:
    world = World()
    one, two = world.add("cpu", MAIL), world.add("slow", ORDERS)
    assert effects(world.accounts()[one]) == set()
    assert effects(world.accounts()[two]) == set()
    chain = [thing(f"s{i}") for i in range(6)]
    graph = build_graph([Dependency(caller=a, callee=b) for a, b in itertools.pairwise(chain)])
    deep = World()
    keys = [deep.add("slow", e) for e in chain[:-1]]
    bottom = deep.add("cpu", chain[-1])
    assert effects(deep.accounts(graph=graph)[bottom]) == set(keys[2:])


def test_a_node_explains_what_runs_on_it_and_their_callers() -> None:
    world = World()
    node, guest, caller = world.add("cpu", NODE), world.add("full", DB), world.add("slow", STOCK)
    world.add("full", ORDERS)
    accounts = world.accounts()
    assert effects(accounts[node]) == {guest, caller}
    assert "runs on or in" in next(link.because for link in accounts[node].links if link.effect == guest)
    assert node not in effects(accounts[guest])


def test_at_one_place_the_more_specific_mechanism_explains_the_vaguer() -> None:
    world = World()
    sharp, vague = world.add("cpu", STOCK), world.add("slow", STOCK)
    accounts = world.accounts()
    assert effects(accounts[sharp]) == {vague}
    assert effects(accounts[vague]) == set()


def test_a_pod_and_its_service_are_one_place() -> None:
    world = World()
    pod, whole = world.add("cpu", POD), world.add("slow", STOCK)
    above = world.add("slow", ORDERS)
    assert effects(world.accounts()[pod]) == {whole, above}


places = st.sampled_from([WEB, ORDERS, STOCK, DB, MAIL, POD, NODE])
theories = st.lists(
    st.tuples(st.sampled_from(sorted(SIGN)), places, st.integers(-300, 300), st.integers(0, 60)), max_size=12
)
change_list = st.lists(
    st.builds(
        Change, id=st.sampled_from([f"c{i}" for i in range(15)]),
        at=st.builds(at, st.integers(-100_000, 900), st.integers(0, 60)),
        kind=st.sampled_from(["deploy", "config", "flag"]), summary=st.just(""), entity=st.one_of(st.none(), places),
    ),
    max_size=15, unique_by=lambda c: c.id,
)  # fmt: skip


@given(drawn=theories, changes=change_list, seed=st.randoms())
@settings(max_examples=100, deadline=None)
def test_accounts_hold_together_whatever_the_order(drawn, changes, seed) -> None:
    world = World()
    for mechanism_, entity, onset, width in drawn:
        world.add(mechanism_, entity, at(onset, width))
    accounts = world.accounts(changes)
    assert set(accounts) == set(world.hypotheses)
    assert len({a.id for a in accounts.values()}) == len(accounts)
    for head, account in accounts.items():
        targets = [link.effect for link in account.links]
        assert head not in targets
        assert len(set(targets)) == len(targets)
        reached = {head}
        for link in account.links:  # nearest first, so every cause is there before its effects
            assert link.cause in reached
            assert link.because
            reached.add(link.effect)
            assert not world.hypotheses[link.effect].onset.surely_before(world.hypotheses[head].onset)
        assert math.fsum(t.weight for t in account.triggers) == pytest.approx(1.0)
        assert [t.change for t in account.triggers].count(NO_CHANGE) == 1
        assert all(t.weight > 0 and t.because for t in account.triggers)
        assert len(account.triggers) <= TABLE.triggers.most + 1
    shuffled = World()
    items = list(world.hypotheses.items())
    seed.shuffle(items)
    shuffled.hypotheses, shuffled.observations = dict(items), dict(reversed(world.observations.items()))
    assert shuffled.accounts(random.Random(1).sample(changes, len(changes))) == accounts


@given(drawn=theories)
@settings(max_examples=60, deadline=None)
def test_at_one_place_no_two_theories_explain_each_other(drawn) -> None:
    world = World()
    for mechanism_, entity, _, _ in drawn:
        world.add(mechanism_, entity)
    accounts = world.accounts()
    for one in accounts:
        for two in accounts:
            if world.hypotheses[one].entity == world.hypotheses[two].entity:
                assert not (two in effects(accounts[one]) and one in effects(accounts[two]))


def weights(changes, observations=(), mechanism_: str = "cpu", entity: EntityRef = STOCK) -> dict[str, float]:
    world = World()
    head = world.add(mechanism_, entity)
    world.observations.update({o.id: o for o in observations})
    return {t.change: t.weight for t in world.accounts(changes)[head].triggers}


def change(key: str, entity: EntityRef | None, seconds: float, kind: str = "deploy") -> Change:
    return Change(id=key, at=at(seconds), kind=kind, summary="", entity=entity)


def test_a_change_to_the_thing_itself_outweighs_no_change_and_its_neighbours() -> None:
    found = weights([change("own", STOCK, -300), change("callee", DB, -300), change("far", WEB, -300)])
    assert found["own"] > found[NO_CHANGE]
    assert found["own"] > found["callee"] > 0
    assert "far" not in found  # nothing that it depends on


def test_changes_after_the_onset_or_long_before_are_no_options() -> None:
    assert set(weights([change("late", STOCK, 60), change("old", STOCK, -90_000)])) == {NO_CHANGE}
    assert "now" in weights([change("now", STOCK, 10)])  # within the uncertainty of the onset


def test_age_kind_and_meaning_weigh() -> None:
    found = weights([change("new", STOCK, -300), change("old", STOCK, -20_000), change("odd", STOCK, -300, "flag")])
    assert found["new"] > found["old"]
    assert found["new"] > found["odd"]
    read = weights(
        [change("a", STOCK, -300), change("b", STOCK, -300)], [seen("change.pool_shrunk", STOCK, change="b")]
    )
    assert read["b"] > read["a"]


def test_a_release_that_was_measured_and_does_no_worse_is_hardly_the_trigger() -> None:
    changes = [change("a", STOCK, -300), change("b", STOCK, -300)]
    normal = seen("release.worse", STOCK, change="a", verdict=Verdict.NORMAL)
    plain, cleared = weights(changes), weights(changes, [normal])
    assert plain["a"] == plain["b"]
    assert cleared["a"] < 0.5 * cleared["b"]
    assert cleared[NO_CHANGE] > plain[NO_CHANGE]
    failing = seen("release.edge_errors", STOCK, change="a")
    assert weights(changes, [normal, failing])["a"] > plain["a"]


def test_no_changes_leave_no_change() -> None:
    assert weights([]) == {NO_CHANGE: 1.0}


def test_relations() -> None:
    assert relation_of(STOCK, STOCK, GRAPH) == "self"
    assert relation_of(POD, STOCK, GRAPH) == "self"
    assert relation_of(STOCK, POD, GRAPH) == "self"
    assert relation_of(thing("stock", EntityKind.WORKLOAD), STOCK, GRAPH) == "self"
    assert relation_of(NODE, DB, GRAPH) == "host"
    assert relation_of(SPACE, STOCK, GRAPH) == "namespace"
    assert relation_of(DB, STOCK, GRAPH) == "callee"
    assert relation_of(WEB, STOCK, GRAPH) is None
    assert relation_of(None, STOCK, GRAPH) == "unknown"


def test_one_name_in_two_namespaces_is_two_things() -> None:
    assert not same_thing(STOCK, thing("stock", namespace="other"))
    assert same_thing(STOCK, thing("stock", namespace=""))
    assert not same_thing(STOCK, thing("stock", EntityKind.POD))
