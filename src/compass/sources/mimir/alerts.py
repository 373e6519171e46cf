"""Which alerts fired, and when: Prometheus keeps a series `ALERTS` while one does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from compass.domain.telemetry import NativeQuery
from compass.domain.time import NS_PER_S, Window, rfc3339
from compass.redaction import redact
from compass.sources.live.gathered import JsonObject
from compass.sources.live.native import PROMQL
from compass.sources.mimir.api import FoundRule
from compass.sources.mimir.matchers import of_alerts
from compass.sources.mimir.samples import Measured

_FIRING = 'alertstate="firing"'
# Rules are evaluated every 15 s to a minute: an alert that is silent for five minutes has ended (and looked back for as
# long, as Prometheus does).
_OVER_NS = 300 * NS_PER_S
_OWN = ("__name__", "alertstate")
MOST_EXPRESSION = 2_000  # characters of a rule's expression that fit into an address


def alerts_query(matchers: str) -> str:
    """The series of what fires, of those alerts that matchers of metrics do not rule out."""
    return f"ALERTS{{{','.join(filter(None, (_FIRING, of_alerts(matchers))))}}}"


def alerts_of(fired: Measured, told: Mapping[str, Mapping[str, str]], window: Window) -> list[JsonObject]:
    """Alerts as Alertmanager gives them, each time one fired in `window`. `told` has annotations by alert name."""
    found: list[tuple[int, JsonObject]] = []
    usual = _interval_ns(fired)
    for number, labels in enumerate(fired.labels):
        times = np.unique(fired.time_ns[(fired.series == number) & (fired.time_ns >= window.start_ns)])
        plain = {name: value for name, value in labels.items() if name not in _OWN}
        for first, last in _stretches(times):
            over = last + _OVER_NS < window.end_ns if usual is None else last + 2 * usual < window.end_ns
            alert: JsonObject = {
                "labels": dict(plain), "annotations": dict(told.get(plain.get("alertname", ""), {})),
                "startsAt": rfc3339(first), "status": "resolved" if over else "firing",
            }  # fmt: skip
            if over:
                alert["endsAt"] = rfc3339(last)
            found.append((first, alert))
    return [alert for _, alert in sorted(found, key=lambda pair: (pair[0], str(pair[1])))]


def queries_of(names: Iterable[str], rules: Sequence[FoundRule]) -> dict[str, NativeQuery]:
    """By the name of an alert, the expression of its rule; or, where no rule, or more than one, is called so, or the
    expression is too long or holds what looks like a secret, the series that says when it fired."""
    found: dict[str, NativeQuery] = {}
    for name in names:
        expressions = {rule.query for rule in rules if rule.name == name}
        expression = expressions.pop() if len(expressions) == 1 else ""
        if not expression or len(expression) > MOST_EXPRESSION or redact(expression) != expression:
            expression = f"ALERTS{{alertname={json.dumps(name, ensure_ascii=False)}}}"
        found[name] = NativeQuery(language=PROMQL, text=expression)
    return found


def _interval_ns(fired: Measured) -> int | None:
    gaps = np.diff(fired.time_ns)[np.diff(fired.series) == 0]
    return int(np.median(gaps)) if gaps.size else None


def _stretches(times: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[tuple[int, int]]:
    if times.size == 0:
        return []
    breaks = np.flatnonzero(np.diff(times) > _OVER_NS)
    starts, ends = times[np.r_[0, breaks + 1]], times[np.r_[breaks, times.size - 1]]
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True)]
