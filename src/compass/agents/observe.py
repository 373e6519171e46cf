"""How screens make observations: content-derived ids, one strength scale, short sparklines."""

from __future__ import annotations

import math

import numpy as np

from compass.domain.entity import EntityRef
from compass.domain.ids import id_of
from compass.domain.observation import Observation, Quality, Quantity, Spark, Stats, Verdict
from compass.domain.telemetry import Answer, Coverage, NativeQuery
from compass.domain.time import Instant, Window
from compass.tables.series import Floats, Ints

SPARK_POINTS = 48
HALF_STRENGTH_SCORE = 6.0


def strength_of(score: float, half: float = HALF_STRENGTH_SCORE) -> float:
    """Map a robust score (standard deviations, ≥ 0) to [0, 1): `half` gives 0.5, three times that 0.75.

    One scale for every screen, so that strengths compare; saturating, because beyond "clearly abnormal" a larger
    score says more about a quiet baseline than about the incident.
    """
    if not math.isfinite(score):
        return 1.0 if score > 0 else 0.0
    return max(0.0, score) / (max(0.0, score) + half)


def observe(
    *,
    agent: str,
    sign: str,
    entity: EntityRef,
    verdict: Verdict,
    text: str,
    answer: Answer[object] | None = None,
    query: NativeQuery | None = None,
    coverage: Coverage | None = None,
    source: str = "",
    series: str = "",
    strength: float = 0.0,
    quality: Quality = Quality.DIRECT,
    since: Instant | None = None,
    value: Quantity | None = None,
    baseline: Quantity | None = None,
    stats: Stats | None = None,
    spark: Spark | None = None,
    peer: EntityRef | None = None,
    change: str | None = None,
    statements: tuple[str, ...] = (),
) -> Observation:
    """An observation whose id depends on what was seen only. Give `answer`, or query, coverage and source."""
    if answer is not None:
        query, coverage, source = query or answer.query, coverage or answer.coverage, source or answer.source
    if query is None or coverage is None:
        raise ValueError("an observation needs an answer, or a query and its coverage")
    parts = (sign, entity.key, verdict.value, series, peer.key if peer else "", change or "")
    if not math.isfinite(strength):
        raise ValueError(f"the strength of {sign} at {entity} is {strength}")
    return Observation(
        id=id_of("o", *parts),
        agent=agent, sign=sign, entity=entity, verdict=verdict, strength=round(float(strength), 4), text=text,
        query=query, coverage=coverage, source=source, series=series or f"{sign}|{entity.key}", quality=quality,
        since=since, value=_finite(value), baseline=_finite(baseline), stats=stats, spark=spark, peer=peer,
        change=change, statements=statements,
    )  # fmt: skip


def _finite(quantity: Quantity | None) -> Quantity | None:
    """Not a number is not a measurement: it must not be stored or shown as one."""
    return quantity if quantity is not None and math.isfinite(quantity.value) else None


def spark_of(times_ns: Ints, values: Floats, onset_ns: int | None) -> Spark | None:
    """A short picture of one series (mean per bucket), or None when there is nothing to draw."""
    if times_ns.size == 0 or not np.isfinite(values).any():
        return None
    chunks = np.array_split(np.arange(times_ns.size), min(SPARK_POINTS, times_ns.size))
    points = []
    for chunk in chunks:
        finite = values[chunk][np.isfinite(values[chunk])]
        points.append(float(f"{finite.mean():.6g}") if finite.size else None)
    split = None
    if onset_ns is not None:
        split = next((i for i, chunk in enumerate(chunks) if times_ns[chunk[-1]] >= onset_ns), None)
    window = Window(start_ns=int(times_ns[0]), end_ns=int(times_ns[-1]))
    return Spark(values=tuple(points), window=window, split=split)
