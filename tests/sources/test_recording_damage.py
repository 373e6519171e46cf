"""Recordings that are damaged, partial, empty or hostile: named errors and honest coverage, never a wrong number."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.domain.telemetry import (
    HealthStatus,
    LogQuery,
    ObjectKind,
    ObjectQuery,
    SignalKind,
    SignalQuery,
    SpanQuery,
)
from compass.ports.errors import BadInputError, SourceRefusedError
from compass.sources.recording import RecordingSource, find_recordings
from compass.sources.recording.jsonfiles import time_of
from compass.tables.objects import Json
from tests.sources.conformance import ALL, NO_DEADLINE
from tests.sources.reference import write_reference
from tests.support.recordings import (
    Line,
    Span,
    iso,
    window,
    write_parquet,
    write_recording,
)

EVERY_KIND = frozenset(SignalKind)


# -- headers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "where"),
    [
        ({"format": 2}, "format"),
        ({"format": None}, "format"),
        ({"window": None}, "window"),
        ({"window": "today"}, "window"),
        ({"window": {"start": iso(0)}}, "window.end"),
        ({"window": {"start": iso(60), "end": iso(0)}}, "window"),
        ({"window": {"start": iso(0), "end": "soon"}}, "window.end"),
        ({"window": {"start": "2026-01-05", "end": 3}}, "window.end"),
        ({"detected_at": iso(99999)}, "detected_at"),
        ({"title": ["a", "list"]}, "title"),
    ],
)
def test_a_wrong_header_names_file_and_field(tmp_path: Path, header: dict[str, object], where: str) -> None:
    write_recording(tmp_path / "r", header=header)
    with pytest.raises(BadInputError) as error:
        RecordingSource.open(tmp_path / "r")
    assert error.value.where == f"recording.yaml: {where}"


def test_what_is_no_recording_is_refused_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "recording.yaml").write_text("a: [unclosed")
    (tmp_path / "list").mkdir()
    (tmp_path / "list" / "recording.yaml").write_text("- 1")
    for name in ("file", "empty", "bad", "list", "absent"):
        with pytest.raises(BadInputError):
            RecordingSource.open(tmp_path / name)


def test_a_wrong_metric_rule_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="metric rule 1"):
        RecordingSource.open(write_recording(tmp_path / "r"), metric_rules=[{"name": "x", "kind": "nonsense"}])


def test_find_recordings_is_recursive_and_sorted(tmp_path: Path) -> None:
    for name in ("b/two", "a/one", "three"):
        write_recording(tmp_path / name)
    assert [p.relative_to(tmp_path).as_posix() for p in find_recordings(tmp_path)] == ["a/one", "b/two", "three"]
    assert find_recordings(tmp_path / "a" / "one") == (tmp_path / "a" / "one",)
    with pytest.raises(BadInputError):
        find_recordings(tmp_path / "nowhere")


# -- absent and damaged parts --------------------------------------------------------------------------------------


async def test_an_absent_part_is_an_empty_answer_and_not_connected(tmp_path: Path) -> None:
    source = RecordingSource.open(write_recording(tmp_path / "r"))
    series = await source.series(SignalQuery(kinds=EVERY_KIND, window=ALL), deadline=NO_DEADLINE)
    logs = await source.logs(LogQuery(window=ALL), deadline=NO_DEADLINE)
    spans = await source.spans(SpanQuery(window=ALL), deadline=NO_DEADLINE)
    kube = await source.objects(ObjectQuery(kind=ObjectKind.KUBERNETES, window=ALL), deadline=NO_DEADLINE)
    for answer in (series, logs, spans, kube):
        assert answer.coverage.missing
        assert not answer.coverage.complete
    assert (len(series.data.rows), len(logs.data), len(spans.data)) == (0, 0, 0)
    health = await source.check()
    assert {h.status for h in health} == {HealthStatus.NOT_CONNECTED}
    assert all(h.hides for h in health)
    assert source.capabilities == frozenset()


async def test_a_damaged_file_is_refused_by_name_and_the_rest_still_answers(tmp_path: Path) -> None:
    path = write_reference(tmp_path / "r")
    for file in ("spans.parquet", "logs/lines.parquet"):
        content = (path / file).read_bytes()
        (path / file).write_bytes(content[: len(content) // 2])
    source = RecordingSource.open(path)
    with pytest.raises(SourceRefusedError) as error:
        await source.spans(SpanQuery(window=ALL), deadline=NO_DEADLINE)
    assert error.value.where == "spans.parquet"
    assert str(path) not in str(error.value)
    with pytest.raises(SourceRefusedError):
        await source.logs(LogQuery(window=ALL), deadline=NO_DEADLINE)
    answer = await source.series(SignalQuery(kinds=frozenset({SignalKind.MEMORY}), window=ALL), deadline=NO_DEADLINE)
    assert len(answer.data.rows) == 1
    lost = {h.part for h in await source.check() if h.status is HealthStatus.LOST}
    assert lost == {"traces", "logs"}


async def test_a_missing_column_and_a_wrong_type_are_named(tmp_path: Path) -> None:
    path = write_reference(tmp_path / "r")
    write_parquet(
        path / "spans.parquet",
        "trace_id, span_id, service, name",
        [dict.fromkeys(("trace_id", "span_id", "service", "name"), "x")],
    )
    write_parquet(
        path / "metrics" / "samples.parquet", "series, time, value", [{"series": "1", "time": "now", "value": "2"}]
    )
    source = RecordingSource.open(path)
    with pytest.raises(SourceRefusedError, match="'start' is missing"):
        await source.spans(SpanQuery(window=ALL), deadline=NO_DEADLINE)
    with pytest.raises(SourceRefusedError, match="'series' is of type VARCHAR"):
        await source.series(SignalQuery(kinds=EVERY_KIND, window=ALL), deadline=NO_DEADLINE)


async def test_half_of_a_part_is_refused(tmp_path: Path) -> None:
    path = write_reference(tmp_path / "r")
    (path / "metrics" / "samples.parquet").unlink()
    source = RecordingSource.open(path)
    with pytest.raises(SourceRefusedError) as error:
        await source.series(SignalQuery(kinds=EVERY_KIND, window=ALL), deadline=NO_DEADLINE)
    assert error.value.where == "metrics/samples.parquet"


async def test_bad_json_lines_are_skipped_by_number_or_refused_when_many(tmp_path: Path) -> None:
    path = write_reference(tmp_path / "r")
    good = (path / "changes.jsonl").read_text()
    (path / "changes.jsonl").write_text(good + "{broken\n" + '{"kind": "deploy"}\n[1]\n' + good)
    source = RecordingSource.open(path)
    answer = await source.objects(ObjectQuery(kind=ObjectKind.CHANGES, window=ALL), deadline=NO_DEADLINE)
    assert len(answer.data.changes) == 2
    assert [m for m in answer.coverage.missing if "line 2" in m]
    assert [m for m in answer.coverage.missing if "line 3" in m and "no valid time" in m]
    (path / "changes.jsonl").write_text("{broken\n" * 3)
    with pytest.raises(SourceRefusedError, match="line 1"):
        await source.objects(ObjectQuery(kind=ObjectKind.CHANGES, window=ALL), deadline=NO_DEADLINE)


async def test_objects_of_wrong_types_never_raise(tmp_path: Path) -> None:
    weird: list[dict[str, object]] = [
        {"kind": "Pod", "metadata": [], "spec": None, "status": 3},
        {"kind": "Service", "metadata": {"name": 5, "namespace": None}, "spec": {"selector": "x", "clusterIP": []}},
        {"kind": "Node", "metadata": {"name": "n"}, "status": {"addresses": {"a": 1}}},
        {"kind": ["Pod"]},
    ]
    path = write_recording(
        tmp_path / "r", kubernetes=weird,
        probes=[{"at_s": 1, "ok": "yes"}, {"time": [], "ok": True}, {"at_s": 2, "ok": False}],
        changes=[{"at_s": 5, "kind": {"a": 1}, "service": 7, "attributes": [1]}],
        alerts=[{"labels": [], "startsAt": iso(3), "endsAt": "0001-01-01T00:00:00Z"}], topology=[("a", "b"), ("", "c")],
    )  # fmt: skip
    source = RecordingSource.open(path)
    for kind in ObjectKind:
        expected = 3 if kind is ObjectKind.KUBERNETES else 1
        answer = await source.objects(ObjectQuery(kind=kind, window=ALL), deadline=NO_DEADLINE)
        data = answer.data
        assert len(data.kubernetes + data.probes + data.changes + data.alerts + data.dependencies) == expected


# -- coverage ------------------------------------------------------------------------------------------------------


async def test_holes_are_named_by_the_minute(tmp_path: Path) -> None:
    lines = [Line(at_s=s, line="x") for s in range(0, 1200, 2) if not 300 <= s < 540]
    source = RecordingSource.open(write_recording(tmp_path / "r", seconds=1200, logs=lines))
    answer = await source.logs(LogQuery(window=ALL), deadline=NO_DEADLINE)
    assert answer.coverage.missing == ("no logs 10:05–10:09",)
    inside = await source.logs(LogQuery(window=window(600, 900)), deadline=NO_DEADLINE)
    assert inside.coverage.complete
    gone = await source.logs(LogQuery(window=window(360, 420)), deadline=NO_DEADLINE)
    assert gone.coverage.missing == ("no logs 10:06–10:07",)
    assert [h.status for h in await source.check() if h.part == "logs"] == [HealthStatus.DEGRADED]


async def test_a_quiet_system_has_no_holes(tmp_path: Path) -> None:
    lines = [Line(at_s=s, line="tick") for s in range(0, 3600, 240)]
    source = RecordingSource.open(write_recording(tmp_path / "r", logs=lines))
    answer = await source.logs(LogQuery(window=window(0, 3600)), deadline=NO_DEADLINE)
    assert answer.coverage.complete


async def test_rows_outside_the_window_are_left_out_and_said(tmp_path: Path) -> None:
    lines = [Line(at_s=s, line="x") for s in (-100, 10, 20, 5000)]
    source = RecordingSource.open(write_recording(tmp_path / "r", seconds=60, logs=lines))
    answer = await source.logs(LogQuery(window=window(-1000, 9000)), deadline=NO_DEADLINE)
    assert len(answer.data) == 2
    assert "2 lines outside the recording's window were left out" in answer.coverage.missing


async def test_everything_outside_the_window_is_an_error(tmp_path: Path) -> None:
    path = write_recording(
        tmp_path / "r", seconds=60, logs=[Line(at_s=500, line="x")], spans=[Span(at_s=-9, trace="t", id="s")]
    )
    source = RecordingSource.open(path)
    with pytest.raises(SourceRefusedError, match="outside the recording's window"):
        await source.logs(LogQuery(window=window(0, 60)), deadline=NO_DEADLINE)
    with pytest.raises(SourceRefusedError, match="outside the recording's window"):
        await source.spans(SpanQuery(window=window(0, 60)), deadline=NO_DEADLINE)


async def test_an_endless_line_is_skipped_like_any_bad_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compass.sources.recording.jsonfiles.MAX_LINE_CHARS", 100)
    path = write_recording(tmp_path / "r", topology=[("a", "b")])
    (path / "topology.jsonl").write_text('{"caller": "' + "x" * 950 + '"}\n{"caller": "a", "callee": "b"}\n')
    source = RecordingSource.open(path)
    answer = await source.objects(ObjectQuery(kind=ObjectKind.TOPOLOGY, window=ALL), deadline=NO_DEADLINE)
    assert len(answer.data.dependencies) == 1
    assert "topology.jsonl line 1 was skipped" in answer.coverage.missing[0]


async def test_empty_files_are_connected_and_say_that_nothing_is_there(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "r", series=[], logs=[], spans=[], kubernetes=[], changes=[], alerts=[])
    source = RecordingSource.open(path)
    series = await source.series(SignalQuery(kinds=EVERY_KIND, window=ALL), deadline=NO_DEADLINE)
    logs = await source.logs(LogQuery(window=ALL), deadline=NO_DEADLINE)
    spans = await source.spans(SpanQuery(window=ALL), deadline=NO_DEADLINE)
    assert (len(series.data.rows), len(logs.data), len(spans.data)) == (0, 0, 0)
    assert logs.coverage.missing == ("no logs 10:00–10:20",)
    assert not series.coverage.complete
    assert not spans.coverage.complete
    changes = await source.objects(ObjectQuery(kind=ObjectKind.CHANGES, window=ALL), deadline=NO_DEADLINE)
    assert changes.coverage.complete
    status = {health.part: health.status for health in await source.check()}
    assert status["logs"] is HealthStatus.DEGRADED
    assert status["changes"] is HealthStatus.OK


@pytest.mark.parametrize("raw", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", 1e11, "soon", None, True, ""])
def test_what_is_no_time_in_64_bits_is_none(raw: Json | None) -> None:
    assert time_of(raw) is None
