"""The screen of `compass eval --learning`: how right, how dear, and what earlier incidents bring."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text

from compass.entrypoints.cli.render.sparkline import sparkline
from compass.entrypoints.cli.render.tables import share, table
from compass.evaluation.learning.curve import Curve, Quarter
from compass.evaluation.learning.report import LearningFigures, LearningReport

RIGHT = ("set", "learning", "n", "AC@1", "95 %", "AC@3", "Avg@5", "right", "loss", "Brier", "log loss", "error")
EFFORT = ("set", "learning", "decided", "rounds", "attempts", "work", "seconds")
QUARTERS = ("set", "quarter", "n", "earlier", "AC@1", "right", "loss", "Brier", "work")
DIFFERENCES = (
    "set",
    "learning",
    "AC@1",
    "right",
    "loss",
    "95 %",
    "Brier",
    "95 %",
    "work",
    "loss saved in time, in all",
)
NOTE = (
    "right: entity, and mechanism where one is labelled. loss: -log of the probability of the right answer.",
    "Brier, log loss, error: of the confidence in what leads. Means until a decided posterior, or to the end.",
)
LINE = 24
ALL = "all"


def learning_screen(report: LearningReport) -> list[Text]:
    """Modes below each other for every set, so that a column is compared at a glance."""
    lines = [*table(RIGHT, _rows(report, _right)), Text(), *table(EFFORT, _rows(report, _effort))]
    lines += [Text(line) for line in ("", *NOTE)]
    if report.curves:
        first = next(iter(report.curves))
        lines += [Text(), Text(f"By quarter of the order of time: {first}"), *_quarters(report.curves[first])]
        lines += [Text(), Text("Difference an incident"), *table(DIFFERENCES, _differences(report.curves))]
    return [*lines, Text(), *_moved(report)]


def _rows(report: LearningReport, row: Callable[[str, str, LearningFigures], tuple[str, ...]]) -> list[tuple[str, ...]]:
    names = dict.fromkeys(name for mode in report.modes.values() for name in mode.sets)
    rows = [row(name, mode, one.sets[name]) for name in names for mode, one in report.modes.items()]
    return rows + [row(ALL, mode, one.together) for mode, one in report.modes.items()] if len(names) > 1 else rows


def _right(name: str, mode: str, one: LearningFigures) -> tuple[str, ...]:
    low, high = one.entity.ac1_interval
    return (
        name, mode, str(one.entity.n), share(one.entity.ac1), f"{low:.2f}–{high:.2f}", share(one.entity.ac3),
        share(one.entity.avg5), share(one.right / one.entity.n), share(one.loss), share(one.calibration.brier),
        share(one.calibration.log_loss), share(one.calibration.ece),
    )  # fmt: skip


def _effort(name: str, mode: str, one: LearningFigures) -> tuple[str, ...]:
    cost = one.decided
    return (
        name, mode, f"{cost.decided}/{cost.n}", f"{cost.rounds:.2f}", f"{cost.attempts:.1f}", f"{cost.work:.1f}",
        f"{cost.seconds:.2f}",
    )  # fmt: skip


def _quarters(curves: dict[str, Curve]) -> list[Text]:
    """Without → with what earlier ones taught."""
    return table(
        QUARTERS,
        [_quarter(name, number, q) for name, one in _shown(curves) for number, q in enumerate(one.quarters, 1)],
    )


def _quarter(name: str, number: int, one: Quarter) -> tuple[str, ...]:
    before, after = one.without, one.learned
    pairs = (
        (before.ac1, after.ac1), (before.right, after.right), (before.loss, after.loss), (before.brier, after.brier)
    )  # fmt: skip
    return (
        name, str(number), str(one.n), f"{one.earlier:.0f}", *(f"{a:.3f} → {b:.3f}" for a, b in pairs),
        f"{before.work:.1f} → {after.work:.1f}",
    )  # fmt: skip


def _differences(modes: dict[str, dict[str, Curve]]) -> list[tuple[str, ...]]:
    names = [name for name, _ in _shown(next(iter(modes.values())))]
    by_name = {mode: dict(_shown(curves)) for mode, curves in modes.items()}
    return [_difference(name, mode, by_name[mode][name]) for name in names for mode in modes]


def _difference(name: str, mode: str, one: Curve) -> tuple[str, ...]:
    mean = {figure: f"{d.mean:+.3f}" for figure, d in one.differences.items()}
    within = {figure: "{:+.3f} to {:+.3f}".format(*d.interval) for figure, d in one.differences.items()}
    return (
        name, mode, mean["ac1"], mean["right"], mean["loss"], within["loss"], mean["brier"], within["brier"],
        f"{one.differences['work'].mean:+.1f}", f"{sparkline(one.saved, LINE)} {one.saved[-1]:+6.2f}",
    )  # fmt: skip


def _shown(curves: dict[str, Curve]) -> list[tuple[str, Curve]]:
    """Each set, and all where there is more than one."""
    return [(name or ALL, one) for name, one in curves.items() if name or len(curves) > 2]


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
