"""Annotations as changes and as the history of alerts. Pure. Texts are anybody's: bounded, without markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from compass.domain.time import Window, rfc3339
from compass.redaction import bound, redact
from compass.sources.grafana import history
from compass.sources.grafana.api import FoundAlert, FoundAnnotation
from compass.sources.grafana.history import FoundRule
from compass.sources.live.gathered import JsonObject

MOST_TEXT = 500
_MS = history.MS_NS
_MARKUP = re.compile(r"<[^<>]{0,500}>")
# Words by which annotations say what sort of change they note → the kind of change.
_KINDS = {
    "deploy": "deploy", "deployed": "deploy", "deployment": "deploy", "release": "deploy", "released": "deploy",
    "rollout": "deploy", "rollback": "deploy", "upgrade": "deploy", "config": "config", "configuration": "config",
    "settings": "config", "migration": "config", "flag": "flag", "flags": "flag", "feature-flag": "flag",
    "featureflag": "flag", "toggle": "flag", "scale": "scale", "scaled": "scale", "scaling": "scale",
    "maintenance": "maintenance", "failover": "failover", "chaos": "experiment", "experiment": "experiment",
}  # fmt: skip
_WORD = re.compile(r"[a-z][a-z-]{2,30}")
_PAIR = re.compile(r"^\s*([\w./-]{1,40})\s*[:=]\s*(\S.{0,200}?)\s*$")
_SERVICE_TAGS = ("service", "service_name", "app", "application", "component", "workload", "deployment")


def changes_of(annotations: Iterable[FoundAnnotation], window: Window) -> list[JsonObject]:
    """Annotations that people or programs made, oldest first. Grafana's own notes about alerts are no changes."""
    found: list[tuple[int, JsonObject]] = []
    for one in annotations:
        if _of_alert(one) or not one.time or one.time * _MS > window.end_ns:
            continue
        tags = [_plain(tag) for tag in one.tags or ()]
        named = {str(pair[1]): str(pair[2]) for tag in tags if (pair := _PAIR.match(tag)) is not None}
        text = _plain(one.text)
        change: JsonObject = {
            "time": rfc3339(one.time * _MS), "kind": _kind(named.get("kind", ""), tags, text),
            "id": f"annotation-{one.id}", "summary": text or ", ".join(tags) or "an annotation",
            "attributes": {"tags": ", ".join(tags), **named},
        }  # fmt: skip
        service = next((named[tag] for tag in _SERVICE_TAGS if tag in named), None)
        if service is not None:
            change["service"] = service
        found.append((one.time, change))
    return [change for _, change in sorted(found, key=lambda pair: (pair[0], str(pair[1]["id"])))]


def _kind(said: str, tags: Sequence[str], text: str) -> str:
    """By the tags first, else by the first words of the text; `change` where neither tells."""
    words = [said.lower(), *(tag.lower() for tag in tags), *_WORD.findall(text.lower())[:12]]
    return next((_KINDS[word] for word in words if word in _KINDS), "change")


def alerts_of(now: Iterable[FoundAlert], annotations: Iterable[FoundAnnotation], window: Window) -> list[JsonObject]:
    """Alerts that fire now, and earlier ones as far as Grafana noted when their state changed."""
    found: list[JsonObject] = []
    current: list[FoundRule] = []
    for one in now:
        state = "suppressed" if one.status.state == "suppressed" else "firing"
        current.append(FoundRule(title=one.labels.get("alertname", ""), state="firing"))
        found.append({"labels": dict(one.labels), "annotations": dict(one.annotations), "startsAt": one.starts_at,
                      "status": state})  # fmt: skip
    noted, _ = history.alerts_of(annotations, current, window)
    return [*found, *(alert for alert in noted if alert["status"] == "resolved")]


def _of_alert(one: FoundAnnotation) -> bool:
    return bool(one.alert_id or one.new_state)


def _plain(text: str) -> str:
    return bound(redact(" ".join(html.unescape(_MARKUP.sub(" ", text)).split())), MOST_TEXT)
