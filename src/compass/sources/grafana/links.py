"""Addresses that open evidence in a browser: Explore, a dashboard's panel, an alert rule. Pure.

Every one begins with the address of the Grafana that is connected. Of what a server says only ids go in, and only where
they look like ids of Grafana; times and queries are percent-encoded.
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote, urlencode

from compass.domain.telemetry import NativeQuery
from compass.domain.time import NS_PER_S, Window
from compass.sources.grafana.api import FoundSource

AROUND_NS = 1800 * NS_PER_S
"""What is shown on each side of something that happened at one time: a first look, which Grafana lets people change."""
_MS = 1_000_000
_UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_RULE = re.compile(r"/alerting/grafana/([A-Za-z0-9_-]{1,40})/view")


def explore(base: str, source: FoundSource, query: NativeQuery | None, window: Window) -> str:
    """Explore with a query, or with none, on one data source over the window."""
    asked: dict[str, object] = {"refId": "A", "datasource": {"type": source.type, "uid": source.uid}}
    text = "" if query is None else query.text
    asked |= {"query": text, "queryType": "traceql"} if source.type == "tempo" else {"expr": text}
    start, end = _between(window)
    pane = {"datasource": source.uid, "queries": [asked], "range": {"from": start, "to": end}}
    panes = json.dumps({"compass": pane}, separators=(",", ":"))
    return f"{base}/explore?schemaVersion=1&panes={quote(panes, safe='')}"


def dashboard(base: str, uid: str, panel: int, window: Window) -> str:
    """A dashboard, or one panel of it (`panel` other than 0), over the window; "" where `uid` is no id."""
    if _UID.fullmatch(uid) is None:
        return ""
    start, end = _between(window)
    shown = [("from", start), ("to", end), *([("viewPanel", str(panel))] if panel > 0 else [])]
    return f"{base}/d/{uid}?{urlencode(shown)}"


def rule(base: str, uid: str) -> str:
    """What Grafana shows of an alert rule of its own, with its query and history; "" where `uid` is no id."""
    return f"{base}/alerting/grafana/{uid}/view" if _UID.fullmatch(uid) else ""


def rule_in(address: str) -> str:
    """The uid of the rule that an alert's `generatorURL` leads to; "" where it leads elsewhere."""
    found = _RULE.search(address)
    return "" if found is None else found[1]


def around(start_ns: int, end_ns: int = 0) -> Window:
    """A window to look at something that began at `start_ns`, and ended at `end_ns` where that is later."""
    return Window(start_ns=max(0, start_ns - AROUND_NS), end_ns=max(start_ns, end_ns) + AROUND_NS)


def _between(window: Window) -> tuple[str, str]:
    return str(window.start_ns // _MS), str(window.end_ns // _MS)
