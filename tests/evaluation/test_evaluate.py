"""What an evaluation says of repeated runs."""

from __future__ import annotations

from compass.evaluation.evaluate import differing
from tests.evaluation.answers import answer, ranked, run


def test_another_answer_or_error_is_a_difference_and_another_time_is_none() -> None:
    first = [run("a", answer(ranked("x"))), run("b", answer(ranked("x"))), run("c"), run("d")]
    later = [
        run("a", answer(ranked("x")), seconds=9.0), run("b", answer(ranked("x", 0.51))), run("c", error="late"),
        run("d"),
    ]  # fmt: skip
    assert differing(later, first) == {"b", "c"}
