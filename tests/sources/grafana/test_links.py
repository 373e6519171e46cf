"""Addresses are of the Grafana that is connected, whatever it says."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from compass.domain.telemetry import NativeQuery
from compass.domain.time import NS_PER_S, Window
from compass.sources.grafana import links
from compass.sources.grafana.api import FoundSource

BASE = "https://grafana.example/sub"
METRICS = FoundSource(uid="prom-1", name="Metrics", type="prometheus")
WINDOW = Window(start_ns=60 * NS_PER_S, end_ns=120 * NS_PER_S)
HOSTILE = ["../../login", "a b", "u?orgId=2", "x/../../y", "//evil.example", "u#f", "u%2f..", "a" * 41, "é", ""]


def pane(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "grafana.example", "/sub/explore")
    (found,) = json.loads(parse_qs(parts.query)["panes"][0]).values()
    assert isinstance(found, dict)
    return found


def test_explore_holds_any_query_and_nothing_else() -> None:
    text = 'sum(rate(x{a="b&c=d#e", p="/%20?"}[2m])) > 0 # "}&from=1'
    shown = pane(links.explore(BASE, METRICS, NativeQuery(language="promql", text=text), WINDOW))
    about = {"type": "prometheus", "uid": "prom-1"}
    assert shown == {
        "datasource": "prom-1", "queries": [{"refId": "A", "datasource": about, "expr": text}],
        "range": {"from": "60000", "to": "120000"},
    }  # fmt: skip


def test_explore_without_a_query_shows_the_time() -> None:
    shown = pane(links.explore(BASE, METRICS, None, WINDOW))
    assert shown["range"] == {"from": "60000", "to": "120000"}
    assert shown["queries"] == [{"refId": "A", "datasource": {"type": "prometheus", "uid": "prom-1"}, "expr": ""}]


def test_a_panel_of_a_dashboard() -> None:
    assert links.dashboard(BASE, "shop-1", 0, WINDOW) == f"{BASE}/d/shop-1?from=60000&to=120000"
    assert links.dashboard(BASE, "shop-1", 4, WINDOW) == f"{BASE}/d/shop-1?from=60000&to=120000&viewPanel=4"


@pytest.mark.parametrize("uid", HOSTILE)
def test_what_is_no_id_leads_nowhere(uid: str) -> None:
    assert links.dashboard(BASE, uid, 1, WINDOW) == ""
    assert links.rule(BASE, uid) == ""


def test_of_an_address_that_an_alert_brings_only_the_rule_is_taken() -> None:
    assert links.rule_in("https://elsewhere.example/alerting/grafana/abc-1/view?orgId=1") == "abc-1"
    assert links.rule(BASE, "abc-1") == f"{BASE}/alerting/grafana/abc-1/view"
    for address in ("http://prometheus:9090/graph?g0.expr=up", "javascript:alert(1)", "/alerting/grafana/a b/view", ""):
        assert links.rule_in(address) == ""


def test_around_what_lasts_is_all_of_it() -> None:
    at = 10_000 * NS_PER_S
    assert links.around(at) == Window(start_ns=at - links.AROUND_NS, end_ns=at + links.AROUND_NS)
    assert links.around(at, at + 60).end_ns == at + 60 + links.AROUND_NS
    assert links.around(at, 0) == links.around(at)
    assert links.around(5).start_ns == 0
