"""Figures of what a model did."""

from __future__ import annotations

from compass.evaluation.models.record import PRICED, ModelRecord, Tokens, figures, priced, together


def record(fast: int, deep: int, **given: int) -> ModelRecord:
    by_role = {"fast": Tokens(input=fast, output=10), "deep": Tokens(input=deep, output=20)}
    return ModelRecord(by_role=by_role, standings={"stands": 1}, calls=2, **given)


def test_records_add_up() -> None:
    whole = together([record(100, 200, entered=2), record(300, 0, entered=1)])
    assert (whole.calls, whole.entered, whole.standings) == (4, 3, {"stands": 2})
    assert whole.total == Tokens(input=600, output=60)


def test_the_middle_and_the_largest_incident() -> None:
    found = figures([record(0, 0), record(100, 0), record(500, 0)])
    assert (found.median_tokens, found.most_tokens) == (130, 530)


def test_every_price_is_listed_and_larger_models_cost_more() -> None:
    small, large = priced(record(1_000_000, 0)), priced(record(0, 1_000_000))
    assert len(small) == len(large) == len(PRICED)
    assert all(0 < small[name] < large[name] for name in small)
