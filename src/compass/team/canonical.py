"""What entries say, apart from where they are written: that is what is compared, and what a digest is of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

import msgspec

from compass.domain.team import LEVELS, Entry, Reach, TeamKnowledge

SECTIONS: tuple[str, ...] = tuple(
    f.name for f in fields(TeamKnowledge) if f.name not in {"version", "digest", "commit"}
)
"""In the order in which they are shown."""


def entries_of(knowledge: TeamKnowledge) -> Iterator[tuple[str, Entry]]:
    """Every entry with the section it stands in."""
    for section in SECTIONS:
        for entry in getattr(knowledge, section):
            yield section, entry


def said_by(entry: Entry) -> Mapping[str, object]:
    """What an entry says, as JSON has it: without the place where it is written."""
    plain = msgspec.to_builtins(entry)
    return {key: value for key, value in plain.items() if key != "written"}


def reach_key(reach: Reach) -> tuple[int, str, str]:
    """What reaches farther comes first."""
    return LEVELS.index(reach.level), reach.name, reach.namespace


def digest_of(knowledge: TeamKnowledge) -> str:
    """SHA-256 (hexadecimal) of what all entries say. Their order counts where the first that fits decides."""
    said = [
        [section, said_by(entry)]
        for section in SECTIONS
        for entry in in_order(section, getattr(knowledge, section))
    ]  # fmt: skip
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()


def in_order(section: str, entries: Sequence[Entry]) -> Sequence[Entry]:
    """Whatever file they stand in, unless that decides which of them is met first."""
    return entries if section == "metrics" else sorted(entries, key=lambda entry: (reach_key(entry.reach), entry.id))
