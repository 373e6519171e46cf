"""One fact seen in telemetry: measured, compared with normal, without a conclusion."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from compass.domain.entity import EntityRef
from compass.domain.telemetry import Coverage, NativeQuery
from compass.domain.time import Instant, Window

CLEAR = 0.5
"""Strength from which an observation is clear."""


class Verdict(StrEnum):
    """What the comparison with the baseline said. NORMAL results are recorded too: they refute."""

    ANOMALY = "anomaly"
    NORMAL = "normal"
    UNKNOWN = "unknown"  # no usable data: an observability gap, moves nothing


class Quality(StrEnum):
    """How directly an observation bears on a claim (DESIGN §4)."""

    DIRECT = "direct"
    CORROBORATED = "corroborated"
    INDIRECT = "indirect"
    CIRCUMSTANTIAL = "circumstantial"
    WEAK = "weak"


PAGE_SERIES = "page"
ALERT_SERIES = "alert|"
"""How `Observation.series` begins where somebody's rule or words say it, and nothing was measured here."""
LINES_SERIES = "logs|"
"""How it begins where it was read from what one thing wrote."""

QUALITY_WEIGHT: dict[Quality, float] = {
    Quality.DIRECT: 1.0,
    Quality.CORROBORATED: 0.9,
    Quality.INDIRECT: 0.6,
    Quality.CIRCUMSTANTIAL: 0.3,
    Quality.WEAK: 0.1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A number with its UCUM unit."""

    value: float
    unit: str = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """How the number was judged. `score` is in robust standard deviations (or nats where `method` says so)."""

    method: str
    score: float
    samples: int = 0
    baseline_samples: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """At most 48 points for a sparkline; NaN as None. `split` is the index of the onset, when inside."""

    values: tuple[float | None, ...]
    window: Window
    split: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """`sign` is a word of `domain.sign`; `strength` in [0, 1] is how abnormal (0 for NORMAL, CLEAR, 1 = extreme).

    `series` names the records it rests on: observations that share one are one piece of evidence.
    `peer` is the other end for facts about an edge (caller → callee) or the object referred to.
    `statements` are the log templates it is about, redacted, in the form of `analysis.statement`: none where it is not
    about certain ones.
    `id` is content-derived, so the same data gives the same id whatever the arrival order.
    """

    id: str
    agent: str
    sign: str
    entity: EntityRef
    verdict: Verdict
    strength: float
    text: str
    query: NativeQuery
    coverage: Coverage
    source: str
    series: str
    quality: Quality = Quality.DIRECT
    since: Instant | None = None
    value: Quantity | None = None
    baseline: Quantity | None = None
    stats: Stats | None = None
    spark: Spark | None = None
    peer: EntityRef | None = None
    change: str | None = None
    statements: tuple[str, ...] = ()

    @property
    def told(self) -> bool:
        """Whether the page or an alert says it, rather than a comparison made here."""
        return self.series == PAGE_SERIES or self.series.startswith(ALERT_SERIES)
