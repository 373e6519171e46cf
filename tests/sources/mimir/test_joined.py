"""Answers for parts of a window become one table that says what one answer would have said."""

from __future__ import annotations

import numpy as np

from compass.domain.time import NS_PER_S, Window
from compass.sources.mimir.joined import joined
from compass.sources.mimir.plan import NAME, Plan, Request
from compass.sources.mimir.samples import Measured

STEP_S = 60.0
START_NS = 1_700_000_000_000_000_000
RATES = [0.0, 0.0, 0.05, 0.0, 4.0, 4.0, 2.0, 1.0, 0.0, 3.0]


def window(first: int, last: int) -> Window:
    step = round(STEP_S * NS_PER_S)
    return Window(start_ns=START_NS + first * step, end_ns=START_NS + last * step)


def request(first: int, last: int, *, summed: bool = True) -> Request:
    return Request(expression="x", window=window(first, last), step_s=STEP_S if summed else None, summed=summed)


def answer(first: int, last: int, label: str = NAME) -> Measured:
    """As a server gives it: both ends of a part are in it."""
    steps = np.arange(first, last + 1)
    return Measured(
        labels=[{label: "requests_total", "pod": "a"}], series=np.zeros(steps.size, dtype=np.int64),
        time_ns=START_NS + steps * round(STEP_S * NS_PER_S), value=np.array(RATES)[steps],
    )  # fmt: skip


def test_rates_of_parts_make_one_counter_that_never_goes_back() -> None:
    plan = Plan(requests=(request(0, 4), request(4, 7), request(7, 9)), step_s=STEP_S, missing=())
    made = joined(plan, [answer(0, 4), answer(4, 7), answer(7, 9)], window(0, 9))
    assert (made.names, made.labels) == (["requests_total"], [{"pod": "a"}])
    assert made.time_ns.tolist() == [window(step, 10).start_ns for step in range(10)]
    np.testing.assert_allclose(made.value, np.cumsum(RATES) * STEP_S)


def test_a_sample_where_two_parts_meet_is_kept_once() -> None:
    plan = Plan(requests=(request(0, 4, summed=False), request(4, 9, summed=False)), step_s=None, missing=())
    made = joined(plan, [answer(0, 4, "__name__"), answer(4, 9, "__name__")], window(0, 9))
    np.testing.assert_array_equal(made.value, RATES)


def test_a_window_that_begins_within_a_millisecond_keeps_its_first_sample() -> None:
    """Servers know milliseconds: what was asked for begins a little before the window."""
    late = Window(start_ns=START_NS + 999_999, end_ns=window(0, 9).end_ns)
    asked = Request(expression="x", window=late, step_s=STEP_S, summed=True)
    made = joined(Plan(requests=(asked,), step_s=STEP_S, missing=()), [answer(0, 9)], late)
    assert made.value.size == len(RATES)
