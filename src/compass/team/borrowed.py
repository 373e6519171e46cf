"""Metric rules and mechanisms: written as in the catalogues that ship, and read by the parsers of those."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum

from compass.domain.team import MetricRule, TeamMechanism
from compass.domain.telemetry import Direction, SignalKind, Temporality
from compass.mechanisms.parse import FIELDS as MECHANISM_FIELDS
from compass.mechanisms.parse import FieldError, Where, parse_fields
from compass.signals.catalogue import FIELDS as RULE_FIELDS
from compass.signals.catalogue import About, Combine, Part, parse_rule
from compass.team.common import COMMON, Place, common
from compass.team.fields import Fields
from compass.team.problems import meant
from compass.untrusted.yaml import Node

MAX_INTEGER = 2**53
MAX_FLOAT = 10**300
_CHOICES: Mapping[str, type[StrEnum]] = {
    "kind": SignalKind, "temporality": Temporality, "worse": Direction, "about": About, "combine": Combine,
    "part": Part,
}  # fmt: skip


def metric(place: Place) -> MetricRule:
    """A rule of `signals/catalogue.yaml`, which may have an id, a why and an until as well."""
    fields, thing = place.fields, "a metric rule"
    fields.only((*COMMON, *RULE_FIELDS), thing)
    before = fields.problems.errors
    named = fields.text("name") or fields.text("has")
    for key, kinds in _CHOICES.items():
        node = fields.node.get(key)
        if node is not None and node.text not in {one.value for one in kinds}:
            known = [one.value for one in kinds]
            fields.wrong(node.line, f"{node.text[:40]!r} is not a {key} that is known", meant(node.text, known))
    rule = _plain(fields, RULE_FIELDS)
    if fields.problems.errors == before:
        try:
            parse_rule(rule)
        except ValueError as error:
            fields.wrong(fields.node.line, f"{thing}: {error}", "signals/catalogue.yaml has many of them")
    return MetricRule(**common(place, thing, named or "unnamed"), rule=rule)


def mechanism(place: Place) -> TeamMechanism:
    """An entry of `mechanisms/catalogue`, which may have a why and an until as well.

    Whether one that is new is complete is checked when all files were read.
    """
    fields, thing = place.fields, "a mechanism"
    fields.only((*COMMON, *MECHANISM_FIELDS), thing)
    entry, where = _plain(fields, MECHANISM_FIELDS), Where(file=fields.path)
    checked = common(place, thing)
    for key in entry:
        try:
            parse_fields({"id": "a_name", key: entry[key]}, where)
        except FieldError as error:
            fields.wrong(located(fields.node, error.field), f"{error.field} {error.what}", error.hint)
    return TeamMechanism(**checked, mechanism=entry)


def located(node: Node, field: str) -> int:
    """The line of `requires.2.signs` in an entry, or of as much of the way there as is written."""
    for step in field.split("."):
        if node.items is not None and step.isdigit() and 0 < int(step) <= len(node.items):
            below: Node | None = node.items[int(step) - 1]
        else:
            below = node.get(step)
        if below is None:
            break
        node = below
    return node.line


def _plain(fields: Fields, names: frozenset[str]) -> Mapping[str, object]:
    """What the parsers of the catalogues read. It is kept as JSON: a date that YAML saw in it is the text it was."""
    return {key: _json(node) for key, _, node in fields.node.fields or () if key in names}


def _json(node: Node) -> object:
    if node.fields is not None:
        return {key: _json(below) for key, _, below in node.fields}
    if node.items is not None:
        return [_json(below) for below in node.items]
    value = node.value
    if isinstance(value, float) and not math.isfinite(value):
        return node.text
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        return float(value) if abs(value) < MAX_FLOAT else node.text
    return value if isinstance(value, str | bool | int | float) else node.text
