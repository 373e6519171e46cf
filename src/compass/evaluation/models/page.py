"""A prompt as a scripted model reads it: the text that would have left, and nothing besides."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from compass.investigation.advising.changes import CHANGES
from compass.investigation.advising.choose import PLANS
from compass.investigation.advising.classify import MEANINGS_TITLE
from compass.investigation.advising.propose import KNOWN, OBSERVED, PARTS, SIGNS_TITLE
from compass.investigation.advising.series import KINDS_TITLE, SERIES_TITLE

SIGNS, MECHANISMS, THEORIES = SIGNS_TITLE, KNOWN, "theories so far"
TEMPLATES, MEANINGS = "log templates", MEANINGS_TITLE
SERIES, KINDS = SERIES_TITLE, KINDS_TITLE
_LIST = re.compile(r"^(\S[^\n]*):\n((?:[^\s:][^\n:]*: [^\n]*(?:\n|$))+)", re.MULTILINE)
_SECTION = re.compile(r'<facts title=("(?:[^"\\]|\\.)*")[^>\n]*>\n(.*?)</facts>', re.DOTALL)
_SEEN = re.compile(r"(?P<sign>\S+) at (?P<at>.+?)(?:, strength (?P<strength>\d+(?:\.\d+)?)|: normal)")
_THEORY = re.compile(r"(?P<mechanism>\S+) at (?P<at>.+), \d+%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    id: str
    text: str
    trusted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the system. `path`: namespace and name as they stand there; `within`: the id of what contains it."""

    id: str
    kind: str
    path: str
    within: str

    @property
    def names(self) -> tuple[str, ...]:
        """The name, whether or not what stands before a slash is a namespace."""
        return tuple(dict.fromkeys((self.path.partition("/")[2] or self.path, self.path)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One observation. `at` is the id of a part or its words; `strength` 0: normal."""

    id: str
    sign: str
    at: str
    strength: float


@dataclass(frozen=True, slots=True)
class Page:
    """The sections of one prompt by their titles."""

    sections: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, system: str, user: str) -> Page:
        """`system` holds COMPASS's lists of words, `user` the facts."""
        found: dict[str, tuple[Fact, ...]] = {}
        for title, lines in _LIST.findall(system):
            found[title] = tuple(_word(line) for line in lines.splitlines())
        for title, lines in _SECTION.findall(user):
            found[json.loads(title)] = tuple(_fact(line) for line in lines.splitlines() if line)
        return cls(found)

    def ids(self, title: str) -> tuple[str, ...]:
        return tuple(fact.id for fact in self.sections.get(title, ()))

    @property
    def parts(self) -> dict[str, Part]:
        return {fact.id: part_of(fact.text, fact.id) for fact in self.sections.get(PARTS, ())}

    @property
    def sightings(self) -> tuple[Sighting, ...]:
        """What this specialist saw, the strongest first, as given."""
        return tuple(_sighting(fact) for fact in self.sections.get(OBSERVED, ()) if _SEEN.match(fact.text))

    @property
    def plans(self) -> dict[str, str]:
        """Label of the theory (H2) by id of the registered attempt."""
        return {fact.id: fact.text.split(" ", 1)[0] for fact in self.sections.get(PLANS, ())}

    @property
    def theories(self) -> dict[str, Part]:
        """Where the theories so far are, by label; the words of a place or the id of a part."""
        known, found = self.parts, {}
        for fact in self.sections.get(THEORIES, ()):
            if (match := _THEORY.match(fact.text)) is not None:
                found[fact.id] = known.get(match["at"]) or part_of(match["at"])
        return found

    @property
    def changes(self) -> tuple[Fact, ...]:
        return self.sections.get(CHANGES, ())

    @property
    def untrusted(self) -> Iterator[str]:
        return (fact.text for facts in self.sections.values() for fact in facts if not fact.trusted)


def part_of(text: str, id_: str = "") -> Part:
    """A part from its line: "service shop/orders; depends on P2; part of P3"."""
    place, *more = text.split("; ")
    kind, _, path = place.partition(" ")
    within = next((word.removeprefix("part of ") for word in more if word.startswith("part of ")), "")
    return Part(id=id_, kind=kind, path=path, within=within)


def _fact(line: str) -> Fact:
    read = json.loads(line)
    trusted = "text" in read
    return Fact(id=read.get("id", ""), text=read["text" if trusted else "untrusted"], trusted=trusted)


def _word(line: str) -> Fact:
    word, _, meaning = line.partition(": ")
    return Fact(id=word, text=meaning, trusted=True)


def _sighting(fact: Fact) -> Sighting:
    match = _SEEN.match(fact.text)
    assert match is not None
    return Sighting(id=fact.id, sign=match["sign"], at=match["at"], strength=float(match["strength"] or 0))
