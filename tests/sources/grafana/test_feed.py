"""Through a stand-in Grafana that proxies to a real Prometheus."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from compass.domain.telemetry import HealthStatus, NativeQuery, SignalKind, SignalQuery
from compass.entrypoints.clock import SystemClock
from compass.ports.clock import Deadline
from compass.ports.errors import ConfigurationError, SourceRefusedError
from compass.ports.telemetry import Telemetry
from compass.redaction.secret import Secrets
from compass.sources.grafana import CONNECTOR
from compass.sources.grafana.api import ENDPOINTS
from compass.sources.http.ledger import Ledger
from compass.sources.live.connector import Means, connectors
from compass.sources.live.feed import Feed, Linked, NothingThereError, Scope
from compass.sources.live.gathered import Metrics, Objects
from compass.sources.live.source import LiveSource
from compass.sources.recording import RecordingSource
from tests.sources.conformance import ALL, NO_DEADLINE, TelemetryConformance
from tests.support.grafana_answers import ActiveAlert, Annotation, Listed
from tests.support.grafana_stand_in import TOKEN, GrafanaStandIn, grafana_stand_in
from tests.support.prometheus import needs_prometheus
from tests.support.recorded_feed import RecordedFeed
from tests.support.recordings import ns

pytestmark = needs_prometheus()


@pytest.fixture
def stand_in(server: str) -> Iterator[GrafanaStandIn]:
    source = Listed(uid="prom-1", name="Metrics", type="prometheus", url=server)
    noted = Annotation(id=7, time=ns(590) // 10**6, text="orders 1.4", tags=["deploy", "service:orders"])
    firing = ActiveAlert(
        labels={"alertname": "Slow", "service_name": "web"}, annotations={}, fingerprint="1",
        starts_at="2026-01-05T10:11:00Z", ends_at="2026-01-05T10:21:00Z", updated_at="2026-01-05T10:17:00Z",
    )  # fmt: skip
    with grafana_stand_in(source, annotations=[noted], alerts=[firing]) as made:
        yield made


@asynccontextmanager
async def feeding(
    stand_in: GrafanaStandIn, token: str = TOKEN, **options: object
) -> AsyncIterator[tuple[Feed, Ledger]]:
    ledger = Ledger()
    means = Means(clock=SystemClock(), ledger=ledger, secrets=Secrets({"T": token}, Path()))
    table = {"type": "grafana", "url": stand_in.url, "token": "env:T", **options}
    feed = CONNECTOR.connect("grafana", table, means)
    try:
        yield feed, ledger
    finally:
        await feed.aclose()


SCOPE = Scope(window=ALL, detected_ns=ns(700))


class TestGrafana(TelemetryConformance):
    """Metrics, alerts and changes through Grafana; the rest as recorded."""

    @pytest.fixture
    async def telemetry(self, stand_in: GrafanaStandIn, reference: Path) -> AsyncIterator[Telemetry]:
        others = RecordedFeed(reference, without=frozenset({"metrics", "alerts", "changes"}))
        async with feeding(stand_in) as (feed, ledger):
            source = LiveSource(
                "stack", [feed, others], RecordingSource.open(reference).incident(), SystemClock(), ledger
            )
            yield source
            await source.aclose()


async def test_what_it_has_is_asked_once(stand_in: GrafanaStandIn) -> None:
    async with feeding(stand_in) as (feed, _):
        metrics = await feed.gather("metrics", SCOPE, deadline=NO_DEADLINE)
        alerts = await feed.gather("alerts", SCOPE, deadline=NO_DEADLINE)
        changes = await feed.gather("changes", SCOPE, deadline=NO_DEADLINE)
    assert isinstance(metrics.data, Metrics)
    assert metrics.data.names
    assert isinstance(alerts.data, Objects)
    assert [one["labels"]["alertname"] for one in alerts.data.objects] == ["Slow"]  # type: ignore[index,call-overload]
    assert isinstance(changes.data, Objects)
    assert [one["service"] for one in changes.data.objects] == ["orders"]
    assert stand_in.paths.count("/api/datasources") == 1
    assert all(one.method == "GET" or "/proxy/uid/prom-1/api/v1/" in one.path for one in stand_in.asked)


async def test_what_is_not_there_is_not_connected(stand_in: GrafanaStandIn, reference: Path) -> None:
    async with feeding(stand_in) as (feed, ledger):
        with pytest.raises(NothingThereError, match="no data source of type loki"):
            await feed.gather("logs", SCOPE, deadline=NO_DEADLINE)
        source = LiveSource("stack", [feed], RecordingSource.open(reference).incident(), SystemClock(), ledger)
        health = {one.part: one.status for one in await source.check()}
        assert health["logs"] is health["traces"] is HealthStatus.NOT_CONNECTED
        assert health["metrics"] is HealthStatus.OK
        await source.aclose()


async def test_of_several_the_team_chooses_by_name(stand_in: GrafanaStandIn, server: str) -> None:
    first = Listed(uid="prom-1", name="Metrics", type="prometheus", url=server)
    other = Listed(id=2, uid="prom-2", name="Other", type="prometheus", url=server)
    with grafana_stand_in(first, other) as two:
        async with feeding(two) as (feed, _):
            with pytest.raises(
                SourceRefusedError, match="has 2 data sources of type prometheus: Metrics, Other"
            ) as error:
                await feed.gather("metrics", SCOPE, deadline=NO_DEADLINE)
            assert 'metrics = "NAME"' in error.value.hint
        for wanted in ("Other", "prom-2"):
            async with feeding(two, metrics=wanted) as (feed, _):
                found = await feed.look("metrics", deadline=NO_DEADLINE)
                assert found.figures["uid"] == "prom-2"
        async with feeding(two, metrics="Third") as (feed, _):
            with pytest.raises(SourceRefusedError, match="no data source 'Third'"):
                await feed.gather("metrics", SCOPE, deadline=NO_DEADLINE)


async def test_a_wrong_token_is_told_without_it(stand_in: GrafanaStandIn) -> None:
    wrong = "glsa_wrong_canary_000000000000"
    async with feeding(stand_in, token=wrong) as (feed, ledger):
        with pytest.raises(SourceRefusedError, match="does not accept the credentials") as error:
            await feed.gather("metrics", SCOPE, deadline=NO_DEADLINE)
    assert wrong not in f"{error.value!s} {error.value!r} {ledger}"


async def test_its_own_alerts_may_be_out_of_sight(stand_in: GrafanaStandIn) -> None:
    stand_in.fails["/api/alertmanager"] = (403, b'{"message": "no access"}')
    async with feeding(stand_in) as (feed, _):
        alerts = await feed.gather("alerts", SCOPE, deadline=NO_DEADLINE)
    assert any("alerts of Grafana itself" in note for note in alerts.missing)


async def test_alerts_are_seen_as_far_as_they_may_be(stand_in: GrafanaStandIn) -> None:
    for path, status, said in (
        ("/api/annotations", 403, "the history of Grafana's alerts: does not allow this (403)"),
        ("/api/alertmanager", 404, "alerts of Grafana itself: does not know this (404)"),
        ("/api/datasources", 403, "alerts of its Prometheus: does not allow this (403)"),
    ):
        stand_in.fails = {path: (status, b"{}")}
        async with feeding(stand_in) as (feed, _):
            alerts = await feed.gather("alerts", SCOPE, deadline=NO_DEADLINE)
        assert any(note.startswith(said) for note in alerts.missing)
    stand_in.fails = {"/api": (403, b"{}")}
    async with feeding(stand_in) as (feed, _):
        with pytest.raises(SourceRefusedError, match=r"does not allow this \(403\)"):
            await feed.gather("alerts", SCOPE, deadline=NO_DEADLINE)


async def test_evidence_opens_in_explore(stand_in: GrafanaStandIn, reference: Path) -> None:
    incident = RecordingSource.open(reference).incident()
    async with feeding(stand_in) as (feed, ledger):
        assert isinstance(feed, Linked)
        query = NativeQuery(language="promql", text='up{a="b&c"}')
        assert feed.explore(query, ALL) == ""  # it is not known yet who answers
        source = LiveSource("stack", [feed], incident, SystemClock(), ledger)
        await source.series(SignalQuery(kinds=frozenset({SignalKind.MEMORY}), window=ALL), deadline=NO_DEADLINE)
        link = urlsplit(feed.explore(query, ALL))
        await source.aclose()
    assert link.path == "/explore"
    (pane,) = json.loads(parse_qs(link.query)["panes"][0]).values()
    assert pane["queries"][0]["expr"] == query.text
    assert pane["datasource"] == "prom-1"
    assert pane["range"] == {"from": str(ALL.start_ns // 10**6), "to": str(ALL.end_ns // 10**6)}


def test_arbitrary_queries_of_grafana_cannot_be_asked() -> None:
    allowed = [(one.method, one.path) for one in ENDPOINTS]
    assert all(method == "GET" for method, _ in allowed)
    assert not any("ds/query" in path for _, path in allowed)
    assert "grafana" in connectors()


async def test_options_of_a_data_source_are_checked_at_once(stand_in: GrafanaStandIn) -> None:
    with pytest.raises(ConfigurationError, match="matcherz"):
        async with feeding(stand_in, metrics_options={"matcherz": "x"}):
            pass
    async with feeding(stand_in, metrics_options={"matchers": '{service_name="web"}'}) as (feed, _):
        gathered = await feed.gather("metrics", SCOPE, deadline=Deadline())
    assert isinstance(gathered.data, Metrics)
    assert {labels["service_name"] for labels in gathered.data.labels} == {"web"}
