"""What is understood of a service and what is not, each with its reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.telemetry import Direction, SignalKind, SignalQuery, Temporality
from compass.domain.time import NS_PER_S
from compass.ports.clock import Deadline
from compass.ports.errors import NotFoundError
from compass.sources.live.gathered import Metrics
from compass.sources.live.writer import PASSING, write_part
from compass.sources.recording import RecordingSource
from compass.sources.recording.layout import METRICS_PART
from compass.sources.recording.signals import ASIDE, NO_NAME, NO_RULE, TOTAL, ServiceSignals
from tests.support.recordings import START_NS, Line, Series, Span, histogram, window, write_recording

POD = "web-5b8c7d9f4b-x2k4q"
WEB = {"service_name": "web", "k8s_pod_name": POD, "k8s_node_name": "node-1", "k8s_namespace_name": "shop"}
STEPS = [1.0] * 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("signals") / "shop"
    series = [
        *histogram("http_server_request_duration_seconds",
                   {**WEB, "http_response_status_code": "200", "http_route": "/a"}, [0.1, 1.0], [[1.0, 2.0, 3.0]] * 8),
        *histogram("http_server_request_duration_seconds",
                   {**WEB, "http_response_status_code": "500", "http_route": "/b"}, [0.1, 1.0], [[0.0, 1.0, 1.0]] * 8),
        Series(name="process_resident_memory_bytes", labels=WEB, values=[1e8] * 8),
        Series(name="process_open_fds", labels=WEB, values=[10.0], first_s=3000.0),
        Series(name="process_start_time_seconds", labels=WEB, values=STEPS),
        Series(name="shop_wobble", labels={**WEB, "kind": "x"}, values=STEPS),
        Series(name="shop_wobble", labels={**WEB, "kind": "y"}, values=STEPS),
        Series(name="shop_total_of_everything", labels={"colour": "red"}, values=STEPS),
        Series(name="container_memory_working_set_bytes", labels={"pod": POD, "namespace": "shop", "container": "web"},
               values=[5e7] * 8),
        Series(name="container_memory_working_set_bytes", labels={"pod": POD, "namespace": "shop"}, values=[6e7] * 8),
        Series(name="http_client_request_duration_seconds_count",
               labels={"service_name": "front", "server_address": "web"}, values=STEPS),
        Series(name="http_client_request_duration_seconds_sum",
               labels={"service_name": "front", "server_address": "web"}, values=STEPS),
    ]  # fmt: skip
    return write_recording(
        path, seconds=3600.0, series=series,
        logs=[
            Line(at_s=5.0, line="up", labels={**WEB, "level": "info"}),
            Line(at_s=6.0, line="?", labels={"colour": "red"}),
        ],
        spans=[Span(at_s=1.0, trace="t", id="1"), Span(at_s=2.0, trace="t", id="2", name="GET /b")],
    )  # fmt: skip


def signals(folder: Path, service: str = "web", start_s: float = 0.0, end_s: float = 600.0) -> ServiceSignals:
    source = RecordingSource.open(folder)
    try:
        return source.signals(service, window(start_s, end_s))
    finally:
        source.close()


def test_each_kind_has_its_series_unit_direction_and_samples(folder: Path) -> None:
    found = {(one.kind, one.calls): one for one in signals(folder).understood}
    latency = found[SignalKind.LATENCY, ""]
    assert (latency.how, latency.unit, latency.worse) == ("histogram", "s", Direction.UP)
    assert latency.temporality is Temporality.CUMULATIVE
    assert latency.by == ("http_response_status_code", "http_route")
    assert (latency.series, latency.samples) == (10, 80)
    assert found[SignalKind.TRAFFIC, ""].how == "count"
    errors = found[SignalKind.ERRORS, ""]
    assert (errors.how, errors.unit, errors.worse) == ("status", "{error}/s", Direction.UP)
    assert found[SignalKind.CLIENT_LATENCY, "received"].peers == ("front",)
    assert found[SignalKind.FILE_DESCRIPTORS, ""].samples == 0, "outside the window"
    assert (SignalKind.RATE_LIMITED, "") not in found, "no request was refused by a limit"
    callers = {(one.kind, one.calls): one for one in signals(folder, "front").understood}
    assert callers[SignalKind.CLIENT_LATENCY, "made"].peers == ("web",)


def test_where_it_runs_and_what_it_wrote_and_sent(folder: Path) -> None:
    found = signals(folder)
    assert found.service == EntityRef(kind=EntityKind.SERVICE, name="web", namespace="shop")
    assert [(pod.name, node.name) for pod, node in found.runs_on] == [(POD, "node-1")]
    assert [(stream.level, stream.lines) for stream in found.streams] == [("info", 1)]
    assert [(one.name, one.spans, one.operations) for one in found.senders] == [("web", 2, 2)]
    assert signals(folder, start_s=100.0).streams[0].lines == 0


def test_what_is_ignored_has_its_reason(folder: Path) -> None:
    found = {(one.name, one.reason): one for one in signals(folder).ignored}
    assert found["shop_wobble", NO_RULE].count == 2
    assert found["shop_wobble", NO_RULE].own
    assert found["process_start_time_seconds", ASIDE].count == 1
    assert found["container_memory_working_set_bytes", TOTAL].count == 1
    nameless = found["shop_total_of_everything", NO_NAME]
    assert (nameless.own, nameless.labels) == (False, {"colour": "red"})
    assert found["{colour}", NO_NAME].what == "stream"
    assert len(found) == 5


async def test_only_rows_that_no_rule_fits_are_marked(folder: Path) -> None:
    """With what is known of them; a rule that sets a name aside knows it."""
    source = RecordingSource.open(folder)
    query = SignalQuery(kinds=frozenset(SignalKind), window=window(0.0, 600.0))
    rows = (await source.series(query, deadline=Deadline())).data.rows
    source.close()
    marked = {row.name: row.no_rule for row in rows if row.no_rule is not None}
    assert set(marked) == {"shop_wobble"}
    told = marked["shop_wobble"]
    assert told is not None
    assert "kind" in told.labels
    assert not any(key.startswith("__") for key in told.labels)


async def test_what_a_live_server_says_of_an_unknown_name_is_kept_with_it(tmp_path: Path) -> None:
    """From what a feed gathered, through the recording, to the row; of a name that is known nothing is read."""
    count = 30
    gathered = Metrics(
        names=["shop_wobble", "process_resident_memory_bytes"], labels=[WEB, WEB],
        series=np.repeat(np.arange(2), count), time_ns=np.tile(START_NS + np.arange(count) * 15 * NS_PER_S, 2),
        value=np.ones(2 * count), types=["gauge", "gauge"], helps=["how it wobbles", "resident memory"],
    )  # fmt: skip
    path = write_recording(tmp_path / "live", seconds=600.0)
    write_part(path, METRICS_PART.name, [gathered], PASSING)
    source = RecordingSource.open(path)
    query = SignalQuery(kinds=frozenset(SignalKind), window=window(0.0, 600.0))
    rows = (await source.series(query, deadline=Deadline())).data.rows
    source.close()
    told = {row.name: row.no_rule for row in rows}
    assert told["process_resident_memory_bytes"] is None
    assert told["shop_wobble"] is not None
    assert (told["shop_wobble"].type, told["shop_wobble"].help) == ("gauge", "how it wobbles")


def test_labels_are_shown_without_secrets(tmp_path: Path) -> None:
    secret = "glsa_" + "a1B2" * 10
    labels = {"service_name": "web", "note": f"token {secret}"}
    folder = write_recording(
        tmp_path / "told", logs=[Line(at_s=1.0, line="x", labels=labels)],
        series=[Series(name="shop_wobble", labels=labels, values=STEPS)],
    )  # fmt: skip
    found = signals(folder)
    shown = [*found.streams[0].labels.values(), *found.ignored[0].labels.values()]
    assert any("[redacted" in value for value in shown)
    assert secret not in " ".join(shown)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    folder = write_recording(tmp_path / "bare", logs=[Line(at_s=1.0, line="x")])
    found = signals(folder)
    assert found.understood == ()
    assert [note.split(":")[0] for note in found.missing] == ["no metrics", "no spans"]


def test_an_unknown_name_gets_the_nearest(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no service is called 'Frnt'") as unknown:
        signals(folder, "Frnt")
    assert unknown.value.hint == "did you mean front?"
    with pytest.raises(NotFoundError) as far:
        signals(folder, "zzzzzzzz")
    assert far.value.hint == "nothing is called so; there are front, web"
    with pytest.raises(NotFoundError, match="names 'web' or any other service"):
        signals(write_recording(tmp_path / "empty", series=[]))


def test_a_pod_and_an_address_of_something_can_be_asked_for(folder: Path) -> None:
    assert signals(folder, POD).service.kind is EntityKind.POD
    assert {one.kind for one in signals(folder, POD).understood} >= {SignalKind.LATENCY, SignalKind.MEMORY}
