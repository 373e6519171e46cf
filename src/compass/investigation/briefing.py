"""What an investigation is told of the team's knowledge: all that was applied, without secrets, and bounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date
from enum import Enum
from typing import TypeVar

from compass.domain.briefed import TeamBriefed
from compass.domain.team import Entry, Reach, TeamKnowledge, Written
from compass.redaction import bound, redact
from compass.redaction.gate import replace_secrets

MOST = 500
"""Entries of one kind: more than a team keeps in its head, and less than a chronicle minds."""
MOST_CHARS = 2_000
_NAMES = frozenset({"id", "mechanism", "caller", "callee", "entity"})
"""Fields that refer to something: they are looked up as they are."""
_ADDRESSES = frozenset({"how", "link"})
"""Fields that say how to reach somebody or something: an address is no secret there."""
T = TypeVar("T")


def briefing(knowledge: TeamKnowledge) -> TeamBriefed | None:
    """What is recorded of `knowledge`; None where nothing is written down in it."""
    kept: dict[str, tuple[Entry, ...]] = {}
    left_out: list[str] = []
    for part in fields(knowledge):
        entries = getattr(knowledge, part.name)
        if isinstance(entries, tuple):
            kept[part.name] = tuple(_clean(entry, redact) for entry in entries[:MOST])
            if len(entries) > MOST:
                left_out.append(f"{part.name.replace('_', ' ')}: {len(entries) - MOST} of {len(entries)}")
    if not any(kept.values()):
        return None
    return TeamBriefed(knowledge=replace(knowledge, **kept), left_out=tuple(left_out))  # type: ignore[arg-type]


def _clean(value: T, rule: Callable[[str], str]) -> T:
    """The same value with every text in it redacted by `rule` and bounded."""
    return _cleaned(value, rule)  # type: ignore[return-value]


def _cleaned(value: object, rule: Callable[[str], str]) -> object:
    if isinstance(value, Enum | Reach | Written | date) or value is None:
        return value
    if isinstance(value, str):
        return bound(rule(value), MOST_CHARS)
    if isinstance(value, tuple):
        return tuple(_cleaned(one, rule) for one in value)
    if isinstance(value, list):
        return [_cleaned(one, rule) for one in value]
    if isinstance(value, Mapping):
        return {str(key): _cleaned(one, rule) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {part.name: _cleaned(getattr(value, part.name), _rule(part.name, rule)) for part in fields(value)}
        return replace(value, **parts)
    return value


def _rule(name: str, rule: Callable[[str], str]) -> Callable[[str], str]:
    if name in _NAMES:
        return str
    return _without_secrets if name in _ADDRESSES else rule


def _without_secrets(text: str) -> str:
    return replace_secrets(text, lambda what, _secret: f"[redacted:{what}]")
