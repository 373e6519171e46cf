"""The feed against what a real Tempo said (`tests/contracts/tempo`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from compass.entrypoints.clock import SystemClock
from compass.ports.errors import ConfigurationError, SourceRefusedError
from compass.ports.telemetry import Telemetry
from compass.sources.live.gathered import Span
from compass.sources.live.source import LiveSource
from compass.sources.tempo.spans import spans_of as spans_of_hits
from compass.sources.tempo.traceql import FIELDS
from compass.tables.objects import Json
from tests.sources.conformance import TelemetryConformance
from tests.sources.reference import write_reference
from tests.sources.tempo.asking import (
    BY_NAME,
    CASES,
    CONTRACTS,
    SLOW_SERVICE,
    SLOWEST,
    Case,
    Said,
    ask,
    feed_of,
    folder_of,
    incident_of,
    trace_of,
    window_of,
)
from tests.support.exchanges import Replay
from tests.support.load_tempo import spans_of
from tests.support.recorded_feed import RecordedFeed

Key = tuple[str, str]


def said(name: str, scratch: Path) -> Said:
    """The case, replayed. Everything recorded has to be asked again."""
    case = BY_NAME[name]
    replay = Replay(CONTRACTS / f"{name}.jsonl.gz")
    made = asyncio.run(ask(case, folder_of(case, scratch), replay, SystemClock()))
    assert replay.unused == []
    return made


def recorded(case: Case, scratch: Path) -> dict[Key, Span]:
    """What the recording holds in the case's window."""
    folder = folder_of(case, scratch)
    window = window_of(case, folder)
    found = {(span.trace_id, span.span_id): with_service(span) for span in spans_of(folder)}
    return {key: span for key, span in found.items() if window.start_ns <= span.start_ns <= window.end_ns}


def with_service(span: Span) -> Span:
    """As OTLP has it: the service is an attribute of the resource."""
    return replace(span, resource={**({"service.name": span.service} if span.service else {}), **span.resource})


def by_key(spans: Iterable[Span]) -> dict[Key, Span]:
    found = list(spans)
    made = {(span.trace_id, span.span_id): span for span in found}
    assert len(made) == len(found)  # nothing twice
    return made


def read(span: Span) -> Span:
    """With only those attributes that a search asks for."""
    asked = {field.partition(".")[2] for field in FIELDS if "." in field}

    def kept(values: Mapping[str, Json]) -> dict[str, Json]:
        return {key: value for key, value in values.items() if key in asked}

    return replace(span, resource=kept(span.resource), attributes=kept(span.attributes))


def whole_traces(spans: Mapping[Key, Span], there: Mapping[Key, Span]) -> bool:
    traces = {trace for trace, _ in spans}
    return set(spans) == {key for key in there if key[0] in traces}


# -- a whole window ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lab-002", "reference"])
def test_a_recording_that_was_loaded_comes_back_with_all_that_is_read_of_it(name: str, tmp_path: Path) -> None:
    made, case = said(name, tmp_path), BY_NAME[name]
    assert by_key(made.spans) == {key: read(span) for key, span in recorded(case, tmp_path).items()}
    assert (made.missing, made.gathered is not None and made.gathered.sampling) == ((), 1.0)


@pytest.mark.parametrize("name", ["lab-015-exact", "reference-exact"])
def test_a_recording_that_is_made_equals_the_one_that_was_loaded(name: str, tmp_path: Path) -> None:
    made = said(name, tmp_path)
    assert by_key(made.spans) == recorded(BY_NAME[name], tmp_path)
    assert made.missing == ()


def test_few_requests_and_bytes_are_needed(tmp_path: Path) -> None:
    for name in ("lab-002", "lab-009-sampled", "reference", "uncounted"):
        made = said(name, tmp_path)
        assert made.ledger.requests <= 4
        assert made.ledger.size <= 3_000_000


def test_queries_can_be_run_again(tmp_path: Path) -> None:
    made = said("lab-009-filtered", tmp_path)
    assert made.gathered is not None
    counting, spans = made.gathered.queries
    assert {counting.language, spans.language} == {"traceql"}
    assert counting.text == '{ resource.service.name = "checkout" } | count_over_time()'
    assert spans.text.startswith('{ resource.service.name = "checkout" } | count() <= 1000 | by(span:id) | select(')


@pytest.mark.parametrize(("name", "kind"), [("slowest", ""), ("slowest-filtered", "client")])
def test_the_slowest_traces_are_found_though_a_search_ends_with_any(name: str, kind: str, tmp_path: Path) -> None:
    made, there = said(name, tmp_path), recorded(BY_NAME[name], tmp_path)
    longest: dict[str, int] = {}
    for span in there.values():
        if span.service == SLOW_SERVICE and kind in ("", span.kind):
            longest[span.trace_id] = max(longest.get(span.trace_id, 0), span.duration_ns)
    slowest = sorted(longest, key=lambda trace: (-longest[trace], trace))[:SLOWEST]
    assert len(longest) > 3 * SLOWEST, "a single search would not do"
    assert [(one.trace_id, round(one.value * 1e9)) for one in made.slowest] == [(t, longest[t]) for t in slowest]
    assert made.ledger.requests <= 4


# -- less than a window --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "most", "digits"), [("lab-009-sampled", 500, 2), ("lab-009-thin", 20, 3), ("uncounted", 500, 2)]
)
def test_a_sample_is_of_whole_traces_chosen_by_their_ids(name: str, most: int, digits: int, tmp_path: Path) -> None:
    made, there = said(name, tmp_path), recorded(BY_NAME[name], tmp_path)
    spans = by_key(made.spans)
    assert 0 < len(spans) <= 1.5 * most
    assert all(spans[key] == read(there[key]) for key in spans)
    assert whole_traces(spans, there)
    chosen = {trace[-digits:] for trace, _ in spans}
    left = {trace[-digits:] for trace, _ in there} - chosen
    assert max(chosen) < min(left)
    assert any(note.startswith("a sample of traces was taken, about 1 in ") for note in made.missing)


def test_the_share_that_was_kept_is_told(tmp_path: Path) -> None:
    counted = said("lab-009-sampled", tmp_path)
    there = len(recorded(BY_NAME["lab-009-sampled"], tmp_path))
    assert counted.gathered is not None
    assert counted.gathered.sampling == pytest.approx(len(counted.spans) / there)
    estimated = said("uncounted", tmp_path)
    assert estimated.gathered is not None
    assert 0 < estimated.gathered.sampling < 1
    assert any(note.startswith("the server does not count spans: shares are estimates") for note in estimated.missing)


def test_a_filter_bounds_everything(tmp_path: Path) -> None:
    there = recorded(BY_NAME["lab-009-filtered"], tmp_path)
    made = by_key(said("lab-009-filtered", tmp_path).spans)
    assert set(made) == {key for key, span in there.items() if span.service == "checkout"}
    exact = by_key(said("lab-015-exact-filtered", tmp_path).spans)
    there = recorded(BY_NAME["lab-015-exact-filtered"], tmp_path)
    assert exact == {key: span for key, span in there.items() if span.service == "orders"}


def test_more_traces_than_may_be_recorded_are_a_sample_that_is_told(tmp_path: Path) -> None:
    made = said("lab-015-exact-few", tmp_path)
    assert len({span.trace_id for span in made.spans}) == 5
    (note,) = made.missing
    assert note.startswith("5 of ")
    assert note.endswith(" traces were read, chosen by their ids")
    assert made.gathered is not None
    assert made.gathered.sampling < 0.5


def test_nothing_is_nothing(tmp_path: Path) -> None:
    made = said("empty", tmp_path)
    assert made.spans == []
    assert made.missing == ()


# -- other servers -------------------------------------------------------------------------------------------------


def test_a_server_whose_search_gives_no_parents_is_asked_for_some_traces_by_id(tmp_path: Path) -> None:
    made, there = said("older", tmp_path), recorded(BY_NAME["older"], tmp_path)
    spans = by_key(made.spans)
    assert len({trace for trace, _ in spans}) == 12
    assert spans == {key: there[key] for key in spans}
    assert whole_traces(spans, there)
    assert made.gathered is not None
    assert made.gathered.sampling == pytest.approx(len(spans) / len(there), rel=0.05)
    assert any(note.startswith("12 of ") for note in made.missing)


def test_a_server_that_cannot_say_which_spans_match_gives_whole_traces(tmp_path: Path) -> None:
    made, there = said("older-filtered", tmp_path), recorded(BY_NAME["older-filtered"], tmp_path)
    spans = by_key(made.spans)
    assert {trace for trace, _ in spans} >= {key[0] for key, span in there.items() if span.service == "orders"}
    assert {span.service for span in spans.values()} > {"orders"}
    assert made.missing == ("whole traces were taken, also those of their spans that `filter` leaves out",)


def test_a_server_that_gives_fewer_traces_than_are_asked_for_is_asked_for_fewer(tmp_path: Path) -> None:
    made = said("few-traces", tmp_path)
    assert len({span.trace_id for span in made.spans}) <= 100
    assert any("only 100 traces were given" in note for note in made.missing)
    assert made.gathered is not None
    assert made.gathered.sampling < 1.0


def test_a_server_that_searches_no_window_so_long_is_asked_for_parts_of_it(tmp_path: Path) -> None:
    made, case = said("short-range", tmp_path), BY_NAME["short-range"]
    assert by_key(made.spans) == {key: read(span) for key, span in recorded(case, tmp_path).items()}
    (note,) = made.missing
    assert note.startswith("the server does not count spans: shares are estimates")
    # Traces that last from one part into the next were found in both.
    assert made.ledger.requests > 6


def test_a_server_that_searches_even_less_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceRefusedError, match="range specified by start and end exceeds 1m0s"):
        said("too-short-range", tmp_path)


# -- one trace -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["trace", "trace-json", "trace-first-api", "trace-first-api-json"])
def test_a_trace_is_whole_in_either_form(name: str, tmp_path: Path) -> None:
    case = BY_NAME[name]
    made = said(name, tmp_path).trace
    assert made is not None
    wanted = trace_of(case, folder_of(case, tmp_path))
    there = recorded(case, tmp_path)
    assert by_key(made.spans) == {key: span for key, span in there.items() if key[0] == wanted}
    assert made.note == ""


def test_a_trace_that_is_larger_than_the_server_gives_is_told_to_be_in_part(tmp_path: Path) -> None:
    made = said("trace-in-part", tmp_path).trace
    assert made is not None
    assert "exceeds maximum size" in made.note


def test_an_unknown_trace_is_none_and_a_wrong_id_refused(tmp_path: Path) -> None:
    assert said("trace-unknown", tmp_path).trace is None
    assert said("trace-first-api-unknown", tmp_path).trace is None
    with pytest.raises(SourceRefusedError, match="can only contain hex"):
        said("trace-no-id", tmp_path)


def test_a_search_is_the_same_in_either_form(tmp_path: Path) -> None:
    proto, json = said("search", tmp_path).hits, said("search-json", tmp_path).hits
    assert proto is not None
    assert json is not None
    assert by_key(spans_of_hits([proto])) == by_key(spans_of_hits([json]))
    assert (proto.jobs, proto.of_jobs) == (json.jobs, json.of_jobs)
    assert proto.of_jobs > 0
    assert [(t.trace_id, t.start_ns, t.service) for t in proto.traces] == [
        (t.trace_id, t.start_ns, t.service) for t in json.traces
    ]


# -- what is told --------------------------------------------------------------------------------------------------


def test_a_look_reads_something_real(tmp_path: Path) -> None:
    found = said("lab-009-look", tmp_path).found
    assert found is not None
    assert found.detail.startswith(f"{found.figures['services']} services, traces up to 20:3")
    assert found.detail.endswith(" UTC")
    assert int(found.figures["services"]) >= 7
    assert int(found.figures["spans in the last hour"]) >= len(recorded(BY_NAME["lab-009-look"], tmp_path))
    assert found.hints == ()


def test_a_look_at_nothing_says_what_it_may_be(tmp_path: Path) -> None:
    found = said("empty-look", tmp_path).found
    assert found is not None
    assert found.detail == "no traces in the last hour"
    assert "right tenant" in found.hints[0]


def test_a_filter_that_is_no_traceql_is_refused_in_the_servers_words(tmp_path: Path) -> None:
    with pytest.raises(SourceRefusedError, match="syntax error: unexpected }"):
        said("bad-filter", tmp_path)


def test_a_missing_tenant_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceRefusedError, match=r"\(401\): no org id"):
        said("no-tenant", tmp_path)


def test_an_option_that_is_none_is_told() -> None:
    case = Case(name="x", loaded="reference", options={"services": 3})
    with pytest.raises(ConfigurationError, match="services"):
        feed_of(case, Replay(), SystemClock())


def test_every_exchange_that_was_recorded_is_of_a_case() -> None:
    assert {path.name for path in CONTRACTS.iterdir()} == {f"{case.name}.jsonl.gz" for case in CASES}
    assert all(path.stat().st_size < 300_000 for path in CONTRACTS.iterdir())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reference(tmp_path_factory.mktemp("reference") / "reference")


class TestTempoConforms(TelemetryConformance):
    """The same checks as for a recording: its traces come from Tempo."""

    @pytest.fixture
    async def telemetry(self, folder: Path) -> AsyncIterator[Telemetry]:
        replay = Replay(CONTRACTS / "reference.jsonl.gz")
        feed, ledger = feed_of(BY_NAME["reference"], replay, SystemClock())
        others = RecordedFeed(folder, without=frozenset({"traces"}))
        source = LiveSource("stack", (others, feed), incident_of(folder), SystemClock(), ledger)
        yield source
        await source.aclose()
