"""Live sources: what feeds give is answered as if it had been recorded; what they do not give is said."""

from __future__ import annotations

import asyncio
import stat
import tempfile
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from compass.domain.telemetry import HealthStatus, LogQuery, ObjectKind, ObjectQuery, SignalKind, SignalQuery, SpanQuery
from compass.entrypoints.clock import SystemClock
from compass.ports.errors import SourceRefusedError, SourceUnavailableError
from compass.ports.telemetry import Telemetry
from compass.sources.http.ledger import Ledger
from compass.sources.live.feed import Feed
from compass.sources.live.source import LiveSource
from compass.sources.live.window import keep
from compass.sources.recording import RecordingSource
from tests.sources.conformance import ALL, NO_DEADLINE, TelemetryConformance
from tests.sources.reference import write_reference
from tests.support.recorded_feed import RecordedFeed
from tests.support.recordings import Series, write_recording

MEMORY = SignalQuery(kinds=frozenset({SignalKind.MEMORY}), window=ALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_reference(tmp_path_factory.mktemp("reference") / "reference")


def live(folder: Path, *feeds: Feed, within_s: float = 20.0) -> LiveSource:
    incident = RecordingSource.open(folder).incident()
    return LiveSource("stack", feeds, incident, SystemClock(), Ledger(), within_s=within_s)


class TestOverFeeds(TelemetryConformance):
    """The same checks as for a recording: metrics, logs, traces and objects come from four servers."""

    @pytest.fixture
    async def telemetry(self, folder: Path) -> AsyncIterator[Telemetry]:
        every = RecordedFeed(folder).parts
        source = live(folder, *(RecordedFeed(folder, without=every - {part}, name=part) for part in sorted(every)))
        yield source
        await source.aclose()


async def test_every_part_is_gathered_once_however_much_is_asked(folder: Path) -> None:
    feed = RecordedFeed(folder, delay_s=0.05)
    source = live(folder, feed)
    await asyncio.gather(*(source.series(MEMORY, deadline=NO_DEADLINE) for _ in range(6)), source.check())
    await source.logs(LogQuery(window=ALL), deadline=NO_DEADLINE)
    assert sorted(feed.asked) == sorted(feed.parts)
    await source.aclose()


async def test_a_dead_source_is_told_and_hides_only_itself(folder: Path) -> None:
    gone = SourceUnavailableError("cannot be reached", where="loki", hint="is it up?")
    logs = RecordedFeed(folder, without=RecordedFeed(folder).parts - {"logs"}, fails={"logs": gone}, name="loki")
    source = live(folder, RecordedFeed(folder, without=frozenset({"logs"})), logs)
    health = {one.part: one for one in await source.check()}
    assert (health["logs"].status, health["logs"].source) == (HealthStatus.LOST, "loki")
    assert "cannot be reached" in health["logs"].detail
    assert "is it up?" in health["logs"].detail
    assert health["logs"].hides
    assert health["metrics"].status is HealthStatus.OK
    assert (await source.series(MEMORY, deadline=NO_DEADLINE)).data.rows
    with pytest.raises(SourceUnavailableError, match="cannot be reached"):
        await source.logs(LogQuery(window=ALL), deadline=NO_DEADLINE)
    await source.aclose()


async def test_of_two_sources_of_one_part_the_lost_one_is_named_as_missing(folder: Path) -> None:
    refused = SourceRefusedError("does not accept the credentials (401)", where="github")
    only = RecordedFeed(folder).parts - {"changes"}
    broken = RecordedFeed(folder, without=only, fails={"changes": refused}, name="github")
    source = live(folder, RecordedFeed(folder), broken)
    query = ObjectQuery(kind=ObjectKind.CHANGES, window=ALL)
    answer = await source.objects(query, deadline=NO_DEADLINE)
    assert len(answer.data.changes) == 1
    assert any("github" in note for note in answer.coverage.missing)
    health = {one.part: one for one in await source.check()}
    assert health["changes"].status is HealthStatus.DEGRADED
    await source.aclose()


async def test_a_source_that_hangs_does_not_hold_up_the_others(folder: Path) -> None:
    only = RecordedFeed(folder).parts - {"traces"}
    slow = RecordedFeed(folder, without=only, delay_s=60.0, name="tempo")
    source = live(folder, RecordedFeed(folder, without=frozenset({"traces"})), slow, within_s=0.1)
    assert (await source.series(MEMORY, deadline=NO_DEADLINE)).data.rows
    with pytest.raises(SourceUnavailableError, match=r"did not give its traces within 0\.1 s"):
        await source.spans(SpanQuery(window=ALL), deadline=NO_DEADLINE)
    await source.aclose()


async def test_a_part_that_nothing_gives_is_not_connected(folder: Path) -> None:
    source = live(folder, RecordedFeed(folder, without=frozenset({"kubernetes"})))
    health = {one.part: one for one in await source.check()}
    assert health["kubernetes"].status is HealthStatus.NOT_CONNECTED
    await source.aclose()


async def test_what_was_gathered_is_private_and_gone_afterwards(folder: Path) -> None:
    feed = RecordedFeed(folder)
    source = live(folder, feed)
    kept = (await source.kept()).recording.folder
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert (kept / "metrics" / "samples.parquet").is_file()
    await source.aclose()
    assert not kept.exists()
    assert feed.closed
    await source.aclose()


async def test_a_title_with_any_sign_survives(folder: Path) -> None:
    incident = replace(RecordingSource.open(folder).incident(), title='"{[: é\n# ', symptom="a: b\n- c")
    source = LiveSource("stack", [RecordedFeed(folder)], incident, SystemClock(), Ledger())
    assert (await source.kept()).recording.incident().title == incident.title.strip()
    await source.aclose()


async def test_a_teams_own_rules_say_what_metrics_mean(tmp_path: Path) -> None:
    took = Series(name="acme_took", labels={"service_name": "web"}, values=[200.0] * 40)
    recording = write_recording(tmp_path / "own", seconds=600, series=[took])
    incident = RecordingSource.open(recording).incident()
    query = SignalQuery(kinds=frozenset({SignalKind.LATENCY}), window=incident.window)
    rule = {"name": "acme_took", "kind": "latency", "unit": "s", "scale": 0.001}
    for rules, seen in (((), []), ((rule,), [0.2])):
        source = LiveSource("stack", [RecordedFeed(recording)], incident, SystemClock(), Ledger(), metric_rules=rules)
        table = (await source.series(query, deadline=NO_DEADLINE)).data
        assert [pytest.approx(float(values[5])) for values in table.values] == seen
        await source.aclose()


async def test_who_gives_up_while_the_window_is_written_leaves_nothing_behind(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    started, go_on = threading.Event(), threading.Event()

    def slowly(*given: object) -> object:
        started.set()
        assert go_on.wait(20)
        return keep(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("compass.sources.live.window.keep", slowly)
    source = live(folder, RecordedFeed(folder))
    asking = asyncio.create_task(source.check())
    assert await asyncio.to_thread(started.wait, 20)
    asking.cancel()
    closing = asyncio.create_task(source.aclose())
    await asyncio.sleep(0.05)
    go_on.set()
    await closing
    assert list(tmp_path.iterdir()) == []


async def test_an_answer_that_nobody_thought_of_hides_only_itself(folder: Path) -> None:
    odd = RecordedFeed(folder, without=RecordedFeed(folder).parts - {"logs"}, fails={"logs": ValueError("month 13")})
    source = live(folder, RecordedFeed(folder, without=frozenset({"logs"})), odd)
    health = {one.part: one for one in await source.check()}
    assert health["logs"].status is HealthStatus.LOST
    assert "logs were not understood (ValueError: month 13)" in health["logs"].detail
    assert health["metrics"].status is HealthStatus.OK
    await source.aclose()
