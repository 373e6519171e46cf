"""The few numbers of the table that are fitted beside the strategies' cells, and how each is moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from compass.analysis.likelihood import SOURCES, Groups, IncidentWeights, LikelihoodTable, Patterns, Prior, Sources

Floats = NDArray[np.float64]
T = TypeVar("T", Prior, Groups, Patterns, IncidentWeights, Sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One number. It moves on a scale without bounds: the log of its size, or the logit of a probability.

    `section` "" is the table itself. `sd` is the standard deviation of its Gaussian prior on that scale, centred on
    the figure set by hand.
    """

    section: str
    name: str
    probability: bool
    sd: float

    def read(self, table: LikelihoodTable) -> float:
        section = getattr(table, self.section) if self.section else table
        value = abs(float(getattr(section, self.name)))
        value = max(1e-6, value)
        return math.log(value / (1 - value)) if self.probability else math.log(value)

    def size(self, moved: float) -> float:
        """The figure itself, without its sign."""
        return 1 / (1 + math.exp(-moved)) if self.probability else math.exp(moved)


LOG, CHANCE = False, True
FARTHEST = 4.0
MOST_RESERVED = 0.9
PATTERNS = ("suggestion", "required", "expected", "missing", "forbidden", "coverage", "closeness")
INCIDENT = ("anomaly", "elsewhere", "normal")
RESERVED = ("no_incident", "not_listed", "unseen")
PARAMETERS = (
    *(Parameter(section="patterns", name=n, probability=LOG, sd=0.7) for n in PATTERNS),
    *(Parameter(section="groups", name=n, probability=CHANCE, sd=0.7) for n in ("share_of_rest", "link_share")),
    *(Parameter(section="incident", name=n, probability=LOG, sd=0.7) for n in INCIDENT),
    *(Parameter(section="prior", name=n, probability=CHANCE, sd=0.7) for n in RESERVED),
    *(Parameter(section="sources", name=n, probability=LOG, sd=0.35) for n in SOURCES),
    Parameter(section="prior", name="entity_capacity", probability=LOG, sd=0.7),
    Parameter(section="", name="temper", probability=LOG, sd=0.7),
)  # fmt: skip
"""22 numbers. With two for each of eight strategies they are 38, all pulled towards what was assumed before."""
TEMPER = frozenset({"temper"})
RESERVES = frozenset(RESERVED)
SOURCE_NAMES = frozenset(SOURCES)
ALL = frozenset(p.name for p in PARAMETERS)
WEIGHTS = (*PATTERNS, *INCIDENT)
"""The parameters that evidence is proportional to, in the order that `compiled` counts them."""
_NEGATIVE = frozenset(
    {("patterns", "missing"), ("patterns", "forbidden"), ("incident", "anomaly"), ("incident", "elsewhere")}
)


def read(table: LikelihoodTable) -> Floats:
    """Where the table stands, on the moving scale."""
    return np.array([p.read(table) for p in PARAMETERS])


def write(table: LikelihoodTable, moved: Sequence[float] | Floats, *, exact: bool = False) -> LikelihoodTable:
    """The table with its parameters at `moved`, rounded to four significant figures unless `exact`."""
    sections: dict[str, dict[str, float]] = {}
    for parameter, value in zip(PARAMETERS, moved, strict=True):
        size = parameter.size(float(value))
        size = size if exact else float(f"{size:.4g}")
        sign = -1.0 if (parameter.section, parameter.name) in _NEGATIVE else 1.0
        sections.setdefault(parameter.section, {})[parameter.name] = sign * size
    both = sections["prior"]["no_incident"] + sections["prior"]["not_listed"]
    if both > MOST_RESERVED:  # what is listed keeps some room whatever the optimiser tries
        for name in ("no_incident", "not_listed"):
            sections["prior"][name] *= MOST_RESERVED / both
    return msgspec.structs.replace(
        table, temper=sections[""]["temper"],
        prior=_replaced(table.prior, sections["prior"]),
        groups=_replaced(table.groups, sections["groups"]),
        patterns=_replaced(table.patterns, sections["patterns"]),
        incident=_replaced(table.incident, sections["incident"]), sources=_replaced(table.sources, sections["sources"]),
    )  # fmt: skip


def penalty(moved: Floats, centre: Floats) -> float:
    """Minus the log of the Gaussian prior, up to a constant."""
    sd = np.array([p.sd for p in PARAMETERS])
    return float(0.5 * np.sum(((moved - centre) / sd) ** 2))


def free(moving: frozenset[str]) -> NDArray[np.intp]:
    """Which of PARAMETERS move, by position."""
    return np.flatnonzero([p.name in moving for p in PARAMETERS])


def bounds(centre: Floats) -> Floats:
    """Shape (parameters, 2): four standard deviations either way, further than which the prior rules out."""
    room = FARTHEST * np.array([p.sd for p in PARAMETERS])
    return np.column_stack([centre - room, centre + room])


def unit(table: LikelihoodTable, weight: str, size: float) -> LikelihoodTable:
    """The table with one evidence weight at `size` and all others at 0: what it shows is that weight's alone."""
    sections = {"patterns": dict.fromkeys(PATTERNS, 0.0), "incident": dict.fromkeys(INCIDENT, 0.0)}
    section = "patterns" if weight in PATTERNS else "incident"
    sections[section][weight] = -size if (section, weight) in _NEGATIVE else size
    return msgspec.structs.replace(
        table, patterns=_replaced(table.patterns, sections["patterns"]),
        incident=_replaced(table.incident, sections["incident"]), sources=Sources(),
    )  # fmt: skip


def _replaced(section: T, changes: dict[str, float]) -> T:
    return msgspec.structs.replace(section, **changes)
