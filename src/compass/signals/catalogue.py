"""The signal catalogue: from a series' name, unit and labels to what it means.

Rules are data (`catalogue.yaml`): conventions and exporters first, then what the words and units of a name say. A name
that no rule fits is `SignalKind.OTHER` with direction `EITHER`: kept, but nothing is concluded from it.
Times become seconds, sizes bytes; percentages stay percentages (UCUM `%`), ratios stay ratios (`1`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files

import yaml

from compass.domain.telemetry import Direction, Signal, SignalKind, Temporality
from compass.signals.identity import snake

RawRule = Mapping[str, object]
_QUANTILE = re.compile(
    r"(?<![a-z0-9])p(50|75|90|95|98|99|999)(?=[a-z_]|$)|(?<![a-z0-9])(50|75|90|95|98|99)th(?=_|$)"
    r"|(?:lat|latency|duration|time)_(50|75|90|95|98|99|999)$"
)
_MEDIAN = re.compile(r"(^|_)median(_|$)")
_NORMAL = re.compile(r"[^a-z0-9]+")
_RATE_WORDS = re.compile(r"(^|_)(rps|qps|tps|ops|iops)(_|$)|per_(second|sec)|_rate(_|$)|_rate_\w*$")
FIELDS = frozenset(
    {"name", "has", "where", "kind", "unit", "scale", "temporality", "worse", "quantile", "about", "combine", "by",
     "part", "family", "side"}
)  # fmt: skip


_TYPES = frozenset({"counter", "gauge"})  # types of Prometheus that say how samples follow one another


class Part(StrEnum):
    """What part of its family a series is."""

    VALUE = "value"
    BUCKET = "bucket"  # cumulative histogram bucket, bound in the label `le`
    SUM = "sum"  # sum of a histogram or summary (or of a pair that a rule names)
    COUNT = "count"


class Combine(StrEnum):
    """How series of one entity that differ only in other labels become one row."""

    NONE = "none"
    SUM = "sum"
    MEAN = "mean"
    MAX = "max"


class About(StrEnum):
    """What a series describes, where its labels alone would mislead (an exporter's own pod, say)."""

    LABELS = "labels"
    NODE = "node"
    OBJECT = "object"  # the Kubernetes object in its labels, not the target that reported it
    DATABASE = "database"
    CACHE = "cache"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What one series is. Values have to be multiplied by `scale` to be in `signal.unit`.

    For cumulative series `signal.unit` is the unit of the *rate*. `family` is the name that the parts of a histogram
    share. `by` are labels that stay apart when rows are combined. `client` marks what a caller measured.
    """

    signal: Signal
    family: str
    part: Part = Part.VALUE
    scale: float = 1.0
    combine: Combine = Combine.NONE
    by: tuple[str, ...] = ()
    about: About = About.LABELS
    client: bool = False
    unit_stated: bool = True  # False: neither the name nor a rule says the unit; a source may have to infer it
    known: bool = True  # False: no rule fits the name
    said: str = ""  # the type that the server states
    help: str = ""  # its help text, where no rule fits


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One line of the catalogue, compiled."""

    pattern: re.Pattern[str]
    whole: bool
    kind: SignalKind
    where: tuple[tuple[str, re.Pattern[str]], ...] = ()
    unit: str | None = None
    scale: float | None = None
    temporality: Temporality | None = None
    worse: Direction | None = None
    quantile: float | None = None
    about: About = About.LABELS
    combine: Combine | None = None
    by: tuple[str, ...] = ()
    part: Part | None = None
    family: str | None = None
    client: bool = False

    def fits(self, *spellings: str) -> bool:
        """Whether any spelling of a name fits."""
        find = self.pattern.fullmatch if self.whole else self.pattern.search
        return any(map(find, spellings))  # asked of every rule for every name: a generator would take as long again

    def holds(self, labels: Mapping[str, str]) -> bool:
        return all(pattern.fullmatch(labels.get(label, "")) for label, pattern in self.where)


def parse_rule(raw: RawRule) -> Rule:
    """One rule from its mapping. Raises ValueError naming the field that is wrong."""
    unknown = sorted(set(raw) - FIELDS)
    if unknown:
        raise ValueError(f"unknown field {unknown[0]!r}; known: {', '.join(sorted(FIELDS))}")
    if ("name" in raw) == ("has" in raw):
        raise ValueError("a rule has either 'name' or 'has'")
    where, by = raw.get("where", {}), raw.get("by", [])
    if not isinstance(where, Mapping) or not isinstance(by, Sequence) or isinstance(by, str):
        raise ValueError("'where' is a mapping of label to pattern and 'by' a list of labels")
    text = str(raw.get("name", raw.get("has")))
    try:
        return Rule(
            pattern=re.compile(text),
            whole="name" in raw,
            kind=SignalKind(str(raw.get("kind"))),
            where=tuple((str(k), re.compile(str(v))) for k, v in sorted(where.items())),
            unit=_text(raw, "unit"),
            scale=_number(raw, "scale"),
            temporality=Temporality(str(raw["temporality"])) if "temporality" in raw else None,
            worse=Direction(str(raw["worse"])) if "worse" in raw else None,
            quantile=_number(raw, "quantile"),
            about=About(str(raw.get("about", "labels"))),
            combine=Combine(str(raw["combine"])) if "combine" in raw else None,
            by=tuple(str(label) for label in by),
            part=Part(str(raw["part"])) if "part" in raw else None,
            family=_text(raw, "family"),
            client=raw.get("side") == "client",
        )
    except re.error as error:
        raise ValueError(f"{text!r} is not a regular expression: {error}") from error


def _text(raw: RawRule, key: str) -> str | None:
    return str(raw[key]) if key in raw else None


def _number(raw: RawRule, key: str) -> float | None:
    value = raw.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key!r} is a number, not {value!r}")
    return float(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Rules in order. Immutable; candidates and meanings by name are remembered by the instance."""

    rules: tuple[Rule, ...]
    units: Mapping[str, tuple[str, float]]
    worse: Mapping[SignalKind, Direction]
    counted: Mapping[SignalKind, str]
    _candidates: dict[str, tuple[Rule, ...]] = field(default_factory=dict, compare=False, repr=False)
    _meanings: dict[tuple[str, Part, str, str, int], Meaning] = field(default_factory=dict, compare=False, repr=False)

    def meaning(
        self, name: str, labels: Mapping[str, str], siblings: Set[str] = frozenset(), said: str = ""
    ) -> Meaning:
        """What the series `name{labels}` means.

        `siblings` are the other names of the same source: `x_count` is part of a histogram only where `x_bucket` or
        `x_sum` exists beside it (`pg_locks_count` is no histogram). `said` is the type that the server states (counter,
        gauge, ...): it decides where neither a rule nor the part does, before the end of the name.
        """
        base, part = _split(name, labels, siblings)
        rule = self.rule(base, labels)
        # Of the labels only the quantile counts once the rule is known.
        key = base, part, said, labels.get("quantile", ""), id(rule)
        if key not in self._meanings:
            self._meanings[key] = self._read(_normal(base), base, part, rule, labels, said)
        return self._meanings[key]

    def rule(self, base: str, labels: Mapping[str, str]) -> Rule | None:
        """The rule for a series whose name is `base` without the suffix of a histogram's part; None where none fits."""
        candidates = self._candidates.get(base)
        if candidates is None:
            # exporters' own names are written in the catalogue without the humps of their camels
            spellings = tuple({_NORMAL.sub("_", base.lower()).strip("_"), _normal(base)})
            fitting = tuple(rule for rule in self.rules if rule.fits(*spellings))
            candidates = self._candidates[base] = fitting
        return next((rule for rule in candidates if rule.holds(labels)), None)

    def _read(
        self, normal: str, base: str, part: Part, rule: Rule | None, labels: Mapping[str, str], said: str
    ) -> Meaning:
        kind = rule.kind if rule else SignalKind.OTHER
        if rule and rule.part:
            part = rule.part
        unit, scale, stated = self._unit(normal, kind)
        if rule and rule.unit is not None:
            # A stated unit overrides; the factor of the name still holds when it leads to the same unit.
            unit, scale = rule.unit, scale if unit == rule.unit else 1.0
        if rule and rule.scale is not None:
            scale = rule.scale
        by_name = normal.endswith("_total") if said not in _TYPES else said == "counter"
        cumulative = part is not Part.VALUE or by_name
        temporality = (rule.temporality if rule else None) or (
            Temporality.CUMULATIVE if cumulative else Temporality.GAUGE
        )
        if temporality is Temporality.CUMULATIVE and part is Part.VALUE:
            unit = _rate_unit(unit, kind)
        combine = rule.combine if rule and rule.combine else None
        if combine is None:
            combine = Combine.SUM if temporality is Temporality.CUMULATIVE else Combine.NONE
        signal = Signal(
            kind=kind,
            unit=unit,
            temporality=temporality,
            worse=(rule.worse if rule else None) or self.worse[kind],
            quantile=(rule.quantile if rule else None) or _quantile(normal, labels),
        )
        return Meaning(
            signal=signal, family=(rule.family if rule else None) or base, part=part, scale=scale, combine=combine,
            by=rule.by if rule else (), about=rule.about if rule else About.LABELS,
            client=bool(rule and rule.client) or kind is SignalKind.CLIENT_LATENCY,
            unit_stated=stated or bool(rule and (rule.unit is not None or rule.scale is not None)),
            known=rule is not None, said=said,
        )  # fmt: skip

    def _unit(self, normal: str, kind: SignalKind) -> tuple[str, float, bool]:
        for token in reversed(normal.split("_")):
            if token in self.units:
                return (*self.units[token], True)
        unit = self.counted[kind]
        if kind is SignalKind.TRAFFIC or (kind is SignalKind.ERRORS and _RATE_WORDS.search(normal)):
            # `rps`, `requests_per_second`: already a rate.
            unit = f"{unit}/s" if _RATE_WORDS.search(normal) and not normal.endswith("_total") else unit
        return unit, 1.0, False

    def extended(self, overrides: Sequence[RawRule]) -> Catalogue:
        """This catalogue with a team's own rules in front. Raises ValueError naming the rule that is wrong."""
        rules = []
        for number, raw in enumerate(overrides, start=1):
            try:
                rules.append(parse_rule(raw))
            except ValueError as error:
                raise ValueError(f"metric rule {number}: {error}") from error
        return Catalogue(rules=(*rules, *self.rules), units=self.units, worse=self.worse, counted=self.counted)


def _normal(base: str) -> str:
    return _NORMAL.sub("_", snake(base)).strip("_")


def _split(name: str, labels: Mapping[str, str], siblings: Set[str]) -> tuple[str, Part]:
    if name.endswith("_bucket") and "le" in labels:
        return name.removesuffix("_bucket"), Part.BUCKET
    for suffix, part in (("_sum", Part.SUM), ("_count", Part.COUNT)):
        base = name.removesuffix(suffix)
        if base != name and ({f"{base}_bucket", f"{base}_sum" if part is Part.COUNT else f"{base}_count"} & siblings):
            return base, part
    return name, Part.VALUE


def _quantile(normal: str, labels: Mapping[str, str]) -> float | None:
    stated = labels.get("quantile", "")
    try:
        if stated and 0.0 <= float(stated) <= 1.0:
            return float(stated)
    except ValueError:
        return None
    found = _QUANTILE.search(normal)
    if found:
        digits = found[1] or found[2] or found[3]
        return float(f"0.{digits}")
    return 0.5 if _MEDIAN.search(normal) else None


def _rate_unit(unit: str, kind: SignalKind) -> str:
    if unit == "s":
        # Seconds per second: cores for CPU time, a share of time otherwise.
        return "{cpu}" if kind is SignalKind.CPU else "1"
    if kind is SignalKind.CPU and unit == "{cpu}":
        return unit
    return f"{unit}/s" if not unit.endswith("/s") else unit


@cache
def builtin() -> Catalogue:
    """The catalogue that ships with the package."""
    text = files("compass.signals").joinpath("catalogue.yaml").read_text(encoding="utf-8")
    raw = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
    kinds = {SignalKind(kind): spec for kind, spec in raw["kinds"].items()}
    return Catalogue(
        rules=tuple(parse_rule(rule) for rule in raw["rules"]),
        units={token: (str(unit), float(factor)) for token, (unit, factor) in raw["units"].items()},
        worse={kind: Direction(spec["worse"]) for kind, spec in kinds.items()},
        counted={kind: str(spec["unit"]) for kind, spec in kinds.items()},
    )
