"""Against a real Prometheus that was back-filled with a recording: the same answers as from disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from compass.domain.telemetry import SignalKind, SignalQuery
from compass.domain.time import Window
from compass.entrypoints.clock import SystemClock
from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError
from compass.ports.telemetry import Telemetry
from compass.redaction.secret import Secrets
from compass.sources.http.ledger import Ledger
from compass.sources.http.settings import Server
from compass.sources.live.connector import Means
from compass.sources.live.feed import Feed, Scope
from compass.sources.live.gathered import Metrics, Objects
from compass.sources.live.native import promql
from compass.sources.live.source import LiveSource
from compass.sources.mimir import CONNECTOR
from compass.sources.mimir.api import ENDPOINTS, HttpApi
from compass.sources.recording import RecordingSource
from tests.sources.as_recorded import LAB, assert_recorded, assert_same_shape, scope_of
from tests.sources.conformance import NO_DEADLINE, TelemetryConformance
from tests.support.prometheus import needs_prometheus, prometheus
from tests.support.recorded_feed import RecordedFeed
from tests.support.recordings import Series, histogram, write_recording

pytestmark = needs_prometheus()


@pytest.fixture(scope="module")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus(tmp_path_factory.mktemp("prometheus") / "lab", LAB) as url:
        yield url


def connected(url: str, ledger: Ledger | None = None, **options: object) -> Feed:
    means = Means(clock=SystemClock(), ledger=ledger or Ledger(), secrets=Secrets({}, Path()))
    return CONNECTOR.connect("metrics", {"type": "mimir", "url": url, **options}, means)


@asynccontextmanager
async def feeding(url: str, ledger: Ledger | None = None, **options: object) -> AsyncIterator[Feed]:
    feed = connected(url, ledger, **options)
    try:
        yield feed
    finally:
        await feed.aclose()


class TestPrometheus(TelemetryConformance):
    """Metrics from Prometheus, the rest as recorded."""

    @pytest.fixture
    async def telemetry(self, server: str, reference: Path) -> AsyncIterator[Telemetry]:
        others = RecordedFeed(reference, without=frozenset({"metrics"}))
        incident = RecordingSource.open(reference).incident()
        source = LiveSource("stack", [connected(server), others], incident, SystemClock(), Ledger())
        yield source
        await source.aclose()


def routes() -> list[Series]:
    """Two pods of one service with twenty routes each, a few of them failing from 600 s on; a restart at 900 s."""
    found: list[Series] = []
    for pod in ("shop-1", "shop-2"):
        for route in range(20):
            for code, share in (("200", 1.0), ("500", 0.2 if route < 3 else 0.0)):
                rows = [(30.0 * share + route, 5.0 * share, 1.0, 0.0)] * 40 + [(10.0, 20.0 * share, 4.0, 0.0)] * 40
                labels = {
                    "service_name": "shop",
                    "pod": pod,
                    "http_route": f"/r{route}",
                    "http_response_status_code": code,
                }
                found += histogram("http_server_request_duration_seconds", labels, (0.1, 0.2, 0.4), rows, mean_s=0.1)
    return found


async def test_summed_at_the_server_says_the_same_in_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = write_recording(tmp_path / "routes", seconds=1200, series=routes())
    incident = RecordingSource.open(recording).incident()
    kinds = frozenset({SignalKind.LATENCY, SignalKind.TRAFFIC, SignalKind.ERRORS})
    query = SignalQuery(kinds=kinds, window=incident.window)
    tables, moved = [], []
    with prometheus(tmp_path / "server", recording) as url:
        for points, chunk in ((1_000_000, 150_000), (10_000, 150_000), (10_000, 500)):
            monkeypatch.setattr("compass.sources.mimir.plan.CHUNK_POINTS", chunk)
            ledger = Ledger()
            source = LiveSource("stack", [connected(url, ledger, points=points)], incident, SystemClock(), ledger)
            tables.append((await source.series(query, deadline=NO_DEADLINE)).data)
            moved.append(ledger.size)
            await source.aclose()
    exact, *others = ({row.key: table.values[i] for i, row in enumerate(table.rows)} for table in tables)
    assert moved[1] < moved[0] / 5
    for summed in others:
        assert exact.keys() == summed.keys()
        for key, values in exact.items():
            # The first step has one sample before it in the raw series and none here.
            both = np.isfinite(values[2:]) & np.isfinite(summed[key][2:])
            assert both.sum() > 70
            np.testing.assert_allclose(summed[key][2:][both], values[2:][both], rtol=0.01, atol=1e-9, err_msg=key)


@pytest.mark.parametrize("chunk", [150_000, 2_000])
async def test_exactly_what_was_recorded_comes_back(
    lab_server: str, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a few large answers, and in many small ones of parts of the window."""
    monkeypatch.setattr("compass.sources.mimir.plan.CHUNK_POINTS", chunk)
    async with feeding(lab_server) as feed:
        gathered = await feed.gather("metrics", scope_of(LAB, exact=True), deadline=Deadline())
    assert isinstance(gathered.data, Metrics)
    assert gathered.missing == ()
    assert_recorded(gathered.data, LAB)


@pytest.mark.parametrize("points", [20_000, 40_000])
async def test_less_room_gives_the_same_shape(lab_server: str, points: int) -> None:
    """Summed counters and longer steps: medians over the window stay within a few per cent of the exact ones."""
    incident = RecordingSource.open(LAB).incident()
    query = SignalQuery(kinds=frozenset({SignalKind.TRAFFIC, SignalKind.MEMORY}), window=incident.window, step_s=20.0)
    tables = []
    for given in (5_000_000, points):
        source = LiveSource("stack", [connected(lab_server, points=given)], incident, SystemClock(), Ledger())
        tables.append((await source.series(query, deadline=NO_DEADLINE)).data)
        await source.aclose()
    assert_same_shape(*tables)


async def test_queries_for_a_person_are_understood_by_the_server(lab_server: str) -> None:
    """Every row's query is valid PromQL, and nearly all give something."""
    incident = RecordingSource.open(LAB).incident()
    source = LiveSource("stack", [connected(lab_server)], incident, SystemClock(), Ledger())
    table = (
        await source.series(SignalQuery(kinds=frozenset(SignalKind), window=incident.window), deadline=NO_DEADLINE)
    ).data
    kept = await source.kept()
    means = Means(clock=SystemClock(), ledger=Ledger(), secrets=Secrets({}, Path()))
    api = HttpApi(means.client(Server(name="prometheus", url=lab_server), ENDPOINTS))
    gave = 0
    for row in table.rows[::5]:
        query = promql(row, kept.metric_labels)
        gave += bool((await api.instant(query.text, incident.window.end_ns, deadline=NO_DEADLINE)).labels)
    assert gave >= 0.95 * len(table.rows[::5])
    await api.aclose()
    await source.aclose()


async def test_few_requests_and_bytes(lab_server: str) -> None:
    ledger = Ledger()
    async with feeding(lab_server, ledger) as feed:
        await feed.gather("metrics", scope_of(LAB), deadline=Deadline())
        await feed.gather("alerts", scope_of(LAB), deadline=Deadline())
    assert ledger.requests <= 5
    assert ledger.size < 400_000


async def test_only_what_matchers_allow_is_moved(lab_server: str) -> None:
    async with feeding(lab_server, matchers='{service_name="checkout"}') as feed:
        gathered = await feed.gather("metrics", scope_of(LAB), deadline=Deadline())
    assert isinstance(gathered.data, Metrics)
    assert {labels.get("service_name") for labels in gathered.data.labels} == {"checkout"}


FIRED = (
    {"alertname": "Own", "namespace": "shop", "cluster": "eu.1"}, {"alertname": "Others", "namespace": "bank"},
    {"alertname": "Summed"}, {"alertname": "Odd", "namespace": "shop+2", "cluster": "eux1"},
)  # fmt: skip


@pytest.fixture(scope="module")
def alerting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server whose rules fired in several namespaces."""
    folder = tmp_path_factory.mktemp("alerting")
    fired = [Series(name="ALERTS", labels={"alertstate": "firing", **labels}, values=[1.0] * 40) for labels in FIRED]
    recording = write_recording(folder / "recording", seconds=600, series=fired)
    with prometheus(folder / "server", recording) as url:
        yield url, recording


@pytest.mark.parametrize(
    ("matchers", "names"),
    [
        ("", {"Own", "Others", "Summed", "Odd"}),
        ('{namespace="shop"}', {"Own", "Summed"}),
        ("{namespace='shop'}", {"Own", "Summed"}),
        ('{namespace=~"shop|none"}', {"Own", "Summed"}),
        ("{namespace=~`shop.*`}", {"Own", "Summed", "Odd"}),
        ('{namespace="shop+2"}', {"Summed", "Odd"}),
        ('{cluster="eu.1"}', {"Own", "Others", "Summed"}),
        ('{namespace!="bank"}', {"Own", "Summed", "Odd"}),
        ('{namespace!~"b.*"}', {"Own", "Summed", "Odd"}),
        ('{namespace!=""}', {"Own", "Others", "Summed", "Odd"}),
        ('{namespace=""}', {"Summed"}),
        ('{namespace=~"shop.*", cluster=~"eu[.]1"}', {"Own", "Summed"}),
    ],
)
async def test_alerts_are_bound_by_the_labels_they_have(
    alerting: tuple[str, Path], matchers: str, names: set[str]
) -> None:
    """A rule that sums its labels away may be about what the matchers select."""
    url, recording = alerting
    async with feeding(url, matchers=matchers) as feed:
        gathered = await feed.gather("alerts", scope_of(recording), deadline=Deadline())
    assert isinstance(gathered.data, Objects)
    labels = [one["labels"] for one in gathered.data.objects]
    assert {one["alertname"] for one in labels if isinstance(one, dict)} == names


async def test_what_is_left_out_is_named(lab_server: str) -> None:
    async with feeding(lab_server, points=3_000) as feed:
        gathered = await feed.gather("metrics", scope_of(LAB), deadline=Deadline())
    assert any("were not moved" in note for note in gathered.missing)


async def test_a_bad_matcher_is_the_servers_word(lab_server: str) -> None:
    async with feeding(lab_server, matchers="{service_name=}") as feed:
        for part in ("metrics", "alerts"):
            with pytest.raises(SourceRefusedError, match="rejects the query"):
                await feed.gather(part, scope_of(LAB), deadline=Deadline())


async def test_a_look_is_a_real_read(lab_server: str) -> None:
    async with feeding(lab_server) as feed:
        found = await feed.look("metrics", deadline=Deadline())
        assert found.figures["series"] == "0"  # the recording is of long ago
        assert found.hints
        assert "0 alerting rules" in (await feed.look("alerts", deadline=Deadline())).detail


async def test_an_empty_window_is_empty(lab_server: str) -> None:
    window = Window(start_ns=10**18, end_ns=10**18 + 600 * 10**9)
    async with feeding(lab_server) as feed:
        gathered = await feed.gather("metrics", Scope(window=window, detected_ns=window.end_ns), deadline=Deadline())
    assert isinstance(gathered.data, Metrics)
    assert gathered.data.names == []
