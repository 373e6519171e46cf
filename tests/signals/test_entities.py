"""The entity index: one reference for one thing, whoever names it, in whatever order."""

from __future__ import annotations

import random

import pytest

from compass.domain.entity import EntityKind, EntityRef
from compass.signals.catalogue import About
from compass.signals.entities import EntityIndex, store_kind
from compass.signals.entity_facts import EntityIndexBuilder
from compass.signals.names import host_of, is_address, split_host, workload_of_pod

SERVICE, POD, NODE = EntityKind.SERVICE, EntityKind.POD, EntityKind.NODE


def index_of(*labels: dict[str, str]) -> EntityIndex:
    builder = EntityIndexBuilder()
    for one in labels:
        builder.add_labels(one)
    return builder.build()


def test_a_name_without_namespace_is_the_only_known_one() -> None:
    index = index_of({"service_name": "cart"}, {"service_name": "cart", "k8s_namespace_name": "shop"})
    found = index.of_labels({"service_name": "cart"})
    assert found is not None
    assert found.entity == EntityRef(kind=SERVICE, name="cart", namespace="shop")


def test_two_namespaces_are_two_things() -> None:
    index = index_of({"service_name": "cart", "namespace": "a"}, {"service_name": "cart", "namespace": "b"})
    assert index.service("cart").namespace == ""
    assert index.service("cart.b") == EntityRef(kind=SERVICE, name="cart", namespace="b")
    assert index.service("http://cart.a.svc.cluster.local:80/x") == EntityRef(kind=SERVICE, name="cart", namespace="a")


def test_the_most_specific_thing_and_its_service() -> None:
    index = index_of({"service_name": "cart", "k8s_pod_name": "cart-1", "k8s_node_name": "n1", "namespace": "shop"})
    found = index.of_labels({"pod": "cart-1", "container": "server"})
    assert found is not None
    assert found.entity == EntityRef(kind=POD, name="cart-1", namespace="shop")
    assert found.service == EntityRef(kind=SERVICE, name="cart", namespace="shop")
    assert index.node_of(found.entity) == EntityRef(kind=NODE, name="n1")


@pytest.mark.parametrize(
    ("pod", "workload"),
    [
        ("cartservice-8445cf8447-xtncn", "cartservice"),
        ("adservice-v1-59dcc9f97-2j2cd", "adservice-v1"),
        ("redis-0", "redis"),
        ("node-exporter-x7k2p", "node-exporter"),
        ("single", ""),
    ],
)
def test_workloads_follow_from_pod_names(pod: str, workload: str) -> None:
    assert workload_of_pod(pod) == workload


def test_a_pod_without_service_label_belongs_to_the_service_of_its_workload_name() -> None:
    index = index_of(
        {"service_name": "cart", "namespace": "shop"}, {"pod": "cart-8445cf8447-xtncn", "namespace": "shop"}
    )
    found = index.of_labels({"pod": "cart-8445cf8447-xtncn"})
    assert found is not None
    assert found.service == EntityRef(kind=SERVICE, name="cart", namespace="shop")


def test_edges_have_two_ends_and_a_side() -> None:
    index = index_of({"service_name": "web"}, {"service_name": "cart"})
    edge = {"source_service": "web", "destination_service": "cart"}
    at_source, at_destination = (
        index.of_labels({**edge, "reporter": "source"}),
        index.of_labels({**edge, "reporter": "destination"}),
    )
    assert at_source is not None
    assert at_destination is not None
    assert (at_source.entity.name, at_source.peer and at_source.peer.name, at_source.client) == ("web", "cart", True)
    assert (at_destination.entity.name, at_destination.peer and at_destination.peer.name, at_destination.client) == (
        "cart",
        "web",
        False,
    )
    pod = index.of_labels({**edge, "service_name": "cart", "k8s_pod_name": "cart-1", "reporter": "destination"})
    assert pod is not None
    assert (pod.entity.kind, pod.peer and pod.peer.name) == (POD, "web")


def test_a_store_is_a_store_everywhere() -> None:
    builder = EntityIndexBuilder()
    builder.add_labels({"service_name": "orders-db"})
    builder.add_store("orders-db.shop.svc:5432", EntityKind.DATABASE)
    builder.add_store("orders-db", EntityKind.DATABASE)
    index = builder.build()
    assert index.service("orders-db:5432").kind is EntityKind.DATABASE
    assert index.resolve("orders-db") == index.service("orders-db")
    found = index.of_labels({"service_name": "orders-db"})
    assert found is not None
    assert found.entity == index.service("orders-db")


def test_a_service_that_sends_spans_is_no_store() -> None:
    builder = EntityIndexBuilder()
    builder.add_emitter("gateway")
    builder.add_store("gateway", EntityKind.CACHE)
    assert builder.build().service("gateway").kind is SERVICE


def test_an_exporter_is_not_what_it_reports_on() -> None:
    index = EntityIndexBuilder().build()
    by_address = index.of_labels({"service": "postgres-exporter", "instance": "orders-db:5432"}, About.DATABASE)
    by_name = index.of_labels({"service_name": "orders-db", "instance": "10.0.0.1:9187"}, About.DATABASE)
    assert by_address is not None
    assert by_name is not None
    assert by_address.entity == by_name.entity == EntityRef(kind=EntityKind.DATABASE, name="orders-db")


def test_node_series_are_about_the_node() -> None:
    index = index_of({"k8s_pod_name": "a-1", "k8s_node_name": "n1"})
    for labels in (
        {"instance": "n1:9100", "pod": "node-exporter-x"},
        {"node": "n1", "pod": "x"},
        {"k8s_pod_name": "a-1"},
    ):
        found = index.of_labels(labels, About.NODE)
        assert found is not None
        assert found.entity == EntityRef(kind=NODE, name="n1")
    unknown = index.of_labels({"k8s_pod_name": "b-1"}, About.NODE)
    assert unknown is not None
    assert (unknown.entity.kind, unknown.describes_host) == (POD, True)


def test_kube_state_metrics_are_about_the_object() -> None:
    index = EntityIndexBuilder().build()
    labels = {
        "exported_pod": "cart-1", "pod": "kube-state-metrics-0", "service": "kube-state-metrics",
        "exported_namespace": "shop", "namespace": "monitoring", "job": "ksm",
    }  # fmt: skip
    found = index.of_labels(labels, About.OBJECT)
    assert found is not None
    assert found.entity == EntityRef(kind=POD, name="cart-1", namespace="shop")


def test_addresses_resolve_or_are_external() -> None:
    builder = EntityIndexBuilder()
    builder.add(SERVICE, "cart", "shop")
    builder.add_address("10.0.0.9", SERVICE, "cart", "shop")
    index = builder.build()
    assert index.service("10.0.0.9:7070") == EntityRef(kind=SERVICE, name="cart", namespace="shop")
    assert index.service("203.0.113.5").kind is EntityKind.EXTERNAL
    assert index.service("api.example.com").kind is EntityKind.EXTERNAL


def test_labels_that_name_nothing_are_nothing() -> None:
    assert EntityIndexBuilder().build().of_labels({"le": "5", "service": "unknown"}) is None


def test_the_job_is_the_last_resort() -> None:
    index = index_of({"service_name": "cart", "namespace": "shop"})
    found = index.of_labels({"job": "shop/cart", "instance": "x:1"})
    assert found is not None
    assert found.entity == EntityRef(kind=SERVICE, name="cart", namespace="shop")


def test_the_order_of_facts_does_not_matter() -> None:
    facts = [
        {"service_name": "cart", "k8s_pod_name": "cart-1", "namespace": "shop", "deployment": "cart"},
        {"service_name": "cart"},
        {"service_name": "zcart", "k8s_pod_name": "cart-1"},
        {"service_name": "web", "k8s_pod_name": "web-1", "k8s_node_name": "n1"},
        {"source_service": "web", "destination_service": "cart"},
    ]
    expected = index_of(*facts)
    shuffler = random.Random(3)
    for _ in range(10):
        shuffler.shuffle(facts)
        index = index_of(*facts)
        assert index.containment() == expected.containment()
        assert index.entities() == expected.entities()
        assert index.members(index.service("cart")) == expected.members(expected.service("cart"))


def test_members_and_containment() -> None:
    builder = EntityIndexBuilder()
    builder.add(SERVICE, "cart", "shop")
    builder.add_pod("cart-abc-1", "shop", node="n1", workload="cart", services=["cart", "cart-external"])
    index = builder.build()
    names = {(e.kind, e.name) for e in index.members(index.service("cart"))}
    assert names == {(SERVICE, "cart"), (EntityKind.WORKLOAD, "cart"), (POD, "cart-abc-1")}
    assert [(c.name, p.name, k) for c, p, k in index.containment() if k == "runs_on"] == [
        ("cart-abc-1", "n1", "runs_on")
    ]


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("db", "db"),
        ("db:5432", "db"),
        ("http://u:p@db:80/x?y", "db"),
        ("[::1]:80", "::1"),
        ("fe80::1", "fe80::1"),
        ("", ""),
        ("db.", "db"),
    ],
)
def test_hosts(text: str, host: str) -> None:
    assert host_of(text) == host


def test_small_readers() -> None:
    assert is_address("10.0.0.1:80")
    assert not is_address("cart")
    assert split_host("cart.shop.svc.cluster.local", frozenset()) == ("cart", "shop")
    assert split_host("cart.shop", frozenset({"shop"})) == ("cart", "shop")
    assert split_host("cart.shop", frozenset()) == ("cart.shop", "")
    assert [store_kind(s) for s in ("postgresql", "redis", "kafka", "http", "")] == [
        EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE, None, None]  # fmt: skip


def test_a_managed_store_is_named_by_its_vendor_label() -> None:
    index = index_of({"db_instance_identifier": "ledger"})
    found = index.of_labels({"db_instance_identifier": "ledger"})
    assert found is not None
    assert found.entity == EntityRef(kind=EntityKind.DATABASE, name="ledger")
    assert index.service("ledger").kind is EntityKind.DATABASE, "topology may call it by its name alone"
    both = index.of_labels({"service_name": "web", "queue_name": "jobs"})
    assert both is not None
    assert both.entity.name == "web", "a service that speaks of a queue is still the service"


def test_micrometer_names_the_service_by_its_application() -> None:
    found = index_of().of_labels({"application": "orders", "instance": "10.0.0.3:8080", "job": "spring-actuator"})
    assert found is not None
    assert found.entity == EntityRef(kind=SERVICE, name="orders")
