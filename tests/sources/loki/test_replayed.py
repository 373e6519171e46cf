"""The feed against what a real Loki said (`tests/contracts/loki`)."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import httpx2
import numpy as np
import pytest

from compass.domain.incident import Incident
from compass.entrypoints.clock import SystemClock
from compass.ports.errors import ConfigurationError, SourceRefusedError
from compass.ports.telemetry import Telemetry
from compass.sources.live.feed import Fielded, Scope
from compass.sources.live.gathered import Logs
from compass.sources.live.source import LiveSource
from compass.sources.loki.logql import class_of
from tests.sources.conformance import TelemetryConformance
from tests.sources.loki.asking import (
    BY_NAME,
    CASES,
    CONTRACTS,
    NO_DEADLINE,
    Case,
    Said,
    ask,
    feed_of,
    folder_of,
    incident_of,
)
from tests.sources.reference import write_reference
from tests.support.exchanges import Replay
from tests.support.load_loki import entries_of
from tests.support.recorded_feed import RecordedFeed

Row = tuple[tuple[tuple[str, str], ...], int, str, str, str]


def said(name: str, scratch: Path) -> Said:
    """The case, replayed. Everything recorded has to be asked again."""
    case = BY_NAME[name]
    replay = Replay(CONTRACTS / f"{name}.jsonl.gz")
    made = asyncio.run(ask(case, folder_of(case, scratch), replay, SystemClock()))
    assert replay.unused == []
    return made


def rows(logs: Logs) -> list[Row]:
    return sorted(
        (tuple(sorted(logs.labels[stream].items())), int(at), line, trace, span)
        for stream, at, line, trace, span in zip(
            logs.stream, logs.time_ns, logs.line, logs.trace_id, logs.span_id, strict=True
        )
    )


def recorded(folder: Path) -> list[Row]:
    return sorted(
        (tuple(sorted(labels.items())), at, line, more.get("trace_id", ""), more.get("span_id", ""))
        for labels, at, line, more in entries_of(folder)
    )


def counts(logs: Logs) -> np.ndarray:
    return np.array([float(logs.labels[stream].get("pattern_count", "1")) for stream in logs.stream])


def reference_incident(scratch: Path) -> Incident:
    return incident_of(BY_NAME["reference"], folder_of(BY_NAME["reference"], scratch))


def logs_of(made: Said) -> Logs:
    assert made.logs is not None
    return made.logs


def missing(made: Said) -> tuple[str, ...]:
    assert made.gathered is not None
    return made.gathered.missing


@pytest.mark.parametrize("name", ["lab-002-exact", "lab-015-exact", "reference-exact", "reference-plain"])
def test_a_recording_that_was_loaded_comes_back_equal(name: str, tmp_path: Path) -> None:
    made = said(name, tmp_path)
    assert rows(logs_of(made)) == recorded(folder_of(BY_NAME[name], tmp_path))
    assert missing(made) == ()


def test_what_loki_does_not_keep_as_it_was(tmp_path: Path) -> None:
    """Exact duplicates, empty label values and dots in names; it names a service after other labels."""
    made = said("odd-exact", tmp_path)
    expected = []
    for own, *rest in sorted(set(recorded(folder_of(BY_NAME["odd-exact"], tmp_path)))):
        labels = {name.replace(".", "_"): value for name, value in own if value}
        if found := labels.get("app") or labels.get("job"):
            labels["service_name"] = found
        if rest[1].startswith("ERROR"):
            labels["detected_level"] = "error"
        expected.append((tuple(sorted(labels.items())), *rest))
    assert rows(logs_of(made)) == sorted(expected)
    assert missing(made) == ()


def test_a_level_that_loki_finds_is_kept_where_no_label_states_one(tmp_path: Path) -> None:
    got = rows(logs_of(said("levels", tmp_path)))
    without = sorted((tuple(p for p in own if p[0] != "detected_level"), *rest) for own, *rest in got)
    assert without == recorded(folder_of(BY_NAME["levels"], tmp_path))
    # Loki finds the level of each line that has the word; what it does not know it calls unknown, which says nothing.
    assert {(own[0], rest[1][:5]) for own, *rest in got if own[0][0] == "detected_level"} == {
        (("detected_level", "error"), "ERROR")
    }


@pytest.mark.parametrize("name", ["lab-015-sampled", "levels-sampled", "few-entries", "few-series"])
def test_a_sample_stands_for_every_line(name: str, tmp_path: Path) -> None:
    made = said(name, tmp_path)
    logs, all_rows = logs_of(made), recorded(folder_of(BY_NAME[name], tmp_path))
    weight = counts(logs)
    assert len(logs.line) < 900
    assert weight.sum() == pytest.approx(len(all_rows), rel=1e-3)
    bad = np.array([class_of(dict(logs.labels[stream])) == "bad" for stream in logs.stream])
    assert weight[bad].sum() == pytest.approx(sum(class_of(dict(row[0])) == "bad" for row in all_rows), rel=1e-3)
    assert any(note.startswith("logs are a sample: of about 704 warnings and errors") for note in missing(made))
    plain = {(tuple(pair for pair in own if pair[0] != "pattern_count"), *rest) for own, *rest in rows(logs)}
    assert plain <= set(all_rows)
    assert len(plain) == len(logs.line)  # nothing twice


def test_a_sample_gives_each_service_its_rate_over_time(tmp_path: Path) -> None:
    made = said("lab-015-sampled", tmp_path)
    logs, all_rows = logs_of(made), recorded(folder_of(BY_NAME["lab-015-sampled"], tmp_path))
    weight = counts(logs)
    middle = sorted(row[1] for row in all_rows)[len(all_rows) // 2]

    def share(of: Iterable[tuple[str, int, float]], service: str) -> tuple[float, float]:
        mine = [(at, weight) for name, at, weight in of if name == service]
        return sum(w for at, w in mine if at < middle), sum(w for at, w in mine if at >= middle)

    true = [(dict(row[0])["service_name"], row[1], 1.0) for row in all_rows]
    got = [
        (logs.labels[stream]["service_name"], int(at), float(w))
        for stream, at, w in zip(logs.stream, logs.time_ns, weight, strict=True)
    ]
    for service in {name for name, _, _ in true}:
        assert share(got, service) == pytest.approx(share(true, service), rel=0.25, abs=25)


def test_what_may_not_be_searched_is_looked_at_in_places(tmp_path: Path) -> None:
    made = said("lab-015-thin", tmp_path)
    true = len(recorded(folder_of(BY_NAME["lab-015-thin"], tmp_path)))
    assert counts(logs_of(made)).sum() == pytest.approx(true, rel=0.1)
    assert any("logs were only searched between 20:16:" in note for note in missing(made))
    assert any("logs were only looked at" in note for note in missing(made))


def test_a_server_too_slow_to_count_is_looked_at_in_places(tmp_path: Path) -> None:
    made = said("slow-counts", tmp_path)
    assert len(logs_of(made).line) == 750
    assert any("could not be counted, nor errors searched for" in note for note in missing(made))


def test_what_was_counted_of_a_part_stands_where_the_whole_takes_too_long(tmp_path: Path) -> None:
    made = said("slow-later", tmp_path)
    true = len(recorded(folder_of(BY_NAME["slow-later"], tmp_path)))
    assert counts(logs_of(made)).sum() == pytest.approx(true, rel=0.1)
    notes = missing(made)
    assert any("logs were only searched between 20:16:" in note for note in notes)
    assert any("counting log lines between 20:15:15 and 20:18:00" in note for note in notes)


def test_words_that_take_too_long_cost_nothing_else(tmp_path: Path) -> None:
    made = said("slow-words", tmp_path)
    true = len(recorded(folder_of(BY_NAME["slow-words"], tmp_path)))
    assert counts(logs_of(made)).sum() == pytest.approx(true, rel=1e-3)
    assert any("that state no level were not searched for" in note for note in missing(made))


def test_lines_that_come_too_late_are_missing_and_the_others_stand(tmp_path: Path) -> None:
    logs = logs_of(made := said("slow-rest", tmp_path))
    bad = np.array([class_of(dict(logs.labels[stream])) == "bad" for stream in logs.stream])
    assert (counts(logs)[~bad] == 1.0).all()  # the rare ones, which are asked for apart
    assert (~bad).sum() < 10
    assert bad.sum() > 200
    assert any(note.startswith("logs between 20:15:15 and 20:18:00 are missing") for note in missing(made))


def test_a_selector_bounds_everything_that_is_asked(tmp_path: Path) -> None:
    made = said("lab-015-selected", tmp_path)
    assert {labels["service_name"] for labels in logs_of(made).labels} == {"payments"}
    asked = [value for sent in made.ledger.sent for name, value in sent.params if name in ("query", "match[]")]
    assert asked
    assert all('service_name="payments"' in query for query in asked)


def test_a_look_is_a_real_read(tmp_path: Path) -> None:
    found = said("lab-015-look", tmp_path).found
    assert found is not None
    assert found.detail.startswith("the newest line is 0.0")
    assert found.figures["values"] == "8"
    assert found.figures["since"] == "2026-11-25"
    assert int(found.figures["patterns"]) > 10
    unknown = said("unknown-look", tmp_path).found
    assert unknown is not None
    assert unknown.figures["patterns"] == "it does not look for any (pattern_ingester)"
    nothing = said("empty-look", tmp_path).found
    assert nothing is not None
    assert "no log stream" in nothing.detail
    assert "right tenant" in nothing.hints[0]


def test_fields_of_a_service_are_told(tmp_path: Path) -> None:
    fields = said("lab-015-fields", tmp_path).fields
    assert {field.label for field in fields} == {"trace_id", "span_id"}
    assert all(field.cardinality > 100 for field in fields)


def test_fields_are_told_in_words_with_the_most_telling_first(tmp_path: Path) -> None:
    case = BY_NAME["lab-015-fields"]
    feed, _ = feed_of(case, Replay(CONTRACTS / f"{case.name}.jsonl.gz"), SystemClock())
    assert isinstance(feed, Fielded)
    window = incident_of(case, folder_of(case, tmp_path)).window
    told = asyncio.run(feed.log_fields(case.service or "", window, deadline=NO_DEADLINE))
    assert sorted(one.split(" ")[0] for one in told) == ["span_id", "trace_id"]
    assert all(re.fullmatch(r"\w+ \(\d+\)", one) for one in told)


def test_a_window_without_logs_says_so(tmp_path: Path) -> None:
    made = said("empty", tmp_path)
    assert len(logs_of(made).line) == 0
    assert "no log stream" in missing(made)[0]


def test_a_server_that_tells_no_volume_is_read_all_the_same(tmp_path: Path) -> None:
    made = said("no-volume", tmp_path)
    assert len(logs_of(made).line) == 140
    assert missing(made) == ()


@pytest.mark.parametrize(
    ("name", "words", "hint"),
    [("bad-selector", "error parsing regexp", "is selector in compass.toml LogQL?"),
     ("unbounded", "at least one regexp or equality matcher", "is selector in compass.toml LogQL?"),
     ("no-tenant", "no org id", 'set tenant = "..."'),
     ("short-range", "the query time range exceeds the limit", "set range_hours"),
     ("few-bytes", "would read too many bytes", "set selector")],
)  # fmt: skip
def test_what_the_person_is_told(name: str, words: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(SourceRefusedError) as caught:
        said(name, tmp_path)
    assert words in caught.value.what
    assert hint in caught.value.hint
    assert caught.value.where == "loki"


@pytest.mark.parametrize("case", [case for case in CASES if not case.slow], ids=lambda case: case.name)
def test_requests_and_bytes_are_few(case: Case) -> None:
    with gzip.open(CONTRACTS / f"{case.name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        exchanges = [json.loads(line) for line in lines][1:]
    assert len(exchanges) <= 12
    assert sum(len(one["text"]) for one in exchanges) <= 6e6


@pytest.mark.parametrize("option", ["{}", "service", '{app="a"'])
def test_a_selector_that_bounds_nothing_is_refused_at_once(option: str) -> None:
    case = BY_NAME["reference"]
    with pytest.raises(ConfigurationError, match="selector"):
        feed_of(
            type(case)(name="bad", options={"selector": option}), httpx2.AsyncHTTPTransport(), SystemClock()
        )  # fmt: skip


async def test_another_part_is_refused(tmp_path: Path) -> None:
    feed, _ = feed_of(BY_NAME["reference"], Replay(CONTRACTS / "reference.jsonl.gz"), SystemClock())
    incident = reference_incident(tmp_path)
    scope = Scope(window=incident.window, detected_ns=incident.detected_ns)
    with pytest.raises(SourceRefusedError, match="has logs, and no traces"):
        await feed.gather("traces", scope, deadline=NO_DEADLINE)
    await feed.aclose()


async def test_logs_are_answered_through_the_live_source(tmp_path: Path) -> None:
    feed, ledger = feed_of(BY_NAME["reference"], Replay(CONTRACTS / "reference.jsonl.gz"), SystemClock())
    source = LiveSource("live", [feed], reference_incident(tmp_path), SystemClock(), ledger)
    kept = await source.kept()
    native = kept.native("logs")
    assert native is not None
    assert (native.language, native.text) == ("logql", '{service_name=~".+"}')
    await source.aclose()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reference(tmp_path_factory.mktemp("loki") / "reference")


class TestLokiConforms(TelemetryConformance):
    """The reference system, its logs as a real Loki gave them."""

    @pytest.fixture
    async def telemetry(self, folder: Path) -> AsyncIterator[Telemetry]:
        loki, ledger = feed_of(BY_NAME["reference"], Replay(CONTRACTS / "reference.jsonl.gz"), SystemClock())
        incident = incident_of(BY_NAME["reference"], folder)
        feeds = [RecordedFeed(folder, without=frozenset({"logs"})), loki]
        source = LiveSource("stack", feeds, incident, SystemClock(), ledger)
        yield source
        await source.aclose()
