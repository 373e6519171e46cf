"""The screen of `compass eval --learning`: how right, how dear, and what earlier incidents bring."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text

from compass.entrypoints.cli.render.sparkline import sparkline
from compass.entrypoints.cli.render.tables import share, table
from compass.evaluation.learning.curve import Curve, Quarter
from compass.evaluation.learning.report import LearningFigures, LearningReport

RIGHT = ("set", "learning", "n", "AC@1", "95 %", "AC@3", "Avg@5", "right", "Brier", "log loss", "error")
EFFORT = ("set", "learning", "decided", "rounds", "attempts", "work", "seconds")
QUARTERS = ("set", "quarter", "n", "earlier", "AC@1", "right", "Brier", "log loss", "work")
LINE = 60
ALL = "all"


def learning_screen(report: LearningReport) -> list[Text]:
    """Modes below each other for every set, so that a column is compared at a glance."""
    lines = [*table(RIGHT, _rows(report, _right)), Text(), *table(EFFORT, _rows(report, _effort)), Text()]
    lines.append(
        Text("until a decided posterior, or to the end where it never was; means. right: entity, and mechanism")
    )
    lines.append(Text("where one is labelled"))
    for mode, curves in report.curves.items():
        lines += [Text(), *_curve_lines(mode, curves)]
    return [*lines, Text(), *_moved(report)]


def _rows(report: LearningReport, row: Callable[[str, str, LearningFigures], tuple[str, ...]]) -> list[tuple[str, ...]]:
    names = dict.fromkeys(name for mode in report.modes.values() for name in mode.sets)
    rows = [row(name, mode, one.sets[name]) for name in names for mode, one in report.modes.items()]
    return rows + [row(ALL, mode, one.together) for mode, one in report.modes.items()] if len(names) > 1 else rows


def _right(name: str, mode: str, one: LearningFigures) -> tuple[str, ...]:
    low, high = one.entity.ac1_interval
    return (
        name, mode, str(one.entity.n), share(one.entity.ac1), f"{low:.2f}–{high:.2f}", share(one.entity.ac3),
        share(one.entity.avg5), share(one.right / one.entity.n), share(one.calibration.brier),
        share(one.calibration.log_loss), share(one.calibration.ece),
    )  # fmt: skip


def _effort(name: str, mode: str, one: LearningFigures) -> tuple[str, ...]:
    cost = one.decided
    return (
        name, mode, f"{cost.decided}/{cost.n}", f"{cost.rounds:.2f}", f"{cost.attempts:.1f}", f"{cost.work:.1f}",
        f"{cost.seconds:.2f}",
    )  # fmt: skip


def _curve_lines(mode: str, curves: dict[str, Curve]) -> list[Text]:
    """Quarters of the order of time, without → with; then the difference over all, and how it grew."""
    shown = {name or ALL: one for name, one in curves.items() if name or len(curves) > 2}
    rows = [_quarter(name, number, q) for name, one in shown.items() for number, q in enumerate(one.quarters, 1)]
    lines = [Text(f"learning curve: {mode}", style="bold"), *table(QUARTERS, rows), Text()]
    for name, one in shown.items():
        said = ", ".join(
            f"{figure.replace('_', ' ')} {d.mean:+.3f} ({d.interval[0]:+.3f} to {d.interval[1]:+.3f})"
            for figure, d in one.differences.items()
        )
        lines.append(Text(f"{name}, difference an incident (95 %): {said}"))
        lines.append(Text(f"{name}, log loss saved so far: {sparkline(one.saved, LINE)} {one.saved[-1]:+.2f} nats"))
    return lines


def _quarter(name: str, number: int, one: Quarter) -> tuple[str, ...]:
    before, after = one.without, one.learned
    pairs = ((before.ac1, after.ac1), (before.right, after.right), (before.brier, after.brier))
    return (
        name, str(number), str(one.n), f"{one.earlier:.0f}", *(f"{a:.3f} → {b:.3f}" for a, b in pairs),
        f"{before.log_loss:.3f} → {after.log_loss:.3f}", f"{before.work:.1f} → {after.work:.1f}",
    )  # fmt: skip


def _moved(report: LearningReport) -> list[Text]:
    """Which incidents ended differently, against the first mode: their rank, or whether what leads is right."""
    modes = list(report.modes.items())
    lines = []
    for name, mode in modes[1:]:
        before = {one.id: one for one in modes[0][1].together.cases}
        pairs = [(before[one.id], one) for one in mode.together.cases]
        moved = [f"{b.id} {_rank(b.rank)}→{_rank(a.rank)}" for b, a in pairs if b.rank != a.rank]
        lines.append(_line(f"{name}: {len(moved)} of {len(pairs)} ranks moved", moved))
        won = [a.id for b, a in pairs if a.right and not b.right]
        lost = [a.id for b, a in pairs if b.right and not a.right]
        lines.append(_line(f"{name}: what leads became right {len(won)} times", won))
        lines.append(_line(f"{name}: what leads became wrong {len(lost)} times", lost))
    return lines


def _line(said: str, names: list[str]) -> Text:
    return Text(said + (f": {', '.join(names)}" if names else ""))


def _rank(rank: int | None) -> str:
    return "–" if rank is None else str(rank)
