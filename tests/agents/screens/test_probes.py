"""The probe screen: what an active check says about which entity, and since when."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.agents.screens.probes import ProbeScreen, entity_of, failing_since, host_of
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.observation import Observation, Verdict
from compass.domain.telemetry import ObjectKind
from compass.ports.errors import SourceError
from compass.tables.objects import Probe
from tests.agents.screens.looking import MINUTE, FixedTelemetry, look
from tests.analysis.kubernetes.making import NOW, NS, service, workload

ORDERS = EntityRef(kind=EntityKind.SERVICE, namespace=NS, name="orders")


def probe(kind: str, target: str, ok: bool, minutes_ago: float = 0, output: str = "") -> Probe:
    return Probe(at_ns=NOW - round(minutes_ago * MINUTE), kind=kind, target=target, ok=ok, output=output)


def seen(probes: Sequence[Probe], *, lost: frozenset[ObjectKind] = frozenset()) -> tuple[Observation, ...]:
    objects = [*workload("orders"), service("orders"), service("orders-public", selector={"app": "orders"})]
    telemetry = FixedTelemetry(objects, probes, lost=lost)
    return asyncio.run(ProbeScreen(agent="network").run(look(telemetry, NOW))).observations


def test_each_kind_of_check_has_its_sign() -> None:
    made = [
        probe("tcp_connect", f"orders.{NS}:80", False, output="Connection refused"),
        probe("http", f"http://orders.{NS}/healthz", False, output="503"),
        probe("dns", f"orders-public.{NS}", False, output="NXDOMAIN"),
    ]
    found = seen(made)
    assert {o.sign for o in found} == {"probe.tcp_refused", "probe.http_failed", "probe.dns_failed"}
    assert {o.entity for o in found} == {ORDERS}
    assert any("Connection refused" in o.text for o in found)


def test_a_component_that_is_down_is_told_as_such() -> None:
    output = "● kubelet.service\n     Active: inactive (dead) since Tue"
    found = seen([probe("systemd_unit", "kubelet@n1", False, output=output)])
    assert {o.sign for o in found} == {"probe.unit_failed", "k8s.kubelet_down"}
    assert {o.entity for o in found} == {EntityRef(kind=EntityKind.NODE, name="n1")}
    assert all("inactive (dead)" in o.text for o in found)


def test_another_unit_is_a_unit_only() -> None:
    assert {o.sign for o in seen([probe("systemd_unit", "nginx@n1", False)])} == {"probe.unit_failed"}


def test_passing_checks_are_normal() -> None:
    [found] = seen([probe("tcp_connect", f"orders.{NS}:80", True)])
    assert found.verdict is Verdict.NORMAL
    assert found.strength == 0


def test_only_the_last_answer_counts_and_dates_the_failure() -> None:
    target = f"orders.{NS}:80"
    history = [probe("tcp_connect", target, ago > 3, ago) for ago in (9, 7, 5, 3, 1)]
    [found] = seen(history)
    assert found.verdict is Verdict.ANOMALY
    assert found.since is not None
    assert (found.since.earliest_ns, found.since.latest_ns) == (NOW - 5 * MINUTE, NOW - 3 * MINUTE)


def test_a_check_that_always_failed_is_an_oddity() -> None:
    target = f"orders.{NS}:80"
    [always] = seen([probe("tcp_connect", target, False, ago) for ago in (9, 6, 1)])
    [lately] = seen([probe("tcp_connect", target, ago > 5, ago) for ago in (9, 6, 1)])
    assert always.strength < 0.3 < lately.strength


def test_a_check_that_came_back_is_still_told() -> None:
    [found] = seen([probe("tcp_connect", f"orders.{NS}:80", ago != 3, ago) for ago in (9, 6, 3, 1)])
    assert found.verdict is Verdict.ANOMALY
    assert "again" in found.text


def test_losing_objects_costs_resolution_losing_probes_the_screen() -> None:
    made = [probe("tcp_connect", f"orders.{NS}:80", False)]
    [found] = seen(made, lost=frozenset({ObjectKind.KUBERNETES}))
    assert found.entity.name.startswith("orders")
    with pytest.raises(SourceError):
        seen(made, lost=frozenset({ObjectKind.PROBES}))


def test_no_checks_are_a_gap() -> None:
    result = asyncio.run(ProbeScreen(agent="network").run(look(FixedTelemetry(), NOW)))
    assert result.gaps
    assert not result.observations


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("a.b:80", "a.b"),
        ("https://a.b:443/x", "a.b"),
        ("a", "a"),
        ("[::1]:80", "::1"),
        ("http://u@h/x", "h"),
        ("::1", "::1"),
    ],
)
def test_hosts(target: str, host: str) -> None:
    assert host_of(target) == host


@pytest.mark.parametrize(
    ("target", "kind", "name"),
    [
        ("orders:80", EntityKind.SERVICE, "orders"),
        (f"orders.{NS}.svc.cluster.local:80", EntityKind.SERVICE, "orders"),
        (f"late.{NS}:80", EntityKind.SERVICE, "late"),
        ("api.example.com:443", EntityKind.EXTERNAL, "api.example.com"),
        ("10.1.2.3:5432", EntityKind.EXTERNAL, "10.1.2.3"),
    ],
)
def test_entities(target: str, kind: EntityKind, name: str) -> None:
    found = entity_of(probe("tcp_connect", target, True), {(NS, "orders"): ORDERS}, ())
    assert (found.kind, found.name) == (kind, name)


def test_a_known_entity_outside_is_found_by_its_name() -> None:
    store = EntityRef(kind=EntityKind.DATABASE, name="ledger-db")
    assert entity_of(probe("tcp_connect", "ledger-db:5432", True), {}, (store,)) == store


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_the_failure_began_after_the_last_success(answers: list[bool]) -> None:
    run = [probe("dns", "x", ok, minutes_ago=12 - place) for place, ok in enumerate(answers)]
    since, lasting = failing_since(run, NOW)
    tail = len(answers) - 1 - max((i for i, ok in enumerate(answers) if ok), default=-1)
    if tail in {0, len(answers)}:
        assert since is None
    else:
        assert since is not None
        assert since.earliest_ns >= run[-tail - 1].at_ns
        assert since.latest_ns <= run[-tail].at_ns + 1
        assert not lasting


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["tcp_connect", "dns", "http", "systemd_unit", "other"]), st.text(max_size=30), st.text(max_size=50)
)
def test_hostile_targets_never_raise(kind: str, target: str, output: str) -> None:
    assert len(seen([probe(kind, target, False, output=output)])) <= 2
