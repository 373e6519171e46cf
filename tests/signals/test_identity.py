"""Whom series without conventional labels are about."""

from __future__ import annotations

import pytest

from compass.domain.telemetry import SignalKind
from compass.signals.catalogue import About, builtin
from compass.signals.identity import anonymous, identity_label, snake, spelt, table_names
from compass.signals.meaning import Named, meanings


def named(*series: tuple[str, dict[str, str]]) -> Named:
    return meanings(dict(enumerate(series)), builtin())


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("DBInstanceIdentifier", "db_instance_identifier"), ("PodName", "pod_name"),
        ("CPUUtilization", "cpu_utilization"),
        ("k8s_pod_name", "k8s_pod_name"), ("HTTPCode_Target_5XX_Count", "http_code_target_5xx_count"),
    ],
)  # fmt: skip
def test_camels_become_snakes(word: str, expected: str) -> None:
    assert snake(word) == expected


def test_labels_are_read_in_the_usual_spelling() -> None:
    assert spelt({"PodName": "a-1", "dimension_ServiceName": "a"}) == {"pod_name": "a-1", "service_name": "a"}
    assert spelt({"TargetGroup": "targetgroup/checkout/73e2d6bc24d8a067"}) == {"target_group": "checkout"}
    assert spelt({"pod_name": "kept", "PodName": "other"})["pod_name"] == "kept"
    assert not anonymous(spelt({"DBInstanceIdentifier": "ledger"}))


def test_a_table_of_columns_names_its_things() -> None:
    measures = ("cpu", "memory_usage", "latency_p90", "error", "unheard-of")
    columns = [f"{thing}_{measure}" for thing in ("web", "front-end", "ledger-db", "bill_run") for measure in measures]
    found = named(*((column, {"job": "export"}) for column in columns))
    assert {labels["service_name"] for _, labels, _ in found.values()} == {"web", "front-end", "ledger-db", "bill_run"}
    kinds = {name: meaning.signal.kind for name, _, meaning in found.values()}
    assert kinds == {
        "cpu": SignalKind.CPU, "memory_usage": SignalKind.MEMORY, "latency_p90": SignalKind.LATENCY,
        "error": SignalKind.ERRORS, "unheard-of": SignalKind.OTHER,
    }  # fmt: skip
    assert {labels["__name__"] for _, labels, _ in found.values()} == set(columns)


def test_exporter_names_without_labels_are_no_table() -> None:
    names = ["process_cpu_seconds_total", "process_open_fds", "go_threads", "go_memstats_alloc_bytes", "redis_memory"]
    assert table_names(names, lambda tail: True) == {}
    assert all("service_name" not in labels for _, labels, _ in named(*((n, {"job": "x"}) for n in names)).values())


def test_one_label_of_the_shop_tells_things_apart() -> None:
    series = [
        (name, {"ci": ci, "mount": mount})
        for ci in ("tomcat-1", "tomcat-2")
        for name in ("system.cpu.util", "Average response time", "system.disk.pct_usage")
        for mount in ("/", "/data")
    ]
    assert identity_label(series) == "ci"
    found = named(*series)
    assert {labels["service_name"] for _, labels, _ in found.values()} == {"tomcat-1", "tomcat-2"}
    assert {meaning.about for _, _, meaning in found.values()} == {About.LABELS}, "the machine is the service"


def test_machines_that_serve_nothing_are_machines() -> None:
    series = [(name, {"hostname": host}) for host in ("a", "b") for name in ("cpu_usage", "memory_free", "load_1")]
    assert {labels.get("host_name") for _, labels, _ in named(*series).values()} == {"a", "b"}


def test_dimensions_of_one_measurement_are_no_things() -> None:
    series = [("requests", {"color": color}) for color in ("red", "blue", "green")]
    assert identity_label(series) == ""


def test_conventional_labels_are_left_alone() -> None:
    labels = {"service_name": "cart", "k8s_pod_name": "cart-1"}
    assert named(("cart_cpu", labels), ("cart_mem", labels))[0][1] == labels
