"""The recording source: conformance, and what it does with recordings that are damaged, partial or hostile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.telemetry import (
    LogQuery,
    ObjectKind,
    ObjectQuery,
    SignalKind,
    SignalQuery,
    SpanQuery,
)
from compass.ports.errors import SourceRefusedError
from compass.ports.telemetry import Telemetry
from compass.sources.recording import RecordingSource
from compass.tables.series import SeriesRow
from compass.tables.spans import KINDS
from tests.sources.conformance import ALL, NO_DEADLINE, TelemetryConformance
from tests.sources.reference import SECONDS, write_reference
from tests.support.recordings import (
    Line,
    Series,
    Span,
    histogram,
    ns,
    sawtooth,
    window,
    write_parquet,
    write_recording,
)

EVERY_KIND = frozenset(SignalKind)


class TestRecordingConforms(TelemetryConformance):
    @pytest.fixture
    def telemetry(self, reference: Path) -> Telemetry:
        return RecordingSource.open(reference)


async def test_native_query_can_be_run_again_and_names_no_folder(reference: Path) -> None:
    source = RecordingSource.open(reference)
    answer = await source.logs(LogQuery(window=ALL, contains="exhausted"), deadline=NO_DEADLINE)
    assert answer.query.language == "duckdb"
    assert str(reference) not in answer.query.text
    with duckdb.connect() as connection:
        connection.execute(f"SET file_search_path = '{reference}'")
        assert len(connection.execute(answer.query.text).fetchall()) == 20


def test_the_incident_is_what_the_header_says(reference: Path) -> None:
    incident = RecordingSource.open(reference).incident()
    assert (incident.origin, incident.title, incident.symptom) == ("shop-0001", "Checkout is slow", "p90 above 1 s")
    assert (incident.window, incident.detected_ns, incident.now_ns) == (ALL, ns(700), ns(SECONDS))


def test_opening_reads_the_header_only(tmp_path: Path) -> None:
    write_recording(tmp_path / "r", header={"provenance": {"note": ["spans: 1 whole trace in 4"]}})
    (tmp_path / "r" / "spans.parquet").write_bytes(b"nonsense")
    assert RecordingSource.open(tmp_path / "r").incident().sampling == 0.25


def test_duckdb_is_imported_with_the_first_question(reference: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from compass.sources.recording import RecordingSource;"
        f"RecordingSource.open(Path({str(reference)!r})).incident(); assert 'duckdb' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})


# -- series --------------------------------------------------------------------------------------------------------


async def test_duplicate_series_merge_and_values_that_are_no_numbers_go(tmp_path: Path) -> None:
    name = "process_resident_memory_bytes"
    path = write_recording(tmp_path / "r", seconds=300, series=[
        Series(name=name, labels={"service_name": "a"}, values=[1.0, 2.0], step_s=60),
        Series(name=name, labels={"service_name": "a"}, values=[3.0, 4.0], step_s=60, first_s=120),
        Series(name=name, labels={"service_name": "b"}, values=[float("nan"), float("inf"), 5.0], step_s=60),
    ])  # fmt: skip
    source = RecordingSource.open(path)
    answer = await source.series(
        SignalQuery(kinds=frozenset({SignalKind.MEMORY}), window=window(0, 300)), deadline=NO_DEADLINE
    )
    assert [row.entity.name for row in answer.data.rows] == ["a", "b"]
    assert answer.data.values[0][:4].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert np.isnan(answer.data.values[1][:2]).all()
    assert answer.data.values[1][2] == 5.0


async def test_slow_series_are_held_and_fast_ones_reduced(tmp_path: Path) -> None:
    labels = {"service_name": "a"}
    path = write_recording(tmp_path / "r", seconds=600, series=[
        *(Series(name=f"mem{i}_bytes", labels={**labels, "memory": str(i)}, values=[float(i)] * 40) for i in range(3)),
        Series(name="slow_memory_bytes", labels=labels, values=[7.0, 9.0] * 5, step_s=60),
    ])  # fmt: skip
    source = RecordingSource.open(path)
    answer = await source.series(SignalQuery(kinds=EVERY_KIND, window=window(0, 600)), deadline=NO_DEADLINE)
    assert answer.data.step_s == 15
    slow = next(i for i, row in enumerate(answer.data.rows) if row.name == "slow_memory_bytes")
    assert answer.data.values[slow][:9].tolist() == [7, 7, 7, 7, 9, 9, 9, 9, 7]


@pytest.mark.parametrize("large", [5000.0, 50.0])
async def test_units_that_no_name_states_come_from_the_size(tmp_path: Path, large: float) -> None:
    values = [large, 4.0, 4.0, 4.0] * 10
    path = write_recording(tmp_path / "r", seconds=600, series=[
        Series(name="p90latency", labels={"service_name": "a"}, values=values),
        Series(name="success_rate", labels={"service_name": "a"}, values=[99.0] * 40),
    ])  # fmt: skip
    source = RecordingSource.open(path)
    answer = await source.series(SignalQuery(kinds=EVERY_KIND, window=window(0, 600)), deadline=NO_DEADLINE)
    latency, success = answer.data.rows
    assert (latency.signal.unit, latency.signal.quantile, np.nanmax(answer.data.values[0])) == ("s", 0.9, large / 1000)
    assert (success.signal.unit, success.signal.kind) == ("%", SignalKind.SUCCESS)


async def test_a_node_series_named_by_a_pod_is_about_its_node(tmp_path: Path) -> None:
    path = write_recording(
        tmp_path / "r", seconds=600,
        series=[
            Series(name="node_cpu_usage_percent", labels={"k8s_pod_name": p, "service_name": "a"}, values=[10.0] * 40)
            for p in ("a-1", "a-2", "a-3")
        ],
        logs=[
            Line(at_s=1, line="x", labels={"service_name": "a", "k8s_pod_name": p, "k8s_node_name": "n1"})
            for p in ("a-1", "a-2")
        ],
    )  # fmt: skip
    source = RecordingSource.open(path)
    answer = await source.series(SignalQuery(kinds=EVERY_KIND, window=window(0, 600)), deadline=NO_DEADLINE)
    node = next(row for row in answer.data.rows if row.entity.kind is EntityKind.NODE)
    assert (node.entity.name, node.signal.kind) == ("n1", SignalKind.CPU)
    pod = next(row for row in answer.data.rows if row.entity.kind is EntityKind.POD)
    assert (pod.entity.name, pod.signal.kind, pod.labels["compass_describes"]) == ("a-3", SignalKind.OTHER, "host")
    assert len(answer.data.rows) == 2


async def test_too_many_points_are_refused(reference: Path) -> None:
    source = RecordingSource.open(reference)
    asked = SignalQuery(kinds=EVERY_KIND, window=ALL, step_s=0.001)
    with pytest.raises(SourceRefusedError, match="too many points"):
        await source.series(asked, deadline=NO_DEADLINE)
    with pytest.raises(SourceRefusedError, match="not possible"):
        await source.series(SignalQuery(kinds=EVERY_KIND, window=ALL, step_s=float("nan")), deadline=NO_DEADLINE)


# -- logs and spans ------------------------------------------------------------------------------------------------


async def test_log_levels_weights_and_pods(tmp_path: Path) -> None:
    pod = {"service_name": "a", "k8s_pod_name": "a-1", "k8s_namespace_name": "shop"}
    path = write_recording(tmp_path / "r", logs=[
        Line(at_s=1, line="all fine", labels={**pod, "level": "error"}),
        Line(at_s=2, line="an error of no importance", labels={**pod, "level": "info"}),
        Line(at_s=3, line="java.lang.NullPointerException", labels={**pod, "pattern_count": "250"}),
        Line(at_s=4, line="terror and mirrors", labels={}),
    ])  # fmt: skip
    source = RecordingSource.open(path)
    everything = (await source.logs(LogQuery(window=ALL), deadline=NO_DEADLINE)).data
    assert everything.weight.tolist() == [1, 1, 250, 1]
    assert everything.entities[everything.entity[0]] == EntityRef(kind=EntityKind.POD, name="a-1", namespace="shop")
    assert everything.entities[everything.service[0]] == EntityRef(kind=EntityKind.SERVICE, name="a", namespace="shop")
    assert everything.entities[everything.service[3]].name == "unknown_service"
    errors = (await source.logs(LogQuery(window=ALL, errors_only=True), deadline=NO_DEADLINE)).data
    assert errors.line.tolist() == ["all fine", "java.lang.NullPointerException"]


async def test_spans_without_kinds_rings_copies_and_broken_rows(tmp_path: Path) -> None:
    spans = [
        Span(at_s=1, trace="t", id="1", service="a", name="GET"),
        Span(at_s=1.1, trace="t", id="2", parent="1", service="a", name="call"),
        Span(at_s=1.2, trace="t", id="3", parent="2", service="b", name="handle"),
        Span(at_s=1.3, trace="t", id="4", parent="3", service="b", name="SELECT items"),
        Span(at_s=1.3, trace="t", id="4", parent="3", service="b", name="SELECT items"),
        Span(at_s=2.0, trace="r", id="5", parent="6", service="a"),
        Span(at_s=2.1, trace="r", id="6", parent="5", service="a"),
        Span(at_s=2.2, trace="r", id="7", parent="6", service="a"),
        Span(at_s=3.0, trace="u", id="8", parent="8", service="a"),
        Span(at_s=4.0, trace="v", id="9", parent="1", service="a"),  # another trace's span has this id
        Span(at_s=5.0, trace="w", id="a", service=None, duration_ms=-5),
        Span(
            at_s=6.0, trace="w", id="b", parent="0000000000000000", service=None, attributes={"http.status_code": 503}
        ),
    ]
    source = RecordingSource.open(write_recording(tmp_path / "r", spans=spans))
    answer = await source.spans(SpanQuery(window=ALL), deadline=NO_DEADLINE)
    table = answer.data
    assert len(table) == 10
    assert table.parent.tolist() == [-1, 0, 1, 2, -2, -2, 5, -1, -2, -1]
    kinds = [KINDS[kind] for kind in table.kind]
    assert kinds[1:4] == ["client", "server", "client"]
    assert [m for m in answer.coverage.missing if "1 spans" in m]
    assert (table.http_status[9], table.status[9]) == (503, 2)
    assert table.entities[table.service[9]].name == "unknown_service"


async def test_attributes_that_are_no_json_are_ignored(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "r", spans=[Span(at_s=1, trace="t", id="1")])
    select = (
        "trace_id, span_id, parent_span_id, service, name, kind, make_timestamp_ns(start::BIGINT) AS start,"
        " duration_ns::BIGINT AS duration_ns, status, resource, attributes"
    )
    row = {
        "trace_id": "t", "span_id": "1", "parent_span_id": None, "service": "a", "name": "n",
        "kind": "SPAN_KIND_SERVER", "start": ns(1), "duration_ns": 5, "status": "STATUS_CODE_ERROR",
        "resource": "[]", "attributes": "{broken",
    }  # fmt: skip
    write_parquet(path / "spans.parquet", select, [row])
    source = RecordingSource.open(path)
    for errors_only in (False, True):
        table = (await source.spans(SpanQuery(window=ALL, errors_only=errors_only), deadline=NO_DEADLINE)).data
        assert (KINDS[table.kind[0]], table.status[0]) == ("server", 2)


async def test_a_folder_with_odd_characters_is_read(tmp_path: Path) -> None:
    source = RecordingSource.open(write_reference(tmp_path / "it's [a] *odd*, name?"))
    assert len((await source.logs(LogQuery(window=ALL), deadline=NO_DEADLINE)).data) == 140


async def test_containment_is_asked_for_by_name(tmp_path: Path) -> None:
    pod = {"kind": "Pod", "metadata": {"name": "a-5d4f8c7b9d-abcde", "namespace": "shop", "labels": {"app": "a"},
           "ownerReferences": [{"kind": "ReplicaSet", "name": "a-5d4f8c7b9d"}]},
           "spec": {"nodeName": "n1"}}  # fmt: skip
    service = {"kind": "Service", "metadata": {"name": "a", "namespace": "shop"}, "spec": {"selector": {"app": "a"}}}
    source = RecordingSource.open(write_recording(tmp_path / "r", kubernetes=[pod, service]))
    asked = ObjectQuery(kind=ObjectKind.TOPOLOGY, window=ALL, api_kinds=frozenset({"containment"}))
    pairs = {
        (d.caller.key, d.callee.key, d.kind)
        for d in (await source.objects(asked, deadline=NO_DEADLINE)).data.dependencies
    }
    assert pairs == {
        ("pod/shop/a-5d4f8c7b9d-abcde", "workload/shop/a", "part_of"),
        ("workload/shop/a", "service/shop/a", "part_of"),
        ("service/shop/a", "namespace//shop", "part_of"),
        ("pod/shop/a-5d4f8c7b9d-abcde", "node//n1", "runs_on"),
    }


async def test_calls_measured_by_the_caller_are_edges(tmp_path: Path) -> None:
    client = {"service_name": "web", "server_address": "cart", "http_response_status_code": "200", "error_type": ""}
    refused = {**client, "http_response_status_code": "", "error_type": "ConnectError"}
    buckets = [(4.0, 1.0)] * 40
    path = write_recording(
        tmp_path / "r",
        seconds=600,
        series=[
            *histogram("http_client_request_duration_seconds", client, (0.1,), buckets),
            *histogram("http_client_request_duration_seconds", refused, (0.1,), [(0.0, 5.0)] * 40),
            Series(
                name="redis_commands_total", labels={"service_name": "c", "cmd": "get"}, values=sawtooth([30.0] * 40)
            ),
            Series(
                name="redis_commands_duration_seconds_total",
                labels={"service_name": "c", "cmd": "get"},
                values=sawtooth([0.3] * 40),
            ),
        ],
    )
    asked = SignalQuery(kinds=EVERY_KIND, window=window(0, 600))
    table = (await RecordingSource.open(path).series(asked, deadline=NO_DEADLINE)).data
    found = {(row.signal.kind, row.labels.get("stat", "")): i for i, row in enumerate(table.rows)}
    for kind, stat, value in (
        (SignalKind.TRAFFIC, "rate", 10 / 15),
        (SignalKind.ERRORS, "error rate", 5 / 15),
        (SignalKind.ERRORS, "error ratio", 0.5),
        (SignalKind.DB_LATENCY, "mean", 0.01),
        (SignalKind.DB_TRAFFIC, "rate", 2.0),
    ):
        assert np.nanmean(table.values[found[kind, stat]]) == pytest.approx(value), (kind, stat)
    edge = table.rows[found[SignalKind.CLIENT_LATENCY, "p90"]]
    assert (edge.entity.name, edge.peer and edge.peer.name, edge.labels["reporter"]) == ("web", "cart", "source")
    assert table.rows[found[SignalKind.DB_LATENCY, "mean"]].entity.kind is EntityKind.CACHE


@pytest.mark.slow
def test_a_large_recording_is_never_loaded_whole(tmp_path: Path) -> None:
    """A day of 4 000 series (some 100 MB): one service's CPU is answered within 150 MB more than was in use."""
    path = write_recording(tmp_path / "big", seconds=86_400, series=[], logs=[])
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT i::INTEGER AS series, 'container_cpu_usage_seconds_total' AS name,"
            " json_object('pod', 'p-' || i, 'service_name', 's-' || (i // 10)) AS labels FROM range(4000) t(i))"
            f" TO '{path}/metrics/series.parquet' (FORMAT parquet)"
        )
        connection.execute(
            f"COPY (SELECT i::INTEGER AS series, make_timestamp_ms({ns(0) // 10**6} + j * 15000)::TIMESTAMP_MS AS time,"
            " (j * 10 + random())::DOUBLE AS value FROM range(4000) t(i), range(5760) u(j))"
            f" TO '{path}/metrics/samples.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )
    code = f"""
import asyncio, resource
from pathlib import Path
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.telemetry import SignalKind, SignalQuery
from compass.ports.clock import Deadline
from compass.sources.recording import RecordingSource
source = RecordingSource.open(Path({str(path)!r}))
entity = EntityRef(kind=EntityKind.SERVICE, name="s-7")
query = SignalQuery(kinds=frozenset({{SignalKind.CPU}}), window=source.incident().window, entities=(entity,))
import duckdb, numpy
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
answer = asyncio.run(source.series(query, deadline=Deadline()))
assert answer.data.values.shape[0] == 10, answer.data.values.shape
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    size = sum(file.stat().st_size for file in path.rglob("*.parquet")) // 2**20
    assert size > 80
    assert int(done.stdout) < 150


async def test_no_limit_is_not_a_limit_of_zero(tmp_path: Path) -> None:
    labels = {"service_name": "c"}
    path = write_recording(
        tmp_path / "r",
        seconds=60,
        series=[
            Series(name="redis_memory_max_bytes", labels=labels, values=[0.0] * 4),
            Series(name="container_spec_memory_limit_bytes", labels={"pod": "p"}, values=[9.2e18] * 4),
            Series(name="redis_config_maxclients", labels=labels, values=[100.0] * 4),
        ],
    )
    asked = SignalQuery(kinds=EVERY_KIND, window=window(0, 60))
    rows = (await RecordingSource.open(path).series(asked, deadline=NO_DEADLINE)).data.rows
    assert [row.signal.kind for row in rows] == [SignalKind.DB_CONNECTIONS_LIMIT]


async def test_a_window_outside_the_recording_is_empty_and_incomplete(reference: Path) -> None:
    source = RecordingSource.open(reference)
    later = window(SECONDS + 60, SECONDS + 600)
    for answer in (
        await source.series(SignalQuery(kinds=EVERY_KIND, window=later), deadline=NO_DEADLINE),
        await source.logs(LogQuery(window=later), deadline=NO_DEADLINE),
        await source.spans(SpanQuery(window=later), deadline=NO_DEADLINE),
    ):
        assert not answer.coverage.complete
        assert answer.coverage.received.seconds == 0


async def test_a_scrape_target_named_by_address_is_the_node_of_that_address(tmp_path: Path) -> None:
    series = [
        Series(name="kube_node_info", labels={"node": "worker-1", "internal_ip": "10.1.0.7"}, values=[1.0] * 8),
        Series(name="node_memory_MemAvailable_bytes", labels={"instance": "10.1.0.7:9100"}, values=[5e9] * 8),
    ]
    found = await read_kinds(write_recording(tmp_path / "r", seconds=120, series=series), SignalKind.MEMORY)
    assert [row.entity for row in found] == [EntityRef(kind=EntityKind.NODE, name="worker-1")]


@pytest.mark.parametrize(
    ("name", "level", "unit"),
    [("CPUUtilization", 40.0, "%"), ("CPUUtilization", 0.4, "1"), ("svc_mem", 300.0, "{unit}"), ("svc_mem", 3e8, "By")],
)
async def test_what_is_used_has_its_unit_from_its_size(tmp_path: Path, name: str, level: float, unit: str) -> None:
    series = [Series(name=name, labels={"service_name": "a"}, values=[level, level * 1.1, level * 0.9] * 4)]
    folder = write_recording(tmp_path / "r", seconds=180, series=series)
    found = await read_kinds(folder, SignalKind.CPU, SignalKind.MEMORY)
    assert [row.signal.unit for row in found] == [unit]


async def read_kinds(folder: Path, *kinds: SignalKind) -> tuple[SeriesRow, ...]:
    source = RecordingSource.open(folder)
    query = SignalQuery(kinds=frozenset(kinds), window=window(0, 180))
    return (await source.series(query, deadline=NO_DEADLINE)).data.rows
