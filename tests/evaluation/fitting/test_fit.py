"""The fit finds what was put in, and refuses what it cannot do."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from compass.analysis.likelihood import SOURCES, load_table, parse_table
from compass.evaluation.calibration import calibration
from compass.evaluation.fitting.compiled import Compiled, Segments, beliefs
from compass.evaluation.fitting.fit import (
    MODELS,
    Fit,
    LeftOut,
    Model,
    Tried,
    check,
    choose,
    fit,
    fit_model,
    leaders,
    objective,
)
from compass.evaluation.fitting.parameters import WEIGHTS
from compass.evaluation.fitting.written import table_text
from compass.ports.errors import ConfigurationError

NO_SOURCE = len(SOURCES)
SUGGESTION = WEIGHTS.index("suggestion")


def worlds(n: int, truth_weight: float, seed: int) -> Compiled:
    """`n` samples of four accounts with one suggestion each, whose right one is drawn from the softmax of
    `truth_weight` × strength: the very model, so that the weight can be found again."""
    rng = np.random.default_rng(seed)
    strength = rng.random((n, 4))
    chance = np.exp(truth_weight * strength)
    chance /= chance.sum(axis=1, keepdims=True)
    right = np.zeros((n, 4), dtype=bool)
    for i in range(n):
        right[i, rng.choice(4, p=chance[i])] = True
    rows = np.arange(4 * n, dtype=np.intp)
    own = Segments(
        coefficient=strength.ravel(), weight=np.full(4 * n, SUGGESTION, dtype=np.intp),
        source=np.full(4 * n, NO_SOURCE, dtype=np.intp),
        starts=rows, row=rows
    )  # fmt: skip
    empty = np.zeros(0, dtype=np.intp)
    return Compiled(
        own=own, lent=Segments(coefficient=np.zeros(0), weight=empty, source=empty, starts=empty, row=empty),
        sample=np.repeat(np.arange(n), 4), mechanism_mass=np.full(4 * n, 0.02), lead=np.full(4 * n, 1.0),
        share=rows, judged=rows, cut=np.zeros(4 * n, dtype=bool), right=right.ravel(), truth=np.zeros(n, dtype=np.intp),
    )  # fmt: skip


@pytest.mark.parametrize("weight", [3.0, 14.0])
def test_a_known_weight_is_found_again(weight: float) -> None:
    base = load_table()
    found = fit_model(Model(name="t", cells=False, strength=0.05), [], [worlds(600, weight, 1)], base)
    assert found.patterns.suggestion * found.temper == pytest.approx(weight, rel=0.2)  # only the product shows


def test_a_strong_pull_stays_where_it_was_with_few_cases() -> None:
    base = load_table()
    found = fit_model(Model(name="t", cells=False, strength=1000.0), [], [worlds(10, 2.0, 2)], base)
    assert found.patterns.suggestion == pytest.approx(base.patterns.suggestion, rel=0.05)


def test_the_fit_never_ends_worse_than_it_began() -> None:
    base, data = load_table(), worlds(200, 5.0, 3)
    found = fit_model(Model(name="t", cells=False, strength=0.25), [], [data], base)
    assert objective(data, found).sum() <= objective(data, base).sum()


def test_leaders_of_samples_without_accounts_are_wrong_and_sure_of_nothing() -> None:
    data = worlds(2, 1.0, 4)
    alone = replace(data, truth=np.array([0, 0, 2], dtype=np.intp))
    said, right = leaders(alone, beliefs(alone, load_table()))
    assert said[2] == 0.0
    assert not right[2]


def test_what_leads_has_the_confidence_of_all_that_is_judged_with_it() -> None:
    data = worlds(1, 1.0, 5)
    found = beliefs(data, load_table())
    order = np.argsort(-found.account)
    together = np.arange(4, dtype=np.intp)
    together[order[2]] = order[0]
    said, right = leaders(replace(data, judged=together), found)
    assert said[0] == pytest.approx(found.account[order[0]] + found.account[order[2]])
    assert right[0] == data.right[order[0]]


def test_one_set_cannot_be_left_out() -> None:
    with pytest.raises(ConfigurationError, match="two sets"):
        fit([], [], {}, load_table())


def test_what_fitting_needs_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    check(["a", "b"])
    monkeypatch.setattr("compass.evaluation.fitting.fit.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="scipy"):
        check(["a", "b"])


def test_what_is_written_is_a_table_that_says_how() -> None:
    base = load_table()
    found = calibration([0.5, 0.9, 0.2], [True, True, False])
    tried = Tried(
        model=MODELS[1], losses=(1.0, 1.0), pooled=found, sets=(LeftOut(name="a", loss=1.0, calibration=found),)
    )
    made = Fit(table=base, chosen=MODELS[1], tried=(tried,), validated=(), validated_before=())
    table = parse_table(table_text(made, {"a": 2, "b": 1}, "2026-01-01", {"a": "our shop"}))
    assert "our shop (2), b (1)" in table.fitted.on
    assert "our shop: log loss" in table.fitted.how
    assert MODELS[1].name in table.fitted.how
    assert table.patterns == base.patterns
    assert math.isclose(table.prior.unseen, base.prior.unseen)


def _tried(number: int, *losses: float) -> Tried:
    found = calibration([0.5, 0.9, 0.2], [True, True, False])
    return Tried(model=MODELS[number], losses=losses, pooled=found, sets=())


def test_of_models_that_chance_may_have_ordered_the_simplest_is_chosen() -> None:
    simple, rich = _tried(2, 0.5, 0.9, 0.4, 0.8), _tried(5, 0.6, 0.6, 0.5, 0.8)
    assert choose([simple, rich]) == MODELS[2]
    clearly = _tried(5, 0.1, 0.5, 0.05, 0.35)
    assert choose([simple, clearly]) == MODELS[5]
