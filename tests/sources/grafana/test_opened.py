"""Alerts and changes lead to what shows them in Grafana."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

from compass.domain.telemetry import NativeQuery
from compass.sources.grafana import opened
from compass.sources.grafana.api import FoundAlert, FoundAnnotation, FoundSource, ManagedRule
from compass.sources.live.gathered import JsonObject

BASE = "https://grafana.example"
METRICS = FoundSource(uid="prom-1", name="Metrics", type="prometheus")
AT = "1970-01-01T10:00:00Z"
MINUTES = 60_000


def fired(name: str, at: str = AT) -> JsonObject:
    return {"labels": {"alertname": name}, "startsAt": at, "status": "firing"}


def range_of(url: str) -> tuple[str, str, str]:
    """The expression, and from when to when."""
    (pane,) = json.loads(parse_qs(urlsplit(url).query)["panes"][0]).values()
    return pane["queries"][0]["expr"], pane["range"]["from"], pane["range"]["to"]


def test_an_annotation_leads_to_its_panel_at_its_time() -> None:
    ten = 600 * MINUTES
    noted = [
        FoundAnnotation(id=1, time=ten, dashboard_uid="shop", panel_id=4),
        FoundAnnotation(id=2, time=ten, time_end=ten + 5 * MINUTES, dashboard_uid=""),
        FoundAnnotation(id=3, time=ten, dashboard_uid="../admin", panel_id=4),
    ]
    found = opened.changes(BASE, noted, METRICS)
    within = f"from={ten - 30 * MINUTES}&to={ten + 30 * MINUTES}"
    assert found["annotation-1"].url == f"{BASE}/d/shop?{within}&viewPanel=4"
    assert range_of(found["annotation-2"].url) == ("", str(ten - 30 * MINUTES), str(ten + 35 * MINUTES))
    assert range_of(found["annotation-3"].url)[0] == ""
    assert found["annotation-2"].text == "GET /api/annotations/2"


def test_without_metrics_an_annotation_of_no_dashboard_has_no_link() -> None:
    noted = [FoundAnnotation(id=1, time=MINUTES), FoundAnnotation(id=2, time=MINUTES, dashboard_uid="shop")]
    found = opened.changes(BASE, noted, None)
    assert found["annotation-1"].url == ""
    assert found["annotation-2"].url.startswith(f"{BASE}/d/shop?")


def test_an_alert_says_its_rule_by_label_or_by_address() -> None:
    labelled = FoundAlert(labels={"alertname": "Slow", "__alert_rule_uid__": "u-slow"})
    addressed = FoundAlert(
        labels={"alertname": "Full"}, generator_url="http://internal:3000/alerting/grafana/u-full/view"
    )
    external = FoundAlert(labels={"alertname": "Down"}, generator_url="http://prometheus:9090/graph?g0.expr=up")
    assert opened.uids([labelled, addressed, external]) == {"Slow": "u-slow", "Full": "u-full"}


def test_of_rules_with_one_name_none_is_claimed() -> None:
    now = [FoundAlert(labels={"alertname": "Slow", "__alert_rule_uid__": "u1"})]
    rules = [ManagedRule(name="Slow", uid="u2"), ManagedRule(name="Old", uid="u3"), ManagedRule(name="Untold")]
    uids = opened.uids(now, rules)
    assert uids == {"Slow": "", "Old": "u3"}
    found = opened.own_alerts(BASE, [fired("Slow"), fired("Old"), fired("Untold")], uids, METRICS)
    assert found["Old"].url == f"{BASE}/alerting/grafana/u3/view"
    for name in ("Slow", "Untold"):
        assert range_of(found[name].url) == ("", str(570 * MINUTES), str(630 * MINUTES))


def test_a_rule_of_prometheus_is_run_when_it_first_fired() -> None:
    alerts = [fired("Down", "1970-01-01T11:00:00Z"), fired("Down"), {"labels": {"alertname": "Odd"}, "startsAt": "?"}]
    queries = {name: NativeQuery(language="promql", text=f"up{{{name}}} == 0") for name in ("Down", "Odd")}
    found = opened.ruled_alerts(BASE, alerts, queries, METRICS)
    assert list(found) == ["Down"]
    assert range_of(found["Down"].url) == ("up{Down} == 0", str(570 * MINUTES), str(630 * MINUTES))
    assert found["Down"].text == "up{Down} == 0"
    assert opened.ruled_alerts(BASE, alerts, queries, None) == queries
