"""What error text means in general terms, and whom it points at. The phrases are data (log_meaning.yaml)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from compass.analysis.dependencies import host_of
from compass.domain.entity import EntityKind, EntityRef

MAX_TEXT = 2_000
_QUIET = ("trace", "debug", "info")  # a line that says it is routine is not error text, whatever words it uses
_MIN_WORD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One sign, the phrase pattern that shows it, and the more general signs it hides."""

    sign: str
    pattern: re.Pattern[str]
    masks: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meanings:
    """The phrase table: families in order of speciality, and patterns whose first group names the other end."""

    families: tuple[Family, ...]
    targets: tuple[re.Pattern[str], ...]

    def signs(self, text: str, level: str = "") -> tuple[str, ...]:
        """The signs of one text, most special first; none for lines that state a routine level."""
        if level in _QUIET:
            return ()
        text = text[:MAX_TEXT]
        found = [family for family in self.families if family.pattern.search(text)]
        hidden = frozenset[str]().union(*(family.masks for family in found))
        return tuple(family.sign for family in found if family.sign not in hidden)

    def named(self, text: str) -> tuple[str, ...]:
        """Hosts, addresses and names the text points at, best first, without repeats."""
        text = text[:MAX_TEXT]
        found = [match.group(1) for target in self.targets for match in target.finditer(text)]
        return tuple(dict.fromkeys(name.rstrip(".:") for name in found if name))


def load_meanings(text: str | None = None) -> Meanings:
    """The shipped phrase table, or one parsed from `text`. Raises ValueError when it is not one."""
    return _shipped() if text is None else _parsed(text)


@cache
def _shipped() -> Meanings:
    return _parsed(resources.files(__package__).joinpath("log_meaning.yaml").read_text("utf-8"))


def _parsed(text: str) -> Meanings:
    data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
    if not isinstance(data, dict) or not isinstance(data.get("families"), list):
        raise ValueError("a phrase table needs a list of families")
    families = []
    for entry in data["families"]:
        patterns = "|".join(f"(?:{phrase})" for phrase in entry["any"])
        masks = frozenset(entry.get("masks", ()))
        families.append(Family(sign=entry["sign"], pattern=re.compile(patterns, re.IGNORECASE), masks=masks))
    targets = tuple(re.compile(pattern, re.IGNORECASE) for pattern in data.get("targets", ()))
    return Meanings(families=tuple(families), targets=targets)


def whom(
    named: Sequence[str], writer: EntityRef, known: Mapping[str, EntityRef], addresses: Mapping[str, EntityRef]
) -> EntityRef | None:
    """The first of the names that means a known entity other than the writer.

    `known` maps lower-case names (dependencies.known_names), `addresses` IP addresses. A bare word of an error
    ("could not retrieve cart") counts when exactly one service's name begins with it.
    """
    for name in named:
        host = host_of(name)
        found = addresses.get(host) or known.get(host) or known.get(host.split(".", 1)[0])
        if found is None and "." not in host and len(host) >= _MIN_WORD:
            found = _by_prefix(host, known)
        if found is not None and found.name != writer.name:
            return found
    return None


def _by_prefix(word: str, known: Mapping[str, EntityRef]) -> EntityRef | None:
    stem = word.removesuffix("ies") if word.endswith("ies") else word.removesuffix("s")
    fits = {e for name, e in known.items() if name.startswith(stem) and e.kind is EntityKind.SERVICE}
    return next(iter(fits)) if len(fits) == 1 else None
