"""The recorder's writers: exact formats, from values, without any process."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import yaml

pytest.importorskip("opentelemetry.proto", reason="needs requirements/lab.in")
pytest.importorskip("prometheus_client", reason="needs requirements/lab.in")

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from lab.fleet import edited, render
from lab.packaging import package
from lab.processes import LabError
from lab.recorder import changes, logs, spans
from lab.recorder.alerts import AlertEvaluator, ErrorRatio, Gauge, LatencyQuantile, Rule, increase, quantile
from lab.recorder.changes import Change, diff_of
from lab.recorder.cleaning import clean
from lab.recorder.metrics import MetricStore, Point, Reading
from lab.recorder.recording import Header, Truth, write_header, write_truth
from lab.recorder.scrape import parse
from lab.recorder.spans import Span
from lab.recorder.window import Window, epoch_ns, iso
from lab.shop.plan import ConfigTree
from lab.writing import make_room

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(seconds=60))
START_MS = epoch_ns(START) // 1_000_000


def types(path: Path) -> dict[str, str]:
    rows = duckdb.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
    return {str(row[0]): str(row[1]) for row in rows}


def span(trace: str, identity: str, parent: str | None, at: int, service: str = "orders") -> Span:
    start = epoch_ns(START) + at * 1_000_000_000
    return Span(trace, identity, parent, service, "GET /", "server", start, 1_234_567, "unset", {}, {"a": 1})


def test_metrics_are_written_sorted_typed_and_within_the_window(tmp_path: Path) -> None:
    store = MetricStore()
    for second in (90, 10, 5, 0, -5):
        store.add([Reading("up", {}, 1.0)], {"service_name": "orders"}, START_MS + second * 1000)
    store.add([Reading("a_total", {"le": "+Inf"}, float("nan"))], {"service_name": "cart"}, START_MS)
    store.add([Reading("late", {}, 1.0)], {}, START_MS + 61_000)

    assert store.write(tmp_path, WINDOW) == 4

    samples, series = tmp_path / "metrics" / "samples.parquet", tmp_path / "metrics" / "series.parquet"
    assert types(series) == {"series": "INTEGER", "name": "VARCHAR", "labels": "VARCHAR"}
    assert list(types(samples)) == ["series", "time", "value"]
    found = duckdb.execute(f"SELECT series, name, labels FROM '{series}'").fetchall()
    assert [(row[0], row[1]) for row in found] == [(0, "a_total"), (1, "up")]
    assert json.loads(found[0][2]) == {"le": "+Inf", "service_name": "cart"}
    rows = duckdb.execute(f"SELECT series, epoch_ms(time) FROM '{samples}'").fetchall()
    assert rows == [(0, START_MS), (1, START_MS), (1, START_MS + 5000), (1, START_MS + 10_000)]
    unit = duckdb.execute(f"SELECT logical_type FROM parquet_schema('{samples}') WHERE name = 'time'").fetchone()
    assert unit is not None
    assert "MILLIS=MilliSeconds" in unit[0]
    assert "isAdjustedToUTC=0" in unit[0]


def test_log_lines_keep_nanoseconds_and_ids(tmp_path: Path) -> None:
    source = tmp_path / "orders.001.out.jsonl"
    entry = {
        "time_ns": epoch_ns(START) + 123_456_000,
        "time": "2026-03-01T12:00:00.123+00:00",
        "level": "error",
        "logger": "orders",
        "message": "could not store order: psycopg_pool.PoolTimeout: couldn't get a connection after 2.00 sec",
        "trace_id": "0" * 31 + "1",
        "span_id": "0" * 15 + "2",
    }
    source.write_text(json.dumps(entry) + "\n", encoding="utf-8")

    assert logs.write(tmp_path, logs.read_service("orders", source), WINDOW) == 1

    lines = tmp_path / "logs" / "lines.parquet"
    assert types(lines) == {
        "stream": "INTEGER",
        "time": "TIMESTAMP_NS",
        "line": "VARCHAR",
        "trace_id": "VARCHAR",
        "span_id": "VARCHAR",
    }
    row = duckdb.execute(f"SELECT epoch_ns(time), line, trace_id FROM '{lines}'").fetchone()
    assert row is not None
    assert row[0] == entry["time_ns"]
    assert row[1].endswith("ERROR orders: " + str(entry["message"]))
    assert row[2] == entry["trace_id"]


def test_server_logs_are_read_in_their_own_format(tmp_path: Path) -> None:
    postgres, redis = tmp_path / "postgres.log", tmp_path / "redis.log"
    postgres.write_text(
        '2026-03-01 12:00:01.500 UTC [77] shop@shop ERROR:  relation "x" does not exist\n'
        "2026-03-01 12:00:02.000 UTC [9] @ LOG:  checkpoint starting: time\ncontinued\n",
        encoding="utf-8",
    )
    redis.write_text("31:M 01 Mar 2026 12:00:03.000 * Ready to accept connections tcp\nbanner\n", encoding="utf-8")

    found = [*logs.read_postgres("orders-db", postgres), *logs.read_redis("cart-cache", redis)]

    assert [(line.level, line.line) for line in found] == [
        ("error", 'ERROR:  relation "x" does not exist'),
        ("info", "LOG:  checkpoint starting: time"),
        ("info", "Ready to accept connections tcp"),
    ]
    assert found[0].time_ns == epoch_ns(START) + 1_500_000_000


def test_spans_are_written_sorted_and_traces_stay_whole(tmp_path: Path) -> None:
    every = [
        span("a" * 32, "1" * 16, None, 5),
        span("a" * 32, "2" * 16, "1" * 16, 4),
        span("b" * 32, "3" * 16, None, -1),
        span("b" * 32, "4" * 16, "3" * 16, 1),
    ]

    kept = spans.in_window(every, WINDOW)
    assert {found.trace_id for found in kept} == {"a" * 32}
    assert spans.write(tmp_path, kept) == 2

    path = tmp_path / "spans.parquet"
    assert types(path) == {
        "trace_id": "VARCHAR",
        "span_id": "VARCHAR",
        "parent_span_id": "VARCHAR",
        "service": "VARCHAR",
        "name": "VARCHAR",
        "kind": "VARCHAR",
        "start": "TIMESTAMP_NS",
        "duration_ns": "BIGINT",
        "status": "VARCHAR",
        "resource": "VARCHAR",
        "attributes": "VARCHAR",
    }
    rows = duckdb.execute(f"SELECT span_id, parent_span_id FROM '{path}'").fetchall()
    assert rows == [("2" * 16, "1" * 16), ("1" * 16, None)]


def test_an_exported_exception_becomes_attributes_without_its_stack() -> None:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = "orders"
    sent = group.scope_spans.add().spans.add(trace_id=b"\1" * 16, span_id=b"\2" * 8, name="acquire connection", kind=1)
    sent.status.code = 2
    event = sent.events.add(name="exception")
    event.attributes.add(key="exception.type").value.string_value = "psycopg_pool.PoolTimeout"
    event.attributes.add(key="exception.stacktrace").value.string_value = "File ..."

    (found,) = spans.decode(request)

    assert (found.service, found.kind, found.status, found.parent_span_id) == ("orders", "internal", "error", None)
    assert found.attributes == {"exception.type": "psycopg_pool.PoolTimeout"}


def test_changes_alerts_header_and_truth(tmp_path: Path) -> None:
    change = Change(
        START, "deploy", "orders", "orders-2", "orders 2: smaller", "--- a\n+++ b\n", {"from": "1", "to": "2"}
    )
    changes.write(tmp_path, [change])
    (line,) = (tmp_path / "changes.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["time"] == "2026-03-01T12:00:00.000Z"

    header = Header("one", "shop", "slow: p95", WINDOW, START, "storefront", "slow", "case seed 1", "a note")
    write_header(tmp_path, header)
    text = (tmp_path / "recording.yaml").read_text(encoding="utf-8")
    assert "start: 2026-03-01T12:00:00Z" in text
    assert yaml.safe_load(text)["window"]["end"] == WINDOW.end

    truth = Truth("pool", ("service", "orders"), ("m",), START, ("d",), ("s",), ("deploy", "orders-2"))
    write_truth(tmp_path / "truth" / "one.yaml", "one", truth, "pool-exhaustion seed 1")
    loaded = yaml.safe_load((tmp_path / "truth" / "one.yaml").read_text(encoding="utf-8"))
    assert loaded["entity"] == {"kind": "service", "name": "orders"}
    assert loaded["onset"] == START


def test_a_rule_fires_once_it_has_held() -> None:
    store = MetricStore()
    rule = Rule("Errors", "storefront", "critical", ErrorRatio("storefront", 10), 0.05, 2)
    evaluator = AlertEvaluator([rule], store)
    name = "http_server_request_duration_seconds_count"
    for second in range(8):
        labels = {"service_name": "storefront", "http_response_status_code": "200"}
        store.add([Reading(name, labels, 10.0 * second)], {}, second * 1000)
        failed = {**labels, "http_response_status_code": "503"}
        store.add([Reading(name, failed, max(0.0, 5.0 * (second - 3)))], {}, second * 1000)
        evaluator.evaluate(second * 1000)

    (alert,) = evaluator.fired()
    assert alert.fired_ms == 6000
    assert "of requests to storefront fail with 5xx for 2 s" in alert.description


def test_counters_survive_a_restart_and_quantiles_interpolate() -> None:
    points = [Point(0, 10.0), Point(1000, 15.0), Point(2000, 3.0)]
    assert increase(points, 2000, 10) == 8.0
    assert quantile(0.5, {0.1: 0.0, 0.2: 10.0, float("inf"): 10.0}) == pytest.approx(0.15)
    assert quantile(0.99, {0.1: 1.0, float("inf"): 10.0}) == 0.1
    assert quantile(0.5, {}) is None
    assert LatencyQuantile("storefront", 0.95, 60).value(MetricStore(), 0) is None


def test_an_exposition_is_parsed_and_empty_labels_dropped() -> None:
    text = '# TYPE x counter\nx_total{a="1",b=""} 3\n'
    assert parse(text) == [Reading("x_total", {"a": "1"}, 3.0)]


def test_a_deploy_is_a_real_diff_of_the_configuration() -> None:
    before: ConfigTree = {"version": "1", "database": {"pool": {"max_size": 10}}}
    after = edited(before, {"database.pool.max_size": 1})
    diff = diff_of("config/orders.yaml", render(before), render(after))
    assert diff.startswith("--- a/config/orders.yaml\n+++ b/config/orders.yaml\n@@")
    assert "-    max_size: 10\n+    max_size: 1\n" in diff
    assert before["database"] == {"pool": {"max_size": 10}}
    with pytest.raises(LabError, match="no key"):
        edited(before, {"cache.size": 1})


def test_a_package_keeps_whole_traces_and_says_so(tmp_path: Path) -> None:
    source = tmp_path / "one"
    source.mkdir()
    traces = [f"{number:032x}" for number in range(1, 101)]
    spans.write(source, [span(trace, f"{at}{trace[-8:]:0>15}", None, at) for trace in traces for at in (1, 2)])
    write_header(source, Header("one", "shop", "slow", WINDOW, START, "storefront", "slow", "case", "A note."))

    size = package(source, tmp_path / "small", 10)

    path = tmp_path / "small" / "spans.parquet"
    counts = duckdb.execute(f"SELECT count(*), count(DISTINCT trace_id) FROM '{path}'").fetchone()
    assert counts == (20, 10)
    note = yaml.safe_load((tmp_path / "small" / "recording.yaml").read_text(encoding="utf-8"))["provenance"]["note"]
    assert note.startswith("A note. Traces are sampled: one in 10")
    assert size == sum(file.stat().st_size for file in (tmp_path / "small").rglob("*") if file.is_file())


def test_a_package_replaces_recordings_only(tmp_path: Path) -> None:
    source, other = tmp_path / "one", tmp_path / "other"
    for folder in (source, other):
        folder.mkdir()
    (source / "recording.yaml").touch()
    (other / "notes.txt").touch()
    for target, said in ((other, "is no recording"), (source, "onto itself"), (tmp_path, "is no recording")):
        with pytest.raises(LabError, match=said):
            package(source, target, 5)
    with pytest.raises(LabError, match="is no recording"):
        package(other, tmp_path / "new", 5)
    assert (source / "recording.yaml").exists()
    assert (other / "notes.txt").exists()
    half = tmp_path / "half"
    (half / "metrics").mkdir(parents=True)  # a recording whose writing was cut off
    make_room(half)
    assert not half.exists()


def test_times_are_utc_with_z() -> None:
    assert iso(START + timedelta(milliseconds=7)) == "2026-03-01T12:00:00.007Z"


def test_a_gauge_pages_and_a_silence_keeps_what_came_before_quiet() -> None:
    store = MetricStore()
    words = "{value:.0f} events wait"
    rule = Rule("Late", "notifier", "critical", Gauge("lag", (("group", "g"),), words), 20, 0)
    down = Rule("Down", "storefront", "critical", Gauge("probe", (), "probe {value:.0f}", factor=-1.0), -0.5, 0)
    evaluator = AlertEvaluator([rule, down], store)
    for second, lag in enumerate((50.0, 50.0, 3.0, 30.0)):
        store.add([Reading("lag", {"group": "g"}, lag), Reading("lag", {"group": "other"}, 99.0)], {}, second * 1000)
        store.add([Reading("probe", {}, 1.0 if second < 3 else 0.0)], {}, second * 1000)
        evaluator.evaluate(second * 1000)
        if second == 1:
            assert [alert.rule.name for alert in evaluator.fired()] == ["Late"]
            evaluator.since(2000)

    first, second_alert = evaluator.fired()
    assert (first.rule.name, first.fired_ms, second_alert.rule.name) == ("Late", 3000, "Down")
    assert first.description.startswith("30 events wait")
    assert second_alert.description.startswith("probe 0")
    assert rule.measure.expression == 'max(lag{group="g"})'
    assert Gauge("absent", (), "").value(store, 0) is None


def test_messages_lose_what_belongs_to_this_machine() -> None:
    text = 'connection to server at "127.0.0.1", port 40123 failed; Error 111 connecting to 127.0.0.1:6379.'
    assert clean(text) == "connection to server at shop-host failed; Error 111 connecting to shop-host."
    assert clean("/tmp/compass-lab-x1y2/postgres/base: No space left") == "/postgres/base: No space left"
    assert clean("order 5 stored") == "order 5 stored"
