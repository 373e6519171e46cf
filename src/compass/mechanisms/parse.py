"""Turns one untrusted catalogue entry into the fields of a Mechanism, or says exactly what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from string import Formatter
from typing import TypedDict, TypeVar

from compass.domain.entity import EntityKind
from compass.domain.mechanism import Mitigation, Pattern, Relation
from compass.domain.sign import SIGNS, is_sign
from compass.ports.errors import BadInputError

MAX_MECHANISMS = 1000
MAX_PATTERNS = 24
MAX_SIGNS = 24
MAX_TEXT = 800
OWNERS = frozenset({"database", "network", "application", "infrastructure", "tracing", "change"})
STRATEGIES = frozenset({
    "time_order", "scope", "correlation", "threshold", "dependency_direction", "baseline", "alternative",
    "similar_incident",
})  # fmt: skip
FIELDS = frozenset({
    "id", "claim", "family", "strikes", "owner", "requires", "expects", "forbids", "refuters", "check",
    "mitigation", "triggers", "prior", "enabled",
})  # fmt: skip
STRIKE_GROUPS: Mapping[str, frozenset[EntityKind]] = {
    "app": frozenset({EntityKind.SERVICE, EntityKind.WORKLOAD, EntityKind.POD, EntityKind.CONTAINER}),
    "store": frozenset({EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE}),
}
_STRUCK = {**{k.value: frozenset({k}) for k in EntityKind}, **STRIKE_GROUPS}
_STRIKE_WORDS = frozenset(_STRUCK)
_RELATIONS = frozenset(r.value for r in Relation)
_ID = re.compile(r"[a-z][a-z0-9_]{1,63}")
_LINE = re.compile(r"(?P<signs>.+?)(?:\s+at\s+(?P<at>[a-z]+))?(?:\s+weight\s+(?P<weight>[0-9.]+))?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
DEFAULT_WEIGHT = 0.5
T = TypeVar("T")


class Fields(TypedDict, total=False):
    """Keyword arguments of Mechanism that an entry named."""

    id: str
    claim: str
    family: str
    strikes: frozenset[EntityKind]
    owner: str
    requires: tuple[Pattern, ...]
    expects: tuple[Pattern, ...]
    forbids: tuple[Pattern, ...]
    refuters: tuple[str, ...]
    check: tuple[str, ...]
    mitigation: Mitigation
    triggers: tuple[str, ...]
    prior: float


class FieldError(BadInputError):
    """A field of an entry is wrong: `field` names it (`requires.2.signs`, counted from 1)."""

    def __init__(self, what: str, *, where: str, hint: str, field: str) -> None:
        super().__init__(what, where=where, hint=hint)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The place in a catalogue that an error names."""

    file: str
    mechanism: str = ""
    field: str = ""

    def at(self, field: str) -> Where:
        name = f"{self.field}.{field}" if self.field else str(field)[:80]
        return Where(file=self.file, mechanism=self.mechanism, field=name)

    def wrong(self, what: str, hint: str = "") -> FieldError:
        parts = [self.file, f"mechanism {self.mechanism}" if self.mechanism else "", self.field]
        return FieldError(what, where=", ".join(p for p in parts if p), hint=hint, field=self.field)


def mapping_of(value: object, where: Where) -> Mapping[str, object]:
    """`value` as a mapping with text keys."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise where.wrong("must be a mapping of fields", "see the built-in catalogue for examples")
    return value


def text_of(value: object, where: Where) -> str:
    """`value` as non-empty text on one line."""
    if not isinstance(value, str) or not value.strip():
        raise where.wrong("must be text and not empty")
    if len(value) > MAX_TEXT:
        raise where.wrong(f"is longer than {MAX_TEXT} characters")
    if _CONTROL.search(value):
        raise where.wrong("holds control characters")
    return " ".join(value.split())


def parse_fields(entry: Mapping[str, object], where: Where) -> Fields:
    """The fields that `entry` names, each validated. Raises BadInputError."""
    fields: Fields = {"id": _identifier(entry.get("id"), where.at("id"))}
    if "family" in entry:
        fields["family"] = _identifier(entry["family"], where.at("family"))
    if "claim" in entry:
        fields["claim"] = _template(entry["claim"], where.at("claim"), {"entity", "peer"}, must={"entity"})
    if "strikes" in entry:
        fields["strikes"] = _strikes(entry["strikes"], where.at("strikes"))
    if "owner" in entry:
        fields["owner"] = _one_of(entry["owner"], where.at("owner"), OWNERS)
    if "requires" in entry:
        fields["requires"] = _requires(entry["requires"], where.at("requires"))
    if "expects" in entry:
        fields["expects"] = _list(entry["expects"], where.at("expects"), _pattern)
    if "forbids" in entry:
        fields["forbids"] = _list(entry["forbids"], where.at("forbids"), _pattern)
    if "refuters" in entry:
        fields["refuters"] = _list(entry["refuters"], where.at("refuters"), _strategy)
    if "check" in entry:
        fields["check"] = _list(entry["check"], where.at("check"), _check)
    if "mitigation" in entry:
        fields["mitigation"] = _mitigation(entry["mitigation"], where.at("mitigation"))
    if "triggers" in entry:
        fields["triggers"] = _list(entry["triggers"], where.at("triggers"), text_of)
    if "prior" in entry:
        fields["prior"] = _number(entry["prior"], where.at("prior"), upper=1000.0)
    return fields


def _identifier(value: object, where: Where) -> str:
    text = text_of(value, where)
    if not _ID.fullmatch(text):
        raise where.wrong(f"{text[:80]!r} is not an id", "lower-case letters, digits and _, at most 64")
    return text


def _one_of(value: object, where: Where, allowed: frozenset[str]) -> str:
    text = text_of(value, where)
    if text not in allowed:
        raise where.wrong(f"{text[:80]!r} is not known", "one of " + ", ".join(sorted(allowed)))
    return text


def _strategy(value: object, where: Where) -> str:
    return _one_of(value, where, STRATEGIES)


def _number(value: object, where: Where, upper: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= upper:  # false for NaN
        raise where.wrong(f"must be a number above 0 and at most {upper:g}")
    return float(value)


def _list(value: object, where: Where, parse: Callable[[object, Where], T]) -> tuple[T, ...]:
    if not isinstance(value, list) or len(value) > MAX_PATTERNS:
        raise where.wrong(f"must be a list of at most {MAX_PATTERNS}")
    return tuple(parse(item, where.at(str(number))) for number, item in enumerate(value, start=1))


def _requires(value: object, where: Where) -> tuple[Pattern, ...]:
    patterns = _list(value, where, _pattern)
    if all(p.at is Relation.ANY for p in patterns):  # holds for an empty list too
        raise where.wrong("must hold a pattern that is tied to the entity", "add one at self, callee, caller, ...")
    return patterns


def _pattern(value: object, where: Where) -> Pattern:
    if isinstance(value, str):
        line = _LINE.fullmatch(text_of(value, where))
        if line is None:  # pragma: no cover - the first group takes any text
            raise where.wrong("is not a pattern")
        signs: object = [s.strip() for s in line["signs"].split("|")]
        at: object = line["at"] or Relation.SELF.value
        try:
            weight: object = DEFAULT_WEIGHT if line["weight"] is None else float(line["weight"])
        except ValueError as error:
            raise where.at("weight").wrong(f"{line['weight']!r} is not a number") from error
    else:
        entry = mapping_of(value, where)
        unknown = sorted(set(entry) - {"signs", "at", "weight"})
        if unknown:
            raise where.at(unknown[0]).wrong("is not a field of a pattern", "use signs, at, weight")
        signs = entry.get("signs")
        at, weight = entry.get("at", Relation.SELF.value), entry.get("weight", DEFAULT_WEIGHT)
    if not isinstance(signs, list) or not 0 < len(signs) <= MAX_SIGNS:
        raise where.at("signs").wrong(f"must be a list of 1 to {MAX_SIGNS} signs")
    relation = Relation(_one_of(at, where.at("at"), _RELATIONS))
    known = tuple(_sign(sign, where.at("signs")) for sign in signs)
    return Pattern(signs=known, at=relation, weight=_number(weight, where.at("weight"), upper=1.0))


def _sign(value: object, where: Where) -> str:
    if isinstance(value, str) and value in SIGNS:
        return value
    sign = text_of(value, where)
    if not is_sign(sign):
        near = get_close_matches(sign, SIGNS, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "see domain/sign.py, or use team.<name>"
        raise where.wrong(f"{sign[:80]!r} is not a known sign", hint)
    return sign


def _strikes(value: object, where: Where) -> frozenset[EntityKind]:
    words = _list(value, where, lambda item, here: _one_of(item, here, _STRIKE_WORDS))
    if not words:
        raise where.wrong("must name at least one kind of entity")
    return frozenset(kind for word in words for kind in _STRUCK[word])


def _template(value: object, where: Where, allowed: set[str], must: frozenset[str] | set[str] = frozenset()) -> str:
    text = text_of(value, where)
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise where.wrong("has unbalanced braces", "placeholders are written {entity}") from error
    names = {name for _, name, _, _ in parts if name is not None}
    plain = all(not spec and conversion is None for _, name, spec, conversion in parts if name is not None)
    if not plain or names - allowed:
        raise where.wrong("has an unknown placeholder", "use " + ", ".join(f"{{{name}}}" for name in sorted(allowed)))
    if set(must) - names:
        raise where.wrong("must name {entity}")
    return text


def _check(value: object, where: Where) -> str:
    return _template(value, where, {"entity", "peer"})


def _mitigation(value: object, where: Where) -> Mitigation:
    entry = mapping_of(value, where)
    unknown = sorted(set(entry) - {"text", "command", "risk", "recovery"})
    if unknown:
        raise where.at(unknown[0]).wrong("is not a field of a mitigation", "use text, command, risk, recovery")

    def part(name: str, allowed: set[str]) -> str:
        return _template(entry[name], where.at(name), allowed) if name in entry else ""

    named = {"entity", "peer"}
    made = Mitigation(
        text=part("text", named), command=part("command", {"entity", "namespace"}), risk=part("risk", named),
        recovery=part("recovery", named),
    )  # fmt: skip
    if not made.text:
        raise where.at("text").wrong("is missing")
    if made.command and not made.risk:
        raise where.at("risk").wrong("is missing: every command has a risk", "say what may go wrong")
    return made
