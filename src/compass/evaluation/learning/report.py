"""Figures with and without what was learned, by mode and set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import msgspec

from compass.evaluation.calibration import Calibration
from compass.evaluation.learning.curve import Curve, Told, curves
from compass.evaluation.learning.lived import Effort, Lived
from compass.evaluation.ranks import belief_in_truth
from compass.evaluation.report import Accuracy
from compass.evaluation.scoring import Scored, accuracy, pooled_calibration


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """How many of `n` came to a decided posterior, and what that took: means; those that never did count with all that
    they spent. Seconds depend on the machine and on what else ran there."""

    n: int
    decided: int
    rounds: float
    attempts: float
    work: float
    seconds: float


class LearningFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One set, or all. `right`: the leading account names the right entity, and mechanism where one is labelled.
    `loss`: mean -log of the probability given to the right answer, in nats. `cases` in the order they were run.
    """

    entity: Accuracy
    right: int
    loss: float
    calibration: Calibration
    decided: Decided
    cases: tuple[Told, ...]


class ModeReport(msgspec.Struct, frozen=True, kw_only=True):
    """`sets` by name; `together` over all of them."""

    sets: dict[str, LearningFigures]
    together: LearningFigures


class LearningReport(msgspec.Struct, frozen=True, kw_only=True):
    """`modes` by name, in the order they were run. `curves`: mode → set ("" for all) → how it compares with the first
    mode, where that one learned nothing."""

    modes: dict[str, ModeReport]
    curves: dict[str, dict[str, Curve]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One incident of one mode; `earlier`: how many incidents taught it."""

    scored: Scored
    lived: Lived
    earlier: int


def learning_report(modes: Mapping[str, Mapping[str, Sequence[Ran]]], without: str) -> LearningReport:
    """Figures of all modes: mode → set → cases in the order of time, none of them empty. `without` names the mode that
    the others are compared with; "" compares none."""
    reports = {name: _mode_report(sets) for name, sets in modes.items()}
    if not without:
        return LearningReport(modes=reports)
    told = {name: {of: one.cases for of, one in report.sets.items()} for name, report in reports.items()}
    compared = {name: curves(told[without], own) for name, own in told.items() if name != without}
    return LearningReport(modes=reports, curves=compared)


def _mode_report(sets: Mapping[str, Sequence[Ran]]) -> ModeReport:
    return ModeReport(
        sets={name: _figures(found) for name, found in sets.items()},
        together=_figures(list(chain.from_iterable(sets.values()))),
    )


def _figures(cases: Sequence[Ran]) -> LearningFigures:
    scored = [one.scored for one in cases]
    efforts = [one.lived.decided or one.lived.spent for one in cases]
    told = tuple(_told(one, effort) for one, effort in zip(cases, efforts, strict=True))
    return LearningFigures(
        entity=accuracy([one.placing.entity for one in scored]), right=sum(one.placing.right for one in scored),
        loss=_mean([one.loss for one in told]), calibration=pooled_calibration(scored), cases=told,
        decided=Decided(
            n=len(cases), decided=sum(one.lived.decided is not None for one in cases),
            rounds=_mean([e.rounds for e in efforts]), attempts=_mean([e.attempts for e in efforts]),
            work=_mean([e.work for e in efforts]), seconds=_mean([e.seconds for e in efforts]),
        ),
    )  # fmt: skip


def _told(one: Ran, effort: Effort) -> Told:
    placing, answer = one.scored.placing, one.scored.run.answer
    return Told(
        id=one.lived.run.id, earlier=one.earlier, rank=placing.entity, right=placing.right,
        confidence=placing.confidence, truth=belief_in_truth(answer, one.scored.truth, one.scored.mechanisms),
        work=effort.work,
    )  # fmt: skip


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
