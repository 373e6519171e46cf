"""What leads a person to one alert or one change in the Grafana that told of it. Pure.

An alert of Grafana's own rules leads to the rule, one of Prometheus' rules to what the rule computes, in Explore around
when it fired; an annotation to the dashboard or panel it stands on, else to Explore on metrics at its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from compass.domain.telemetry import NativeQuery
from compass.domain.time import Window
from compass.sources.grafana import links
from compass.sources.grafana.api import FoundAlert, FoundAnnotation, FoundSource, ManagedRule
from compass.sources.live.gathered import JsonObject
from compass.sources.recording.jsonfiles import time_of

_LANGUAGE = "grafana"
_RULE_LABEL = "__alert_rule_uid__"
_MS = 1_000_000


def changes(base: str, noted: Iterable[FoundAnnotation], metrics: FoundSource | None) -> dict[str, NativeQuery]:
    """By the id of a change (see `told.changes_of`), what opens its annotation."""
    found: dict[str, NativeQuery] = {}
    for one in noted:
        when = links.around(one.time * _MS, one.time_end * _MS)
        url = links.dashboard(base, one.dashboard_uid, one.panel_id, when) if one.dashboard_uid else ""
        found[f"annotation-{one.id}"] = NativeQuery(
            language=_LANGUAGE, text=f"GET /api/annotations/{one.id}", url=url or _at(base, metrics, when)
        )
    return found


def uids(now: Iterable[FoundAlert], rules: Iterable[ManagedRule] = ()) -> dict[str, str]:
    """By the name of an alert the uid of its rule, "" where several rules are called so."""
    found: dict[str, set[str]] = {}
    for alert in now:
        uid = alert.labels.get(_RULE_LABEL, "") or links.rule_in(alert.generator_url)
        if uid:
            found.setdefault(alert.labels.get("alertname", ""), set()).add(uid)
    for rule in rules:
        if rule.uid:
            found.setdefault(rule.name, set()).add(rule.uid)
    return {name: next(iter(those)) if len(those) == 1 else "" for name, those in found.items()}


def own_alerts(
    base: str, alerts: Sequence[JsonObject], uid_of: Mapping[str, str], metrics: FoundSource | None
) -> dict[str, NativeQuery]:
    """By the name of an alert of Grafana's own rules, what opens its rule."""
    found: dict[str, NativeQuery] = {}
    for name, when in _times(alerts).items():
        url = links.rule(base, uid_of.get(name, ""))
        text = f"the alert rule {uid_of[name]}" if url else "alerts of Grafana's Alertmanager"
        found[name] = NativeQuery(language=_LANGUAGE, text=text, url=url or _at(base, metrics, when))
    return found


def ruled_alerts(
    base: str, alerts: Sequence[JsonObject], queries: Mapping[str, NativeQuery], metrics: FoundSource | None
) -> dict[str, NativeQuery]:
    """By the name of an alert of Prometheus' rules, its query with the address that runs it when the alert fired."""
    times = _times(alerts)
    if metrics is None:
        return dict(queries)
    return {
        name: NativeQuery(
            language=query.language, text=query.text, url=links.explore(base, metrics, query, times[name])
        )
        for name, query in queries.items() if name in times
    }  # fmt: skip


def names_of(alerts: Iterable[JsonObject]) -> frozenset[str]:
    """What alerts are called."""
    return frozenset(_name(alert) for alert in alerts)


def _times(alerts: Iterable[JsonObject]) -> dict[str, Window]:
    """By name, what is around the first time that an alert fired."""
    found: dict[str, int] = {}
    for alert in alerts:
        start = time_of(alert.get("startsAt"))
        if start is not None:
            found[_name(alert)] = min(start, found.get(_name(alert), start))
    return {name: links.around(start) for name, start in found.items()}


def _name(alert: JsonObject) -> str:
    labels = alert.get("labels")
    return str(labels.get("alertname", "")) if isinstance(labels, dict) else ""


def _at(base: str, metrics: FoundSource | None, when: Window) -> str:
    return "" if metrics is None else links.explore(base, metrics, None, when)
