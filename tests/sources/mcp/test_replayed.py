"""mcp-grafana, the real program, before a stand-in Grafana that says what a real Loki and a real Tempo said to it."""

from __future__ import annotations

import json

import duckdb
import pytest

from compass.ports.errors import SourceRefusedError
from compass.sources.live.feed import Found
from compass.sources.live.gathered import Gathered, Logs, Spans
from tests.sources.mcp.asking import needs_mcp_grafana
from tests.sources.mcp.kept import BY_NAME, LAB, asked, feed_of, path_of, scope_of
from tests.support.grafana_exchanges import ReplayedProxy

pytestmark = needs_mcp_grafana()


async def gathered(name: str) -> Gathered:
    case = BY_NAME[name]
    async with feed_of(case, ReplayedProxy(path_of(case))) as feed:
        came = await asked(case, feed)
    assert isinstance(came, Gathered)
    return came


def lines_of(logs: Logs) -> set[tuple[str, int, str, str, str]]:
    return {
        (json.dumps(dict(logs.labels[s]), sort_keys=True), int(at), line, trace, span)
        for s, at, line, trace, span in zip(
            logs.stream, logs.time_ns, logs.line, logs.trace_id, logs.span_id, strict=True
        )
    }


def recorded_lines() -> set[tuple[str, int, str, str, str]]:
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT labels, epoch_ns(time), line, trace_id, span_id FROM read_parquet('{LAB}/logs/lines.parquet')"
            f" JOIN read_parquet('{LAB}/logs/streams.parquet') USING (stream)"
        ).fetchall()
    return {
        (json.dumps(json.loads(labels), sort_keys=True), at, line, trace or "", span or "")
        for labels, at, line, trace, span in rows
    }


async def test_every_line_as_it_was_recorded() -> None:
    came = await gathered("logs")
    assert isinstance(came.data, Logs)
    assert came.missing == ()
    assert len(came.data.line) == len(lines_of(came.data))
    assert lines_of(came.data) == recorded_lines()


async def test_only_what_the_selector_allows() -> None:
    came = await gathered("logs-selected")
    assert isinstance(came.data, Logs)
    chosen = {one for one in recorded_lines() if json.loads(one[0])["service_name"] in ("checkout", "orders")}
    assert lines_of(came.data) == chosen


async def test_a_bad_selector_is_lokis_word() -> None:
    with pytest.raises(SourceRefusedError, match=r"rejects the query \(400\): parse error"):
        await gathered("logs-bad-selector")


async def test_no_logs_are_told() -> None:
    came = await gathered("logs-empty")
    assert isinstance(came.data, Logs)
    assert len(came.data.line) == 0
    assert any("has no log stream" in note for note in came.missing)


def recorded_spans() -> dict[tuple[str, str], tuple[object, ...]]:
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT trace_id, span_id, parent_span_id, service, name, kind, epoch_ns(start), duration_ns, status"
            f" FROM read_parquet('{LAB}/spans.parquet')"
        ).fetchall()
    return {(trace, span): (parent or "", *rest) for trace, span, parent, *rest in rows}


@pytest.mark.parametrize("name", ["traces", "traces-many", "traces-exact"])
async def test_spans_as_they_were_recorded(name: str) -> None:
    """Those of the window, whole; of a span nothing differs."""
    came = await gathered(name)
    assert isinstance(came.data, Spans)
    recorded = recorded_spans()
    window = scope_of(BY_NAME[name]).window
    found = {
        (one.trace_id, one.span_id): (
            one.parent_span_id, one.service, one.name, one.kind, one.start_ns, one.duration_ns, one.status,
        )
        for one in came.data.spans
    }  # fmt: skip
    assert found
    assert {key: recorded[key] for key in found} == found
    inside = {key for key, span in recorded.items() if window.start_ns <= span[4] <= window.end_ns}  # type: ignore[operator]
    assert found.keys() <= inside
    assert len(found) >= (came.sampling - 0.05) * len(inside)
    assert came.missing == () or came.sampling < 1.0


async def test_a_bad_filter_is_tempos_word() -> None:
    with pytest.raises(SourceRefusedError, match=r"\(400\): invalid TraceQL query"):
        await gathered("traces-bad-filter")


async def test_no_traces_are_none() -> None:
    came = await gathered("traces-empty")
    assert isinstance(came.data, Spans)
    assert len(came.data.spans) == 0


async def test_more_traces_than_a_search_gives_are_asked_for_in_parts() -> None:
    """The tool gives 20 traces: with two hundred in the window, most come all the same."""
    came = await gathered("traces-many")
    assert isinstance(came.data, Spans)
    assert len({span.trace_id for span in came.data.spans}) > 150
    assert came.sampling < 1.0


@pytest.mark.parametrize(("name", "said"), [("logs-look", "the newest line is"), ("traces-look", "traces up to")])
async def test_a_look_is_a_real_read(name: str, said: str) -> None:
    case = BY_NAME[name]
    async with feed_of(case, ReplayedProxy(path_of(case))) as feed:
        found = await asked(case, feed)
    assert isinstance(found, Found)
    assert found.detail.startswith(said)
