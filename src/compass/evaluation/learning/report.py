"""Figures with and without what was learned, by mode and set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from compass.evaluation.calibration import Calibration
from compass.evaluation.learning.lived import Lived
from compass.evaluation.report import Accuracy
from compass.evaluation.scoring import Scored, accuracy, pooled_calibration


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """How many of `n` came to a decided posterior, and after how much work (mean, in work units; those that never did
    count with all that they spent)."""

    n: int
    decided: int
    work: float


class LearningFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One set, or all. `right`: the leading account names the right entity, and mechanism where one is labelled."""

    entity: Accuracy
    right: int
    calibration: Calibration
    decided: Decided
    later: Accuracy | None = None  # of the second half in time: where there was something to learn from
    ranks: dict[str, int | None] = {}


class ModeReport(msgspec.Struct, frozen=True, kw_only=True):
    """`sets` by name; `together` over all of them."""

    sets: dict[str, LearningFigures]
    together: LearningFigures


class LearningReport(msgspec.Struct, frozen=True, kw_only=True):
    """`modes` by name, in the order they were run."""

    modes: dict[str, ModeReport]


def mode_report(sets: Mapping[str, Sequence[tuple[Scored, Lived]]]) -> ModeReport:
    """Figures of one mode; the cases of each set in the order of time, none of them empty."""
    every = [pair for found in sets.values() for pair in found]
    halves = {name: [scored for scored, _ in found[len(found) // 2 :]] for name, found in sets.items()}
    return ModeReport(
        sets={name: _figures(found, halves[name]) for name, found in sets.items()},
        together=_figures(every, [one for half in halves.values() for one in half]),
    )


def _figures(cases: Sequence[tuple[Scored, Lived]], later: Sequence[Scored]) -> LearningFigures:
    scored = [one for one, _ in cases]
    work = [lived.run.answer.work if lived.decided_after is None else lived.decided_after for _, lived in cases]
    return LearningFigures(
        entity=accuracy([one.placing.entity for one in scored]), right=sum(one.placing.right for one in scored),
        calibration=pooled_calibration(scored),
        decided=Decided(
            n=len(cases), decided=sum(lived.decided_after is not None for _, lived in cases),
            work=sum(work) / len(work),
        ),
        later=accuracy([one.placing.entity for one in later]) if later else None,
        ranks={one.run.id: one.placing.entity for one in scored},
    )  # fmt: skip
