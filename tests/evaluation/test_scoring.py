"""From runs and labels to figures."""

from __future__ import annotations

import pytest

from compass.evaluation.answer import Tried
from compass.evaluation.scoring import accuracy, by_set, score, set_report, strategy_records
from tests.evaluation.answers import answer, ranked, run, truth

LABELS = {"leak": ("memory_leak",)}


def test_accuracy_of_known_ranks() -> None:
    found = accuracy([1, 1, 2, 4, None])
    assert (found.n, found.ac1, found.ac3, found.ac5) == (5, 0.4, 0.6, 0.8)
    assert found.avg5 == pytest.approx((0.4 + 0.6 + 0.6 + 0.8 + 0.8) / 5)
    assert found.ac1_interval[0] < 0.4 < found.ac1_interval[1]


def test_errors_and_empty_lists_stay_in_n_as_misses() -> None:
    cases = [
        score(run("s-1", answer(ranked("orders", 0.9))), truth("orders", identity="s-1"), LABELS),
        score(run("s-2", error="took longer than 1 s and was ended"), truth("orders", identity="s-2"), LABELS),
        score(run("s-3", answer()), truth("orders", identity="s-3"), LABELS),
    ]
    report = set_report(cases)
    assert (report.n, report.errors) == (3, 1)
    assert report.entity.ac5 == pytest.approx(1 / 3)
    assert report.calibration.n == 3
    assert [c.rank for c in report.cases] == [1, None, None]


def test_diagnosis_is_over_labelled_cases_only() -> None:
    cases = [
        score(
            run("s-1", answer(ranked("a", mechanism="memory_leak"))),
            truth("a", identity="s-1", fault_type="leak"), LABELS,
        ),
        score(run("s-2", answer(ranked("a", mechanism="x"))), truth("a", identity="s-2", fault_type="other"), LABELS),
    ]  # fmt: skip
    report = set_report(cases)
    assert report.diagnosis is not None
    assert (report.diagnosis.n, report.diagnosis.ac1, report.entity.n) == (1, 1.0, 2)
    assert set(report.fault_types) == {"leak", "other"}


def test_triggers_and_abstaining() -> None:
    said = [("d1", "d1"), ("none", "d2"), ("none", "none"), ("d9", "none")]
    cases = [
        score(run(f"s-{i}", answer(ranked("a", trigger=t))), truth("a", identity=f"s-{i}", trigger=label), {})
        for i, (t, label) in enumerate(said)
    ]
    found = set_report(cases).trigger
    assert found is not None
    assert (found.n, found.ac1, found.abstain_precision, found.abstain_recall) == (4, 0.5, 0.5, 0.5)


def test_without_labelled_triggers_there_is_no_figure() -> None:
    assert set_report([score(run("s-1"), truth(identity="s-1"), {})]).trigger is None


def test_strategies_are_judged_on_what_is_labelled() -> None:
    def tried(entity: str, mechanism: str, outcome: str, *, decisive: bool = False) -> Tried:
        return Tried(
            entity=entity, kind="service", mechanism=mechanism, strategy="scope", outcome=outcome, decisive=decisive
        )  # fmt: skip

    attempts = (
        tried("a", "memory_leak", "refuted", decisive=True), tried("a", "memory_leak", "survived"),
        tried("a", "cpu", "refuted"),  # the right place, another mechanism: neither
        tried("b", "memory_leak", "refuted"), tried("b", "cpu", "no_data"), tried("b", "cpu", "ambiguous"),
    )  # fmt: skip
    case = score(run("s-1", answer(attempts=attempts)), truth("a", identity="s-1", fault_type="leak"), LABELS)
    found = strategy_records([case])["scope"]
    assert (found.true, found.true_refuted, found.true_cut, found.wrong, found.wrong_refuted) == (2, 1, 1, 1, 1)


def test_sets_are_told_apart_by_id() -> None:
    cases = [score(run(i), truth(identity=i), {}) for i in ("b-2", "a-1", "b-1")]
    assert {name: [c.run.id for c in found] for name, found in by_set(cases).items()} == {
        "a": ["a-1"], "b": ["b-1", "b-2"],
    }  # fmt: skip
