"""What entries of every section have, and what most of them match."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypedDict

from compass.domain.entity import EntityKind
from compass.domain.sign import SIGNS, is_sign
from compass.domain.team import Entry, Matching, Reach, Written
from compass.team.fields import Fields
from compass.team.problems import meant
from compass.team.times import date_of

COMMON = ("id", "why", "until")
MATCHING = ("signs", "alerts", "lines", "kinds")
MAX_ID = 80
MIN_LETTERS = 3
"""Letters and figures of a text that lines contain: fewer are in nearly every line, and match none."""
KINDS: Mapping[str, EntityKind] = {kind.value: kind for kind in EntityKind}


class Common(TypedDict):
    """What every entry has."""

    id: str
    reach: Reach
    written: Written
    why: str
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What an entry cannot see of itself: its fields, and where it holds."""

    fields: Fields
    reach: Reach


Reader = Callable[[Place], Entry]
"""Reads one entry; problems are noted in its fields, and what comes back counts only where there were none."""


def common(place: Place, thing: str, made_up: str = "") -> Common:
    """`made_up`: the id where none is written."""
    fields = place.fields
    found = fields.text("id", need="" if made_up else thing, example="a-short-name") or made_up
    if len(found) > MAX_ID:
        fields.wrong(fields.node.line, f"the id is longer than {MAX_ID} characters", "a short name is enough")
    until = fields.read("until", date_of)
    if len(until) > 1:
        fields.wrong(fields.node.line, "'until' is one day", "write  until: 2026-12-31")
    return Common(
        id=found, reach=place.reach, written=fields.at(fields.node.line), why=fields.text("why"),
        until=until[0] if until else None,
    )  # fmt: skip


def matching(fields: Fields, thing: str) -> Matching:
    """What an entry is about: at least one sign, alert, line or kind."""
    signs = fields.texts("signs")
    for sign, line in signs:
        if not is_sign(sign):
            near = meant(sign, SIGNS)
            do = near if near.startswith("did") else "compass signals shows what is seen; docs/team-knowledge.md"
            fields.wrong(line, f"{sign!r} is not a sign that is known", do)
    found = Matching(
        signs=tuple(sign for sign, _ in signs), alerts=tuple(text for text, _ in fields.texts("alerts")),
        lines=lines(fields), kinds=fields.words("kinds", KINDS, "a kind of entity"),
    )  # fmt: skip
    if found == Matching() and not any(fields.node.get(key) for key in MATCHING):
        fields.wrong(
            fields.node.line, f"{thing} matches nothing", "say what it is about: signs, alerts, lines or kinds"
        )
    return found


def lines(fields: Fields, *, need: str = "") -> tuple[str, ...]:
    """Texts that a log line contains; one of nothing but `*` would contain every line."""
    found = fields.texts("lines", need=need, example='"payment ledger is corrupt"')
    for text, line in found:
        if sum(letter.isalnum() for letter in text) < MIN_LETTERS:
            fields.wrong(line, f"{text!r} would match nearly every line", "write more of it")
    return tuple(text for text, _ in found)
