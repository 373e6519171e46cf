"""Two reports side by side."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from compass.evaluation.diff import compare, sign_test
from compass.evaluation.report import FORMAT, Report, read_report, write_report
from compass.evaluation.scoring import by_set, pooled_calibration, score, set_report
from compass.ports.errors import BadInputError
from tests.evaluation.answers import answer, ranked, run, truth


def report(*leaders: str, name: str = "shop") -> Report:
    """The truth is always `orders`; `leaders` lead one case each, `orders` comes second."""
    cases = [
        score(run(f"{name}-{i}", answer(ranked(leader, 0.6), ranked("orders", 0.3))), truth(identity=f"{name}-{i}"), {})
        for i, leader in enumerate(leaders)
    ]
    return Report(
        format=FORMAT, compass="0", engine="e", table_sha256="t",
        sets={key: set_report(found) for key, found in by_set(cases).items()}, calibration=pooled_calibration(cases),
    )  # fmt: skip


def test_what_was_won_and_lost() -> None:
    found = compare(report("orders", "cart", "cart"), report("cart", "orders", "orders")).sets[0]
    assert (found.won, found.lost, found.common) == (2, 1, 3)
    assert [(m.before, m.after) for m in found.moved] == [(1, 2), (2, 1), (2, 1)]
    assert found.figures[0].change == pytest.approx(1 / 3)


def test_sets_and_cases_that_only_one_has() -> None:
    found = compare(report("orders", name="a"), report("orders", "orders", name="a"))
    assert (found.sets[0].common, found.sets[0].only_before, found.sets[0].only_after) == (1, 0, 1)
    other = compare(report("orders", name="a"), report("orders", name="b"))
    assert (other.sets, other.missing_before, other.missing_after) == ((), ("b",), ("a",))


@pytest.mark.parametrize(("won", "lost", "chance"), [(0, 0, 1.0), (5, 0, 0.0625), (1, 1, 1.0), (3, 1, 0.625)])
def test_the_sign_test_is_exact(won: int, lost: int, chance: float) -> None:
    assert sign_test(won, lost) == pytest.approx(chance)


def test_a_report_reads_back_as_it_was_written(tmp_path: Path) -> None:
    made = report("orders", "cart")
    write_report(made, tmp_path / "deep" / "r.json")
    assert read_report(tmp_path / "deep" / "r.json") == made
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["r.json"]


def test_what_is_no_report_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(BadInputError, match="no evaluation report"):
        read_report(tmp_path / "x.json")
    write_report(msgspec.structs.replace(report("orders"), format=99), tmp_path / "later.json")
    with pytest.raises(BadInputError, match="format 99"):
        read_report(tmp_path / "later.json")
    with pytest.raises(BadInputError, match="cannot be read"):
        read_report(tmp_path / "none.json")


def test_the_paired_difference_is_over_the_cases_of_both() -> None:
    found = compare(report("cart", "cart", "orders"), report("orders", "orders", "orders", "cart"))
    assert found.paired is not None
    assert (found.paired.n, found.paired.ac1, found.paired.ac3) == (3, pytest.approx(2 / 3), 0.0)
    low, high = found.paired.ac1_interval
    assert 0.0 <= low < 2 / 3 < high <= 1.0
    assert found.sets[0].paired == found.paired
