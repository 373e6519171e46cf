"""Alerts of Grafana's own rules, from what it notes when their states change. Pure.

It writes each change as an annotation whose text is `Title {name=value, name=value} - B=1.000000`
(pkg/services/ngalert/state/historian of Grafana): the rule and the labels of the one that fired are in no field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from compass.domain.time import Window, rfc3339
from compass.redaction import bound, redact
from compass.sources.grafana.api import FoundAnnotation
from compass.sources.live.gathered import JsonObject

MS_NS = 1_000_000
MOST_TEXT = 500
_TEXT = re.compile(r"(?P<title>[^{}]{0,300}?) ?\{(?P<labels>[^{}]{0,4000})\} - ")
_PAIR = re.compile(r"(?:^|, )(?P<name>[A-Za-z_][\w.-]{0,200})=")
_FIRES = re.compile(r"alerting|firing", re.IGNORECASE)
_RESTS = re.compile(r"normal|ok|resolved", re.IGNORECASE)


class FoundRule(msgspec.Struct):
    """A rule of Grafana's own, and its state now."""

    title: str = ""
    state: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None

    @property
    def firing(self) -> bool:
        return self.state == "firing"


@dataclass(frozen=True, slots=True)
class _Began:
    at_ms: int
    title: str
    labels: Mapping[str, str]


def alerts_of(
    noted: Iterable[FoundAnnotation], rules: Sequence[FoundRule], window: Window
) -> tuple[list[JsonObject], list[str]]:
    """(alerts that fired in the window, as Alertmanager has them; rules that fire and of which no beginning is noted).

    `noted` may begin before the window: what fires in it may have begun then.
    """
    by_title = {rule.title: rule for rule in rules}
    began: dict[tuple[object, ...], _Began] = {}
    found: list[JsonObject] = []
    for one in sorted(noted, key=lambda note: (note.time, note.id)):
        if one.time * MS_NS > window.end_ns or not (one.alert_id or one.new_state):
            continue
        title, labels = said_of(one)
        key = one.alert_id, title, *sorted(labels.items())
        if _FIRES.search(one.new_state):
            began.setdefault(key, _Began(one.time, title, labels))
        elif _RESTS.search(one.new_state) and key in began:
            found.append(_object(began.pop(key), by_title, ended_ms=one.time))
    for start in began.values():
        rule = by_title.get(start.title)
        # A rule that rests by now, without a word of when: it is known to have fired, and no more.
        found.append(_object(start, by_title, ended_ms=None if rule is not None and rule.firing else start.at_ms))
    fires = {start.title for start in began.values()}
    begin = rfc3339(window.start_ns // MS_NS * MS_NS)
    return (
        [alert for alert in found if str(alert.get("endsAt", begin)) >= begin],
        sorted(rule.title for rule in rules if rule.firing and rule.title not in fires),
    )


def said_of(note: FoundAnnotation) -> tuple[str, dict[str, str]]:
    """The title of the rule and the labels of what fired; texts are anybody's: bounded, and without secrets."""
    inside = _TEXT.match(note.text)
    if inside is None:
        return _plain(note.alert_name) or "alert", {}
    pairs = redact(inside["labels"])  # with their names: some say that a secret follows
    marks = list(_PAIR.finditer(pairs))
    ends = [*(mark.start() for mark in marks[1:]), len(pairs)][: len(marks)]
    labels = {mark["name"]: _plain(pairs[mark.end() : end]) for mark, end in zip(marks, ends, strict=True)}
    return _plain(inside["title"]) or _plain(note.alert_name) or "alert", labels


def _object(began: _Began, rules: Mapping[str, FoundRule], ended_ms: int | None) -> JsonObject:
    rule = rules.get(began.title, FoundRule())
    alert: JsonObject = {
        "labels": {**(rule.labels or {}), **began.labels, "alertname": began.title},
        "annotations": dict(rule.annotations or {}), "startsAt": rfc3339(began.at_ms * MS_NS),
        "status": "firing" if ended_ms is None else "resolved",
    }  # fmt: skip
    if ended_ms is not None:
        alert["endsAt"] = rfc3339(ended_ms * MS_NS)
    return alert


def _plain(text: str) -> str:
    return bound(redact(" ".join(text.split())), MOST_TEXT)
