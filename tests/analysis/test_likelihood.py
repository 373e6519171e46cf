from __future__ import annotations

import hashlib
import math
from importlib.resources import files

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.likelihood import ASSUMED_FILE, FamilyCell, Outcomes, load_table, parse_table
from compass.domain.disproof import Outcome
from compass.domain.observation import QUALITY_WEIGHT, Quality

SHIPPED = load_table()
SHIPPED_TEXT = files("compass.analysis").joinpath("likelihoods.yaml").read_text()
# Figures that a person set: tests of arithmetic must not change with every fit.
TEXT = files("compass.analysis").joinpath(ASSUMED_FILE).read_text(encoding="utf-8")
TABLE = parse_table(TEXT)
STRATEGIES = (*TABLE.strategies, "one-that-is-not-listed")


def test_the_shipped_table_names_its_hash_and_admits_how_it_was_made() -> None:
    assert SHIPPED.sha256 == hashlib.sha256(SHIPPED_TEXT.encode()).hexdigest()
    assert "left out" in SHIPPED.fitted.how
    assert "lab (" in SHIPPED.fitted.on
    assert SHIPPED.decisive_floor == pytest.approx(-7.0)


def test_the_shipped_table_knows_every_strategy_that_ships() -> None:
    # the names, not the classes: analysis does not import disproof
    assert set(SHIPPED.strategies) == {
        "time_order", "scope", "correlation", "threshold", "dependency_direction", "baseline", "alternative",
        "similar_incident",
    }  # fmt: skip


@given(
    family=st.sampled_from(["pool", "network", ""]), strategy=st.sampled_from(STRATEGIES),
    outcome=st.sampled_from(list(Outcome)), quality=st.sampled_from(list(Quality)), decisive=st.booleans(),
    predicted=st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_a_refutation_never_supports_and_a_survival_never_refutes(
    family, strategy, outcome, quality, decisive, predicted
) -> None:
    value = TABLE.outcome(family, strategy, outcome, quality, decisive=decisive, predicted=predicted)
    assert math.isfinite(value)
    if outcome is Outcome.REFUTED:
        assert TABLE.decisive_floor <= value <= 0
    elif outcome is Outcome.SURVIVED:
        assert value >= 0
    else:
        assert value == 0


def test_only_direct_quality_is_decisive() -> None:
    for quality in Quality:
        value = TABLE.outcome("pool", "threshold", Outcome.REFUTED, quality, decisive=True)
        assert (value == TABLE.decisive_floor) is (quality is Quality.DIRECT)


def test_quality_tempers_cells_that_are_not_fitted_only() -> None:
    cell = TABLE.strategies["scope"]
    fitted = msgspec.structs.replace(
        TABLE, strategies={**TABLE.strategies, "scope": msgspec.structs.replace(cell, fitted=True)}
    )
    full = TABLE.outcome("x", "scope", Outcome.SURVIVED)
    for quality in Quality:
        assert TABLE.outcome("x", "scope", Outcome.SURVIVED, quality) == pytest.approx(full * QUALITY_WEIGHT[quality])
        assert fitted.outcome("x", "scope", Outcome.SURVIVED, quality) == pytest.approx(full)


@given(cases=st.floats(0, 1e6))
@settings(max_examples=40, deadline=None)
def test_a_family_is_pooled_with_the_rest_by_its_number_of_cases(cases: float) -> None:
    own = Outcomes(refuted=0.01, survived=0.95)
    table = msgspec.structs.replace(TABLE, families={"pool": {"scope": FamilyCell(holds=own, cases=cases)}})
    general = TABLE.strategies["scope"].holds.survived
    found = table.probability("pool", "scope", Outcome.SURVIVED)
    assert general - 1e-12 <= found <= own.survived + 1e-12
    assert found == pytest.approx((cases * own.survived + TABLE.pooling * general) / (cases + TABLE.pooling))
    assert table.probability("other", "scope", Outcome.SURVIVED) == general


def test_no_cases_is_the_general_figure_and_many_are_the_familys_own() -> None:
    own = Outcomes(refuted=0.01, survived=0.95)
    for cases, wanted in ((0.0, TABLE.strategies["scope"].holds.survived), (1e9, own.survived)):
        table = msgspec.structs.replace(TABLE, families={"pool": {"scope": FamilyCell(holds=own, cases=cases)}})
        assert table.probability("pool", "scope", Outcome.SURVIVED) == pytest.approx(wanted)


KINDS = ["suggestion", "required", "expected", "missing", "forbidden", "coverage", "closeness"]


@pytest.mark.parametrize("kind", KINDS)
def test_patterns_grow_with_weight_strength_and_quality(kind: str) -> None:
    full = TABLE.pattern(kind)
    assert (full < 0) is (kind in ("missing", "forbidden"))
    assert TABLE.pattern(kind, weight=0.5) == pytest.approx(full / 2)
    assert TABLE.pattern(kind, strength=0.5) == pytest.approx(full / 2)
    assert TABLE.pattern(kind, quality=Quality.WEAK) == pytest.approx(full * 0.1)
    assert TABLE.pattern(kind, weight=7.0, strength=math.inf) == 0.0  # not a number of use
    assert TABLE.pattern(kind, weight=7.0) == full
    assert TABLE.pattern(kind, weight=-1.0) == 0.0


def test_an_unknown_kind_of_pattern_is_an_error() -> None:
    with pytest.raises(KeyError):
        TABLE.pattern("hunch")


@pytest.mark.parametrize(("old", "new", "says"), [
    ("temper: 1.0", "tempre: 1.0", "tempre"),
    ("no_incident: 0.05", "no_incident: 1.5", "no_incident"),
    ("no_incident: 0.05", "no_incident: lots", "float"),
    ("decisive_floor: -7.0", "decisive_floor: 7.0", "decisive_floor"),
    ("forbidden: -2.0", "forbidden: 2.0", "forbidden"),
    ("holds: {refuted: 0.04, survived: 0.80}", "holds: {refuted: 0.50, survived: 0.40}", "background"),
    ("share_of_rest: 0.30", "share_of_rest: 3.0", "share"),
    ("families: {}", "families: {pool: {scope: {holds: {refuted: 0.9, survived: 0.05}}}}", "background"),
    ("families: {}", "families: {pool: {scope: {holds: {refuted: 0.0, survived: 0.5}}}}", "between"),
    ("version: 1", "version: [", "likelihood table"),
])  # fmt: skip
def test_a_wrong_table_is_refused_and_says_why(old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(ValueError, match=says):
        parse_table(TEXT.replace(old, new, 1))
