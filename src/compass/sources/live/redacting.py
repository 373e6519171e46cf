"""Gathered telemetry without secrets, for recordings that are kept. Times, numbers and structure stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from compass.redaction import redact
from compass.sources.live.gathered import Gathered, JsonObject, Logs, Metrics, Objects, Span, Spans
from compass.tables.objects import Json


def redacted(one: Gathered) -> Gathered:
    """Every free text through the gate: lines, attributes, objects. Names of metrics and labels are no free texts."""
    data = one.data
    if isinstance(data, Logs):
        seen: dict[str, str] = {}
        return replace(one, data=replace(data, line=[_once(line, seen) for line in data.line]))
    if isinstance(data, Spans):
        return replace(one, data=Spans(spans=[_span(span) for span in data.spans]))
    if isinstance(data, Objects):
        return replace(one, data=Objects(objects=[_object(body) for body in data.objects]))
    assert isinstance(data, Metrics)
    told: dict[str, str] = {}
    helps = [_once(text, told) for text in data.helps]
    return replace(one, data=replace(data, labels=[_texts(labels) for labels in data.labels], helps=helps))


def _once(text: str, seen: dict[str, str]) -> str:
    """Logs repeat themselves: each text is searched once."""
    if text not in seen:
        seen[text] = redact(text)
    return seen[text]


def _texts(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: redact(value) for name, value in labels.items()}


def _span(span: Span) -> Span:
    return replace(
        span, name=redact(span.name), resource={k: _value(k, v) for k, v in span.resource.items()},
        attributes={k: _value(k, v) for k, v in span.attributes.items()},
    )  # fmt: skip


def _object(body: JsonObject) -> JsonObject:
    return {key: _value(key, value) for key, value in body.items()}


def _value(name: str, value: Json) -> Json:
    """A value beside its name: `password: x` is a secret by its name."""
    if isinstance(value, str):
        said = redact(f"{name}={value}")
        return said[len(name) + 1 :] if said.startswith(f"{name}=") else redact(value)
    if isinstance(value, dict):
        return {key: _value(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_value(name, inner) for inner in value]
    return value
