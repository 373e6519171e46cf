"""P(refuted | theory true) and P(refuted | background) by strategy: counted, and pooled with what was assumed before.

The posterior mean of a beta-binomial model (Gelman et al., Bayesian Data Analysis, ch. 5): (prior weight × assumed +
cases × seen) / (prior weight + cases). A strategy that was hardly tried keeps what was assumed. Only attempts that were
answered count, since `ambiguous` and `no_data` move nothing: given an answer, what did not refute survived.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from compass.analysis.likelihood import Cell, LikelihoodTable, Outcomes
from compass.evaluation.fitting.sample import Sample, refuted_of

LEAST = 0.01
FITTED_FROM = 5.0  # cases of true theories below which a cell stays tempered by the quality of what was seen


def fit_cells(samples: Iterable[Sample], base: LikelihoodTable, prior_cases: float) -> LikelihoodTable:
    """`base` with its strategies' figures moved towards the counts in `samples`.

    `prior_cases` is how many cases the assumed figures are worth. Families are dropped: there are too few cases to
    tell them apart, so every family has its strategy's figures.
    """
    seen: dict[tuple[str, bool], list[float]] = {}
    for sample in samples:
        for cell, refuted in refuted_of(sample).items():
            seen.setdefault(cell, []).append(refuted)
    strategies = {
        name: _cell(cell, seen.get((name, True), []), seen.get((name, False), []), prior_cases)
        for name, cell in base.strategies.items()
    }
    return msgspec.structs.replace(base, strategies=strategies, families={})


def _cell(assumed: Cell, true: list[float], wrong: list[float], prior_cases: float) -> Cell:
    background = _pooled(assumed.background, wrong, prior_cases)
    # A strategy that refutes what is true as often as what is wrong says nothing; it must not say the opposite.
    holds = min(_pooled(assumed.holds, true, prior_cases), background)
    return Cell(holds=_answered(holds), background=_answered(background), fitted=len(true) >= FITTED_FROM)


def _pooled(assumed: Outcomes, seen: list[float], prior_cases: float) -> float:
    """P(refuted | it was answered): the mean of a beta distribution."""
    before = assumed.refuted / (assumed.refuted + assumed.survived)
    total = prior_cases + len(seen)
    return (prior_cases * before + sum(seen)) / total if total > 0 else before


def _answered(refuted: float) -> Outcomes:
    kept = round(min(1 - LEAST, max(LEAST, refuted)), 4)
    return Outcomes(refuted=kept, survived=round(1 - kept, 4))
