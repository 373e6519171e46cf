"""Two reports side by side: what became better, what worse, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

from compass.evaluation.intervals import bootstrap_mean
from compass.evaluation.report import CaseLine, Report, SetReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    name: str
    before: float
    after: float
    higher_is_better: bool = True

    @property
    def change(self) -> float:
        return self.after - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A case whose rank of the right entity changed. None: not on the list."""

    id: str
    fault_type: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """The mean difference of first and of first three places, case by case over `n` cases in both reports, each with
    its 95 % interval (bootstrap over cases)."""

    n: int
    ac1: float
    ac1_interval: tuple[float, float]
    ac3: float
    ac3_interval: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDiff:
    """One set that both reports hold. Cases are compared where both have them.

    `chance`: the probability of a split at least as uneven between won and lost first places, were both equally good
    (exact two-sided sign test, as McNemar 1947).
    """

    name: str
    common: int
    only_before: int
    only_after: int
    figures: tuple[Figure, ...]
    moved: tuple[Moved, ...]
    won: int
    lost: int
    chance: float
    paired: Paired | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDiff:
    sets: tuple[SetDiff, ...]
    missing_before: tuple[str, ...]
    missing_after: tuple[str, ...]
    same_table: bool
    paired: Paired | None


def compare(before: Report, after: Report) -> ReportDiff:
    """Sets that both reports hold, in order of name."""
    common = sorted(before.sets.keys() & after.sets.keys())
    return ReportDiff(
        sets=tuple(_set(name, before.sets[name], after.sets[name]) for name in common),
        missing_before=tuple(sorted(after.sets.keys() - before.sets.keys())),
        missing_after=tuple(sorted(before.sets.keys() - after.sets.keys())),
        same_table=before.table_sha256 == after.table_sha256,
        paired=_paired([pair for name in common for pair in _pairs(before.sets[name], after.sets[name])]),
    )


def sign_test(won: int, lost: int) -> float:
    """Exact two-sided sign test: 1 when nothing was won or lost."""
    n = won + lost
    tail = sum(comb(n, k) for k in range(min(won, lost) + 1))
    return min(1.0, 2.0 * float(tail) / float(2**n))


def _set(name: str, before: SetReport, after: SetReport) -> SetDiff:
    old, new = ({c.id: c for c in report.cases} for report in (before, after))
    both = sorted(old.keys() & new.keys())
    pairs = _pairs(before, after)
    won = sum(_first(new[i]) and not _first(old[i]) for i in both)
    lost = sum(_first(old[i]) and not _first(new[i]) for i in both)
    return SetDiff(
        name=name, common=len(both), only_before=len(old) - len(both), only_after=len(new) - len(both),
        figures=_figures(before, after), won=won, lost=lost, chance=sign_test(won, lost),
        paired=_paired(pairs),
        moved=tuple(
            Moved(id=i, fault_type=new[i].fault_type, before=old[i].rank, after=new[i].rank)
            for i in both
            if old[i].rank != new[i].rank
        ),
    )  # fmt: skip


def _pairs(before: SetReport, after: SetReport) -> list[tuple[CaseLine, CaseLine]]:
    new = {case.id: case for case in after.cases}
    return [(case, new[case.id]) for case in before.cases if case.id in new]


def _paired(pairs: Sequence[tuple[CaseLine, CaseLine]]) -> Paired | None:
    """None without a case in both."""
    if not pairs:
        return None
    first, three = ([float(_within(new, k)) - float(_within(old, k)) for old, new in pairs] for k in (1, 3))
    return Paired(
        n=len(pairs), ac1=sum(first) / len(pairs), ac1_interval=bootstrap_mean([[one] for one in first]),
        ac3=sum(three) / len(pairs), ac3_interval=bootstrap_mean([[one] for one in three]),
    )  # fmt: skip


def _within(case: CaseLine, k: int) -> bool:
    return case.rank is not None and case.rank <= k


def _figures(before: SetReport, after: SetReport) -> tuple[Figure, ...]:
    found = [
        Figure(name="entity AC@1", before=before.entity.ac1, after=after.entity.ac1),
        Figure(name="entity AC@3", before=before.entity.ac3, after=after.entity.ac3),
        Figure(name="entity Avg@5", before=before.entity.avg5, after=after.entity.avg5),
    ]
    if before.diagnosis is not None and after.diagnosis is not None:
        found.append(Figure(name="diagnosis AC@1", before=before.diagnosis.ac1, after=after.diagnosis.ac1))
    if before.trigger is not None and after.trigger is not None:
        found.append(Figure(name="trigger AC@1", before=before.trigger.ac1, after=after.trigger.ac1))
    for title, old, new in (
        ("calibration error", before.calibration.ece, after.calibration.ece),
        ("Brier score", before.calibration.brier, after.calibration.brier),
        ("log loss", before.calibration.log_loss, after.calibration.log_loss),
        ("seconds, median", before.seconds.median, after.seconds.median),
        ("peak memory, MB", before.peak_mb, after.peak_mb),
    ):
        found.append(Figure(name=title, before=old, after=new, higher_is_better=False))
    return tuple(found)


def _first(case: CaseLine) -> bool:
    return case.rank == 1
