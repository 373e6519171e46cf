"""What entries say, apart from where they are written: that is what is compared, and what a digest is of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields

import msgspec

from compass.domain.team import Entry, TeamKnowledge

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


def digest_of(knowledge: TeamKnowledge) -> str:
    """SHA-256 (hexadecimal) of what all entries say, in their order."""
    said = [[section, said_by(entry)] for section, entry in entries_of(knowledge)]
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()
