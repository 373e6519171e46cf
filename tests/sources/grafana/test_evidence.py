"""Every piece of evidence that something in Grafana shows, opens there: through a stand-in before a real Prometheus."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.observation import Observation
from compass.domain.telemetry import NativeQuery
from compass.entrypoints.clock import SystemClock
from compass.sources.http.ledger import Ledger
from compass.sources.live.source import LiveSource
from compass.sources.recording import RecordingSource
from tests.sources.conformance import ALL
from tests.sources.grafana.test_feed import feeding
from tests.sources.reference import SECONDS
from tests.support.boards import seen, service
from tests.support.grafana_answers import ActiveAlert, Annotation, Listed, Rule, RuleGroup
from tests.support.grafana_stand_in import TOKEN, GrafanaStandIn, grafana_stand_in
from tests.support.prometheus import needs_prometheus, prometheus
from tests.support.recordings import Series, ns, write_recording

pytestmark = needs_prometheus()
EXPRESSION = 'up{service_name="orders"} == 0'
RULES = f"groups: [{{name: g, rules: [{{alert: Down, expr: '{EXPRESSION}'}}]}}]"
FIRED = {"alertstate": "firing", "service_name": "orders"}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    series = [
        Series(name="ALERTS", labels={"alertname": "Down", **FIRED}, values=[1.0] * 10, first_s=600.0),
        Series(name="ALERTS", labels={"alertname": "Gone", **FIRED}, values=[1.0] * 10, first_s=600.0),
        Series(name="kube_pod_status_ready", labels={"namespace": "shop", "pod": "orders-1"}, values=[1.0] * 80),
    ]
    return write_recording(tmp_path_factory.mktemp("alerts") / "recording", seconds=SECONDS, series=series)


@pytest.fixture(scope="module")
def metrics_url(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus(tmp_path_factory.mktemp("prometheus") / "server", recording, rules=RULES) as url:
        yield url


@pytest.fixture
def stand_in(metrics_url: str) -> Iterator[GrafanaStandIn]:
    at = ns(590) // 10**6
    noted = [
        Annotation(id=7, time=at, text="orders 1.4", tags=["deploy"], dashboard_uid="shop", panel_id=4),
        Annotation(id=8, time=at, text="flag on", tags=["flag"]),
        Annotation(id=9, time=at, text="Old {service=web} - B=1", alert_id=3, new_state="Alerting"),
        Annotation(id=10, time=at + 60_000, text="Old {service=web} - B=0", alert_id=3, new_state="Normal"),
    ]
    slow = ActiveAlert(
        labels={"alertname": "Slow", "service_name": "web", "__alert_rule_uid__": "u-slow"}, annotations={},
        fingerprint="1", starts_at="2026-01-05T10:11:00Z", ends_at="2026-01-05T10:21:00Z",
        updated_at="2026-01-05T10:17:00Z",
    )  # fmt: skip
    with grafana_stand_in(
        Listed(uid="prom-1", name="Metrics", type="prometheus", url=metrics_url), annotations=noted, alerts=[slow],
        groups=[RuleGroup(name="g", rules=[Rule(uid="u-old", name="Old", state="normal")])],
    ) as made:  # fmt: skip
        yield made


@pytest.fixture
async def source(stand_in: GrafanaStandIn, recording: Path) -> AsyncIterator[LiveSource]:
    async with feeding(stand_in) as (feed, _):
        made = LiveSource("stack", [feed], RecordingSource.open(recording).incident(), SystemClock(), Ledger())
        await made.kept()
        yield made
        await made.aclose()


def of_alert(name: str) -> Observation:
    return seen("errors.up", service("orders"), series=f"alert|{name}|{service('orders').key}")


def of_change(number: int) -> Observation:
    change = f"annotation-{number}"
    return replace(seen("change.near", service("orders"), series=f"change|{change}"), change=change)


def explored(url: str) -> tuple[str, int, int]:
    """The expression, and from when to when in milliseconds."""
    (pane,) = json.loads(parse_qs(urlsplit(url).query)["panes"][0]).values()
    assert pane["datasource"] == "prom-1"
    return pane["queries"][0]["expr"], int(pane["range"]["from"]), int(pane["range"]["to"])


async def test_alerts_open_their_rule(source: LiveSource, stand_in: GrafanaStandIn) -> None:
    for name, uid in (("Slow", "u-slow"), ("Old", "u-old")):
        assert source.native(of_alert(name)).url == f"{stand_in.url}/alerting/grafana/{uid}/view"
    for name, expression in (("Down", EXPRESSION), ("Gone", 'ALERTS{alertname="Gone"}')):
        query = source.native(of_alert(name))
        assert (query.language, query.text) == ("promql", expression)
        found, start, end = explored(query.url)
        assert found == expression
        assert start < ns(600) // 10**6 < end
    unknown = of_alert("Never")
    assert source.native(unknown) == unknown.query


async def test_annotations_open_their_panel_or_their_time(source: LiveSource, stand_in: GrafanaStandIn) -> None:
    panel = urlsplit(source.native(of_change(7)).url)
    assert f"{panel.scheme}://{panel.netloc}{panel.path}" == f"{stand_in.url}/d/shop"
    assert parse_qs(panel.query)["viewPanel"] == ["4"]
    found, start, end = explored(source.native(of_change(8)).url)
    assert found == ""
    assert start < ns(590) // 10**6 < end
    unknown = of_change(99)
    assert source.native(unknown) == unknown.query


async def test_objects_open_where_metrics_show_them(source: LiveSource) -> None:
    pod = EntityRef(kind=EntityKind.POD, name="orders-1", namespace="shop")
    kubectl = NativeQuery(language="kubernetes", text="kubectl get pods -A")
    shown = replace(seen("k8s.not_ready", pod, series="kubernetes:Pod/shop/orders-1"), query=kubectl)
    query = source.native(shown)
    assert (query.language, query.text) == (kubectl.language, kubectl.text)
    assert explored(query.url) == (
        '{__name__=~"kube_pod_.+", namespace="shop", pod="orders-1"}', ALL.start_ns // 10**6, ALL.end_ns // 10**6,
    )  # fmt: skip
    hidden = replace(shown, series="kubernetes:Pod/shop/orders-2")
    assert source.native(hidden) == kubectl


async def test_every_address_is_of_this_grafana_and_without_its_token(
    source: LiveSource, stand_in: GrafanaStandIn
) -> None:
    seen_ = [*(of_alert(name) for name in ("Slow", "Old", "Down", "Gone")), of_change(7), of_change(8)]
    for query in map(source.native, seen_):
        assert query.url.startswith(f"{stand_in.url}/")
        assert TOKEN not in f"{query.url}{query.text}"


async def test_rules_are_asked_for_only_where_something_needs_them(stand_in: GrafanaStandIn, recording: Path) -> None:
    rules = "/api/prometheus/grafana/api/v1/rules"
    stand_in.annotations = []
    async with feeding(stand_in) as (feed, _):
        source = LiveSource("stack", [feed], RecordingSource.open(recording).incident(), SystemClock(), Ledger())
        await source.kept()
        assert rules not in stand_in.paths
        await source.aclose()


async def test_without_the_rules_an_alert_still_opens_at_its_time(stand_in: GrafanaStandIn, recording: Path) -> None:
    stand_in.fails["/api/prometheus/grafana"] = (403, b"{}")
    async with feeding(stand_in) as (feed, _):
        source = LiveSource("stack", [feed], RecordingSource.open(recording).incident(), SystemClock(), Ledger())
        await source.kept()
        found, start, end = explored(source.native(of_alert("Old")).url)
        assert (found, start < ns(590) // 10**6 < end) == ("", True)
        await source.aclose()
