"""The screen of `compass eval fit`: what was tried, on what it was judged, what it does where nothing was fitted."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from compass.entrypoints.cli.render.tables import share, table
from compass.evaluation.calibration import Calibration
from compass.evaluation.fitting.fit import Fit, LeftOut


def fit_screen(fit: Fit, out: Path) -> list[Text]:
    """Models by their loss on sets left out whole, then the sets that only validate."""
    head = ("left out in turn", "loss", "n", "right", "error", "floor", "Brier", "base", "gain", "log loss", "base")
    rows: list[tuple[str, ...]] = []
    for tried in fit.tried:
        mark = " (chosen)" if tried.model == fit.chosen else ""
        rows.append((f"{tried.model.name}{mark}", share(tried.loss), *_row(tried.pooled)))
        rows += [(f"  {one.name}", share(one.loss), *_row(one.calibration)) for one in tried.sets]
    lines = table(head, rows)
    if fit.validated:
        head = ("validating only", *head[1:])
        lines += [Text(), *table(head, [r for pair in zip(fit.validated_before, fit.validated, strict=True) for r in (
            _named(f"{pair[0].name} before", pair[0]), _named(f"{pair[1].name} fitted", pair[1])
        )])]  # fmt: skip
    return [*lines, Text(), Text(f"wrote {out}: check it with `compass eval DIR... --table {out}`")]


def _named(name: str, one: LeftOut) -> tuple[str, ...]:
    return (name, share(one.loss), *_row(one.calibration))


def _row(c: Calibration) -> tuple[str, ...]:
    return (
        str(c.n), share(c.base_rate), share(c.ece), share(c.ece_floor), share(c.brier), share(c.brier_base),
        share(c.brier_skill), share(c.log_loss), share(c.log_loss_base),
    )  # fmt: skip
