"""An entry as it would be written: what is shown of it, what is compared, and what reads back as the same entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import Enum

import yaml

from compass.domain.entity import EntityKind
from compass.domain.team import (
    Dependency,
    Entry,
    Escalation,
    Level,
    Maintenance,
    Matching,
    MetricRule,
    NormalBehaviour,
    Reach,
    TeamKnowledge,
    TeamMechanism,
)
from compass.team.canonical import entries_of
from compass.team.common import MATCHING
from compass.team.times import span_text, weekly_text

Fields = Mapping[str, object]
_PLAIN = (
    "says", "lines", "means", "mechanism", "entity", "workaround", "link", "caller", "callee", "who", "how",
    "severities", "at_least", "at_most", "unit",
)  # fmt: skip


def written(entry: Entry) -> Fields:
    """Its fields as they stand in YAML, without those that say nothing."""
    if isinstance(entry, MetricRule):
        made_up = entry.rule.get("name", entry.rule.get("has"))
        own: Fields = {**({} if entry.id == made_up else {"id": entry.id}), **entry.rule}
    elif isinstance(entry, TeamMechanism):
        own = entry.mechanism
    else:
        own = {**({} if entry.id == _made_up(entry) else {"id": entry.id}), **_own(entry)}
    said = {"why": entry.why, "until": entry.until}
    return {**own, **{key: _plain(value) for key, value in said.items() if value}}


def scope_of(reach: Reach) -> object:
    """As it stands behind `scope:`."""
    if reach.level is Level.GLOBAL:
        return reach.level.value
    return {reach.level.value: reach.name, **({"namespace": reach.namespace} if reach.namespace else {})}


def as_files(knowledge: TeamKnowledge) -> str:
    """All of it as YAML, a document each reach: what stands between two `---` is a file that reads back the same."""
    by_reach: dict[Reach, dict[str, list[Fields]]] = {}
    for section, entry in entries_of(knowledge):
        by_reach.setdefault(entry.reach, {}).setdefault(section, []).append(written(entry))
    documents = [{"scope": scope_of(reach), **sections} for reach, sections in by_reach.items()]
    return "---\n".join(
        yaml.dump(one, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110) for one in documents
    )


class _Dumper(yaml.SafeDumper):
    """Writes no anchors, which are refused."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _made_up(entry: Entry) -> str:
    if isinstance(entry, Dependency):
        return f"{entry.caller} -> {entry.callee}"
    return entry.who if isinstance(entry, Escalation) else ""


def _own(entry: Entry) -> Fields:
    found: dict[str, object] = {}
    matching = getattr(entry, "matching", Matching())
    for key in MATCHING:
        if value := getattr(matching, key):
            found[key] = _plain(value)
    for key in _PLAIN:
        value = getattr(entry, key, None)
        if value is not None and value not in ("", ()):
            found[key] = _plain(value)
    if isinstance(entry, NormalBehaviour) and entry.during:
        found["during"] = [weekly_text(one) for one in entry.during]
    if isinstance(entry, Maintenance):
        found["when"] = [*map(weekly_text, entry.weekly), *map(span_text, entry.spans)]
    if isinstance(entry, Dependency) and entry.kind is not EntityKind.SERVICE:
        found["kind"] = entry.kind.value
    return found


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value


def said(value: object) -> str:
    """A value of a field on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {said(one)}" for key, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(said, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
