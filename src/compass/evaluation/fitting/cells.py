"""P(outcome | theory true) and P(outcome | background) by strategy: counted, and pooled with what was assumed before.

The posterior mean of a Dirichlet-multinomial model (Gelman et al., Bayesian Data Analysis, ch. 5): (prior weight ×
assumed + cases × seen) / (prior weight + cases). A strategy that was hardly tried keeps what was assumed.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from compass.analysis.likelihood import Cell, LikelihoodTable, Outcomes
from compass.evaluation.fitting.sample import Sample, outcomes_of

LEAST = 0.01
FITTED_FROM = 5.0  # cases of true theories below which a cell stays tempered by the quality of what was seen


def fit_cells(samples: Iterable[Sample], base: LikelihoodTable, prior_cases: float) -> LikelihoodTable:
    """`base` with its strategies' figures moved towards the counts in `samples`.

    `prior_cases` is how many cases the assumed figures are worth. Families are dropped: there are too few cases to
    tell them apart, so every family has its strategy's figures.
    """
    seen: dict[tuple[str, bool], list[dict[str, float]]] = {}
    for sample in samples:
        for cell, shares in outcomes_of(sample).items():
            seen.setdefault(cell, []).append(shares)
    strategies = {
        name: _cell(cell, seen.get((name, True), []), seen.get((name, False), []), prior_cases)
        for name, cell in base.strategies.items()
    }
    return msgspec.structs.replace(base, strategies=strategies, families={})


def _cell(assumed: Cell, true: list[dict[str, float]], wrong: list[dict[str, float]], prior_cases: float) -> Cell:
    holds = _pooled(assumed.holds, true, prior_cases)
    background = _pooled(assumed.background, wrong, prior_cases)
    # A strategy that refutes what is true as often as what is wrong says nothing; it must not say the opposite.
    refuted = min(holds.refuted, background.refuted)
    survived = max(holds.survived, background.survived)
    if refuted + survived > 1:
        survived = 1 - refuted
        background = Outcomes(refuted=background.refuted, survived=min(background.survived, survived))
    holds = Outcomes(refuted=refuted, survived=survived)
    return Cell(holds=holds, background=background, fitted=len(true) >= FITTED_FROM)


def _pooled(assumed: Outcomes, seen: list[dict[str, float]], prior_cases: float) -> Outcomes:
    total = prior_cases + len(seen)
    if total <= 0:
        return assumed
    refuted = (prior_cases * assumed.refuted + sum(s.get("refuted", 0.0) for s in seen)) / total
    survived = (prior_cases * assumed.survived + sum(s.get("survived", 0.0) for s in seen)) / total
    refuted, survived = max(LEAST, refuted), max(LEAST, survived)
    scale = max(1.0, refuted + survived)
    return Outcomes(refuted=round(refuted / scale, 4), survived=round(survived / scale, 4))
