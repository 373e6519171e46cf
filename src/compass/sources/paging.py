"""A page as the webhooks of Alertmanager and Grafana send it, or an alert as a source gathered it.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config; Grafana has the same fields, and more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from compass.domain.incident import Severity
from compass.ports.errors import BadInputError
from compass.redaction import bound, redact
from compass.signals.catalogue import About
from compass.signals.entity_facts import EntityIndexBuilder
from compass.sources.recording.jsonfiles import time_of

MOST_TEXT = 500
# Words of usual severity labels. A team's own (P1, sev-2) are read by their digit.
_WORDS = {
    "critical": Severity.SEV1, "page": Severity.SEV1, "emergency": Severity.SEV1, "disaster": Severity.SEV1,
    "error": Severity.SEV2, "high": Severity.SEV2, "major": Severity.SEV2,
    "warning": Severity.SEV3, "average": Severity.SEV3, "medium": Severity.SEV3,
    "info": Severity.SEV4, "low": Severity.SEV4, "minor": Severity.SEV4,
}  # fmt: skip
_DIGITS = {"1": Severity.SEV1, "2": Severity.SEV2, "3": Severity.SEV3, "4": Severity.SEV4}


class _Alert(msgspec.Struct, rename="camel"):
    status: str = "firing"
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    starts_at: str = ""
    generator_url: str = msgspec.field(name="generatorURL", default="")


class _Payload(msgspec.Struct, rename="camel"):
    alerts: list[_Alert]
    common_labels: dict[str, str] = {}
    common_annotations: dict[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What somebody was paged for. Texts are bounded and without secrets; none of them is trusted."""

    title: str
    symptom: str
    service: str | None
    severity: Severity
    starts_ns: int | None
    runbook: str = ""
    others: int = 0  # alerts in the same page
    firing: bool = True  # or it is over


def read_page(text: bytes, where: str) -> Page:
    """The first alert that fires in a webhook's payload. Raises BadInputError with an example of what is understood."""
    try:
        payload = msgspec.json.decode(text, type=_Payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"this is no payload of Alertmanager's or Grafana's webhook: {error}", where=where,
            hint='{"alerts": [{"status": "firing", "labels": {"alertname": "Slow", "service": "checkout"}, '
            '"annotations": {"summary": "..."}, "startsAt": "2026-11-25T10:00:00Z"}]}',
        ) from error  # fmt: skip
    firing = [alert for alert in payload.alerts if alert.status != "resolved"] or payload.alerts
    if not firing:
        raise BadInputError("it holds no alert", where=where)
    first = min(firing, key=lambda alert: (time_of(alert.starts_at) or 0, sorted(alert.labels.items())))
    labels = {**payload.common_labels, **first.labels}
    annotations = {**payload.common_annotations, **first.annotations}
    return page_of(labels, annotations, time_of(first.starts_at), others=len(firing) - 1,
                   firing=first.status != "resolved")  # fmt: skip


def page_of(
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    starts_ns: int | None,
    *,
    others: int = 0,
    firing: bool = True,
) -> Page:
    """A page from one alert."""
    name = labels.get("alertname", "alert")
    service = service_of(labels)
    summary = annotations.get("summary") or annotations.get("title") or annotations.get("message") or ""
    told = annotations.get("description") or summary
    title = summary or (f"{name}: {service}" if service else name)
    return Page(
        title=_plain(title), symptom=_plain(told or name), service=service, severity=severity_of(labels),
        starts_ns=starts_ns, runbook=_plain(annotations.get("runbook_url") or annotations.get("runbook") or ""),
        others=others, firing=firing,
    )  # fmt: skip


def service_of(labels: Mapping[str, str]) -> str | None:
    """The service that labels are about, as series with such labels are understood."""
    builder = EntityIndexBuilder()
    builder.add_labels(labels)
    found = builder.build().of_labels(labels, About.LABELS)
    return found.service.name if found is not None else None


def severity_of(labels: Mapping[str, str]) -> Severity:
    """The severity that a label states, in words or as a number; UNKNOWN where none does."""
    said = (labels.get("severity") or labels.get("priority") or "").strip().lower()
    digits = [char for char in said if char.isdigit()]
    return _WORDS.get(said) or (_DIGITS.get(digits[0], Severity.UNKNOWN) if digits else Severity.UNKNOWN)


def _plain(text: str) -> str:
    return bound(redact(" ".join(text.split())), MOST_TEXT)
