"""Observations: ids from what was seen only, one scale of strength, short pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.agents.observe import HALF_STRENGTH_SCORE, SPARK_POINTS, observe, spark_of, strength_of
from compass.domain.observation import Quantity, Verdict
from compass.domain.telemetry import Answer, NativeQuery
from tests.support.boards import COMPLETE, ORDERS, WEB, seen

QUERY = NativeQuery(language="promql", text="up")
FINITE = st.floats(0, 1e12, allow_nan=False)


@given(FINITE, FINITE)
@settings(deadline=None)
def test_strength_grows_with_the_score_and_stays_below_one(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert 0 <= strength_of(low) <= strength_of(high) <= 1


def test_the_scale_has_the_points_its_page_names() -> None:
    assert strength_of(0) == 0
    assert strength_of(-5) == 0
    assert strength_of(HALF_STRENGTH_SCORE) == pytest.approx(0.5)
    assert strength_of(3 * HALF_STRENGTH_SCORE) == pytest.approx(0.75)
    assert strength_of(10, half=10) == pytest.approx(0.5)
    assert (strength_of(math.inf), strength_of(-math.inf), strength_of(math.nan)) == (1.0, 0.0, 0.0)


def test_the_id_depends_on_what_was_seen_and_on_nothing_else() -> None:
    one = seen("latency.up", WEB, 0.5, agent="tracing", text="a")
    assert one.id == seen("latency.up", WEB, 0.9, agent="network", text="b", since_ns=None).id
    others = {
        seen("errors.up", WEB).id, seen("latency.up", ORDERS).id, seen("latency.up", WEB, verdict=Verdict.NORMAL).id,
        seen("latency.up", WEB, series="another").id,
    }  # fmt: skip
    assert one.id not in others
    assert len(others) == 4
    assert len({
        observe(agent="a", sign="latency.up", entity=WEB, verdict=Verdict.ANOMALY, text="", query=QUERY,
                coverage=COMPLETE, peer=peer, change=change).id
        for peer in (None, ORDERS) for change in (None, "d1")
    }) == 4  # fmt: skip


def test_an_answer_gives_query_coverage_and_source() -> None:
    answer = Answer(data=None, coverage=COMPLETE, query=QUERY, source="mimir")
    made = observe(agent="a", sign="latency.up", entity=WEB, verdict=Verdict.NORMAL, text="fine", answer=answer)
    assert (made.query, made.coverage, made.source) == (QUERY, COMPLETE, "mimir")
    assert made.series == f"latency.up|{WEB.key}"
    own = NativeQuery(language="derived", text="own")
    assert observe(
        agent="a", sign="latency.up", entity=WEB, verdict=Verdict.NORMAL, text="", answer=answer, query=own
    ).query == own  # fmt: skip


def test_without_a_query_or_with_a_strength_that_is_no_number_there_is_no_observation() -> None:
    with pytest.raises(ValueError, match="needs an answer"):
        observe(agent="a", sign="latency.up", entity=WEB, verdict=Verdict.NORMAL, text="")
    with pytest.raises(ValueError, match=r"strength of latency\.up"):
        seen("latency.up", WEB, math.nan)


def test_what_is_no_number_is_no_measurement() -> None:
    made = observe(
        agent="a", sign="latency.up", entity=WEB, verdict=Verdict.NORMAL, text="", query=QUERY, coverage=COMPLETE,
        value=Quantity(value=math.nan, unit="s"), baseline=Quantity(value=2.0, unit="s"),
    )  # fmt: skip
    assert made.value is None
    assert made.baseline == Quantity(value=2.0, unit="s")


@given(st.integers(1, 400), st.integers(0, 500))
@settings(max_examples=40, deadline=None)
def test_a_picture_is_short_and_its_split_is_where_the_onset_is(points: int, onset: int) -> None:
    times = np.arange(points, dtype=np.int64) * 10
    spark = spark_of(times, np.arange(points, dtype=float), onset)
    assert spark is not None
    assert len(spark.values) == min(points, SPARK_POINTS)
    assert list(spark.values) == sorted(v for v in spark.values if v is not None)
    assert (spark.window.start_ns, spark.window.end_ns) == (0, (points - 1) * 10)
    chunks = np.array_split(times, len(spark.values))
    inside = [i for i, chunk in enumerate(chunks) if chunk[0] <= onset <= chunk[-1]]
    if onset > times[-1]:
        assert spark.split is None
    elif inside:
        assert spark.split == inside[0]


def test_a_picture_keeps_holes_and_of_nothing_there_is_none() -> None:
    times = np.array([0, 10, 20], dtype=np.int64)
    spark = spark_of(times, np.array([1.0, math.nan, math.inf]), None)
    assert spark is not None
    assert spark.values == (1.0, None, None)
    assert spark.split is None
    assert spark_of(times, np.full(3, math.nan), None) is None
    assert spark_of(times[:0], np.empty(0), None) is None
