"""What differs between two versions of a team's knowledge, entry by entry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from compass.domain.team import Entry, TeamKnowledge
from compass.team.canonical import SECTIONS, entries_of, reach_key
from compass.team.conflicts import reach_text
from compass.team.written import said, written


class What(StrEnum):
    """What happened to an entry; REORDERED is said of all metric rules, of which the first that fits decides."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    REORDERED = "reordered"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field of an entry as it is written; "" where it is not there."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`place` is PATH:LINE of the entry as it is now, or of what was removed; `fields` are those that differ."""

    what: What
    section: str
    id: str
    reach: str
    place: str
    fields: tuple[FieldChange, ...] = ()


def differences(old: TeamKnowledge, new: TeamKnowledge) -> tuple[Change, ...]:
    """By section, reach and id. Where an entry stands is no difference."""
    before, after = _keyed(old), _keyed(new)
    found = []
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        entry = other or one
        assert entry is not None
        changed = _fields(one, other)
        if changed:
            what = What.ADDED if one is None else What.REMOVED if other is None else What.CHANGED
            found.append(
                Change(
                    what=what, section=SECTIONS[key[0]], id=entry.id, reach=reach_text(entry.reach),
                    place=f"{entry.written.path}:{entry.written.line}", fields=changed,
                )
            )  # fmt: skip
    if not found and old.digest != new.digest:
        found.append(Change(what=What.REORDERED, section="metrics", id="", reach="", place=""))
    return tuple(found)


def _keyed(knowledge: TeamKnowledge) -> dict[tuple[int, tuple[int, str, str], str], Entry]:
    return {
        (SECTIONS.index(section), reach_key(entry.reach), entry.id): entry for section, entry in entries_of(knowledge)
    }


def _fields(old: Entry | None, new: Entry | None) -> tuple[FieldChange, ...]:
    before, after = written(old) if old else {}, written(new) if new else {}
    return tuple(
        FieldChange(
            name=name, before=said(before[name]) if name in before else "",
            after=said(after[name]) if name in after else "",
        )
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    )  # fmt: skip
