"""From runs and labels to figures. Pure: nothing is read or run here.

AC@k and Avg@5 as in the literature on fault localisation (e.g. Yu et al., FSE 2023): the share of cases whose labelled
entity is among the first k distinct ones, and the mean of AC@1 … AC@5.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compass.analysis.proportion import wilson
from compass.evaluation.answer import Tried
from compass.evaluation.calibration import Calibration, calibration
from compass.evaluation.case import CaseRun
from compass.evaluation.intervals import bootstrap_mean
from compass.evaluation.models.record import ModelFigures, figures
from compass.evaluation.ranks import Placing, is_place, place_of
from compass.evaluation.report import (
    Accuracy,
    CaseLine,
    Led,
    SetReport,
    Spread,
    StrategyRecord,
    TriggerAccuracy,
)
from compass.evaluation.truth import Truth, set_of

K = 5
REFUTED, SURVIVED = "refuted", "survived"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One run beside its label. `mechanisms`: ids that count as right, empty where none is labelled."""

    run: CaseRun
    truth: Truth
    mechanisms: tuple[str, ...]
    placing: Placing


def score(run: CaseRun, truth: Truth, labels: Mapping[str, tuple[str, ...]]) -> Scored:
    mechanisms = labels.get(truth.fault_type, ())
    return Scored(run=run, truth=truth, mechanisms=mechanisms, placing=place_of(run.answer, truth, mechanisms))


def by_set(cases: Iterable[Scored]) -> dict[str, list[Scored]]:
    """Cases by the set their id belongs to, both in order."""
    found: dict[str, list[Scored]] = {}
    for case in sorted(cases, key=lambda c: c.run.id):
        found.setdefault(set_of(case.run.id), []).append(case)
    return dict(sorted(found.items()))


def set_report(cases: Sequence[Scored]) -> SetReport:
    """All figures of one set. `cases` is not empty."""
    labelled = [c for c in cases if c.placing.diagnosis_labelled]
    faults = sorted({c.truth.fault_type for c in cases})
    return SetReport(
        n=len(cases), entity=accuracy([c.placing.entity for c in cases]),
        diagnosis=accuracy([c.placing.diagnosis for c in labelled]) if labelled else None,
        trigger=_trigger(cases),
        decoys_blamed=sum(c.placing.decoy_blamed for c in cases),
        decoys_labelled=sum(bool(c.truth.decoys) for c in cases),
        calibration=pooled_calibration(cases),
        not_listed_led=_led(cases, "not_listed"), no_incident_led=_led(cases, "no_incident"),
        strategies=strategy_records(cases),
        fault_types={f: accuracy([c.placing.entity for c in cases if c.truth.fault_type == f]) for f in faults},
        seconds=spread([c.run.seconds for c in cases]), work=spread([c.run.answer.work for c in cases]),
        peak_mb=max(c.run.peak_mb for c in cases), errors=sum(c.run.error is not None for c in cases),
        cases=tuple(_line(c) for c in cases), model=_model(cases),
    )  # fmt: skip


def accuracy(ranks: Sequence[int | None]) -> Accuracy:
    """Figures over ranks; None is a miss at every k. At least one rank is needed."""
    hits = np.array([[rank is not None and rank <= k for k in range(1, K + 1)] for rank in ranks], dtype=np.float64)
    shares = hits.mean(axis=0)
    return Accuracy(
        n=len(ranks), ac1=float(shares[0]), ac3=float(shares[2]), ac5=float(shares[4]), avg5=float(shares.mean()),
        ac1_interval=wilson(int(hits[:, 0].sum()), len(ranks)),
        avg5_interval=bootstrap_mean(hits),
    )  # fmt: skip


def pooled_calibration(cases: Sequence[Scored]) -> Calibration:
    """Over the confidence of the leading account, 0 where the list is empty. `cases` is not empty."""
    return calibration([c.placing.confidence for c in cases], [c.placing.right for c in cases])


def strategy_records(cases: Iterable[Scored]) -> dict[str, StrategyRecord]:
    """How often each strategy refuted what was wrong and what was true. Theories of cases without label do not count.

    A theory is true when it names a right place and a right mechanism. At a right place with another mechanism, or
    where no mechanism is labelled, it is neither: it may be part of the same account, or beside it.
    """
    tallies: dict[str, dict[str, int]] = {}
    for case in cases:
        for tried in case.run.answer.attempts:
            kind = _kind(tried, case)
            if kind is None or tried.outcome not in (REFUTED, SURVIVED):
                continue
            tally = tallies.setdefault(tried.strategy, dict.fromkeys(StrategyRecord.__struct_fields__, 0))
            tally[kind] += 1
            tally[f"{kind}_refuted"] += tried.outcome == REFUTED
            tally["true_cut"] += kind == "true" and tried.decisive
    return {strategy: StrategyRecord(**tallies[strategy]) for strategy in sorted(tallies)}


def spread(values: Sequence[float]) -> Spread:
    return Spread(median=float(np.median(values)), p95=float(np.quantile(values, 0.95)))


def _kind(tried: Tried, case: Scored) -> str | None:
    here = any(is_place(tried.kind, tried.entity, "", place) for place in case.truth.accepted)
    if not here:
        return "wrong"
    return "true" if tried.mechanism in case.mechanisms else None


def _model(cases: Iterable[Scored]) -> ModelFigures | None:
    found = [c.run.model for c in cases if c.run.model is not None]
    return figures(found) if found else None


def _trigger(cases: Sequence[Scored]) -> TriggerAccuracy | None:
    labelled = [c.placing for c in cases if c.placing.trigger_right is not None]
    if not labelled:
        return None
    said = [p for p in labelled if p.trigger_none_said]
    true = [p for p in labelled if p.trigger_none_true]
    both = sum(p.trigger_none_said and p.trigger_none_true for p in labelled)
    return TriggerAccuracy(
        n=len(labelled), ac1=sum(bool(p.trigger_right) for p in labelled) / len(labelled),
        abstain_precision=both / len(said) if said else None, abstain_recall=both / len(true) if true else None,
    )  # fmt: skip


def _led(cases: Collection[Scored], what: str) -> Led:
    led = [c.placing for c in cases if c.placing.led == what]
    return Led(n=len(led), right=sum(p.led_right for p in led))


def _line(case: Scored) -> CaseLine:
    run, answer = case.run, case.run.answer
    return CaseLine(
        id=run.id, fault_type=case.truth.fault_type,
        ranked=answer.ranked,
        not_listed=answer.not_listed, no_incident=answer.no_incident, seconds=run.seconds, peak_mb=run.peak_mb,
        work=answer.work, rank=case.placing.entity, diagnosis_rank=case.placing.diagnosis, right=case.placing.right,
        error=run.error, model=run.model,
    )  # fmt: skip
