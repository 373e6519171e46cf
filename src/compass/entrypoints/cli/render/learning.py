"""The screen of `compass eval --learning`: one line a mode and set."""

from __future__ import annotations

from rich.text import Text

from compass.entrypoints.cli.render.tables import share, table
from compass.evaluation.learning.report import LearningFigures, LearningReport

HEAD = (
    "set",
    "learning",
    "n",
    "AC@1",
    "95 %",
    "Avg@5",
    "later half",
    "right",
    "Brier",
    "log loss",
    "ECE",
    "decided",
    "work",
)


def learning_screen(report: LearningReport) -> list[Text]:
    """Modes below each other for every set, so that a column is compared at a glance."""
    names = dict.fromkeys(name for mode in report.modes.values() for name in mode.sets)
    rows = [
        _row(name, mode, one.sets[name]) for name in names for mode, one in report.modes.items() if name in one.sets
    ]
    if len(names) > 1:
        rows += [_row("all", mode, one.together) for mode, one in report.modes.items()]
    return [*table(HEAD, rows), Text(), *_moved(report)]


def _row(name: str, mode: str, one: LearningFigures) -> tuple[str, ...]:
    low, high = one.entity.ac1_interval
    later = f"{one.later.ac1:.3f}" if one.later is not None else ""
    return (
        name, mode, str(one.entity.n), f"{one.entity.ac1:.3f}", f"{low:.2f}–{high:.2f}", f"{one.entity.avg5:.3f}",
        later,
        share(one.right / one.entity.n), f"{one.calibration.brier:.3f}", f"{one.calibration.log_loss:.3f}",
        f"{one.calibration.ece:.3f}", f"{one.decided.decided}/{one.decided.n}", f"{one.decided.work:.1f}",
    )  # fmt: skip


def _moved(report: LearningReport) -> list[Text]:
    """Which incidents ended differently, against the first mode."""
    modes = list(report.modes.items())
    lines = []
    for name, mode in modes[1:]:
        before = modes[0][1].together.ranks
        after = mode.together.ranks
        moved = [f"{k} {_rank(before[k])}→{_rank(after[k])}" for k in before if before[k] != after.get(k)]
        lines.append(
            Text(f"{name}: {len(moved)} of {len(before)} ranks moved" + (f": {', '.join(moved)}" if moved else ""))
        )
    return lines


def _rank(rank: int | None) -> str:
    return "–" if rank is None else str(rank)
