"""The fit: cells by counting, then a few numbers by penalised likelihood, decided on sets that were left out whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from compass.analysis.likelihood import LikelihoodTable
from compass.domain.mechanism import Mechanism
from compass.evaluation.calibration import CLIP, Calibration, calibration
from compass.evaluation.fitting import parameters
from compass.evaluation.fitting.cells import fit_cells
from compass.evaluation.fitting.compiled import Beliefs, Compiled, beliefs, compile_samples
from compass.evaluation.fitting.sample import Sample
from compass.ports.errors import ConfigurationError

Floats = NDArray[np.float64]
PRIOR_CASES = 12.0
"""How many cases the figures assumed for a strategy are worth against what is counted."""
HOPELESS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A way to fit. `strength` multiplies the penalty on moving away from the assumed figures; None: nothing moves.

    `moving`: names of the parameters that may move at all.
    """

    name: str
    cells: bool
    strength: float | None
    moving: frozenset[str] = parameters.ALL


SCALE = parameters.TEMPER | parameters.RESERVES
BY_HAND = (
    Model(name="as set by hand", cells=False, strength=None),
    Model(name="as set by hand, scale fitted", cells=False, strength=1.0, moving=SCALE),
)
"""What the others are compared with; not chosen, for no outcome in them was counted."""
MODELS = (
    *BY_HAND,
    Model(name="cells counted, scale fitted, strong pull", cells=True, strength=16.0, moving=SCALE),
    Model(name="cells counted, scale fitted", cells=True, strength=1.0, moving=SCALE),
    Model(
        name="cells counted, scale and sources fitted, strong pull", cells=True, strength=16.0,
        moving=SCALE | parameters.SOURCE_NAMES,
    ),
    Model(name="cells counted, all weights fitted, strong pull", cells=True, strength=16.0),
)  # fmt: skip
"""Cells alone are no candidate: given an answer they say less than the figures set by hand, so the scale must move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """One set under tables that never saw it. `loss`: mean −log of the probability of the whole right answer."""

    name: str
    loss: float
    calibration: Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One model, with each set left out in turn. `losses`: the `answer_loss` of every case left out; the mean decides.

    `read_loss` cannot: what it judges, what leads, differs between models, and one that is never right and never sure
    would win.
    """

    model: Model
    losses: tuple[float, ...]
    pooled: Calibration
    sets: tuple[LeftOut, ...]

    @property
    def loss(self) -> float:
        return float(np.mean(self.losses))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The table, the model that won on sets left out, all that were tried, and sets that only validate."""

    table: LikelihoodTable
    chosen: Model
    tried: tuple[Tried, ...]
    validated: tuple[LeftOut, ...]
    validated_before: tuple[LeftOut, ...]


def fit(
    samples: Sequence[Sample], validating: Sequence[Sample], mechanisms: Mapping[str, Mechanism], base: LikelihoodTable
) -> Fit:
    """Choose the model by leaving whole sets out, then fit it on all of `samples`; `validating` decide nothing.

    Raises ConfigurationError when there are fewer than two sets: then nothing can be left out.
    """
    names = sorted({s.set for s in samples})
    check(names)
    compiled = {name: compile_samples([s for s in samples if s.set == name], mechanisms, base) for name in names}
    tried = tuple(_try(model, samples, compiled, base) for model in MODELS)
    best = choose([t for t in tried if t.model not in BY_HAND])
    table = fit_model(best, samples, list(compiled.values()), base)
    others = {
        name: compile_samples([s for s in validating if s.set == name], mechanisms, base)
        for name in sorted({s.set for s in validating})
    }
    return Fit(
        table=table, chosen=best, tried=tried,
        validated=tuple(_left_out(name, data, table) for name, data in others.items()),
        validated_before=tuple(_left_out(name, data, base) for name, data in others.items()),
    )  # fmt: skip


def check(names: Sequence[str]) -> None:
    """Raises ConfigurationError where these sets cannot be fitted here: fewer than two, or no scipy."""
    if len(names) < 2:
        raise ConfigurationError(
            f"fitting needs at least two sets, so that each can be left out; there is {', '.join(names) or 'none'}",
            where="eval fit", hint="give folders of two systems or more",
        )  # fmt: skip
    if find_spec("scipy") is None:
        raise ConfigurationError("fitting needs scipy", where="eval fit", hint="pip install 'compass-sre[fit]'")


def choose(tried: Sequence[Tried]) -> Model:
    """The simplest model (they are given in that order) whose loss is within one standard error of the least.

    The rule of Breiman, Friedman, Olshen and Stone (1984, 3.4.3), with the standard error of the least loss: on a
    hundred cases the least of several like losses is chance, and the simple one travels better.
    """
    best = min(tried, key=lambda t: t.loss)
    error = float(np.std(best.losses, ddof=1)) / np.sqrt(len(best.losses))
    return next(t.model for t in tried if t.loss <= best.loss + error)


def fit_model(
    model: Model, samples: Sequence[Sample], data: Sequence[Compiled], base: LikelihoodTable
) -> LikelihoodTable:
    """`base` fitted by one model."""
    table = fit_cells(samples, base, PRIOR_CASES) if model.cells else base
    if model.strength is None:
        return table
    return _move(table, data, model.strength, model.moving)


def objective(data: Compiled, table: LikelihoodTable) -> Floats:
    """Two losses a sample, added: `answer_loss` and `read_loss`."""
    found = beliefs(data, table)
    return answer_loss(found) + read_loss(data, found)


def answer_loss(found: Beliefs) -> Floats:
    """−log of the probability of the right answer as a whole, at most that of HOPELESS: an answer that the engine does
    not see at all says nothing about how to weigh what it sees."""
    return np.asarray(-np.log(np.maximum(HOPELESS, found.right)), dtype=np.float64)


def read_loss(data: Compiled, found: Beliefs) -> Floats:
    """Log loss a sample of what a person reads first: the confidence in what leads, against its being right."""
    said, right = leaders(data, found)
    said = np.clip(said, CLIP, 1 - CLIP)
    return np.asarray(-np.where(right, np.log(said), np.log1p(-said)), dtype=np.float64)


def leaders(data: Compiled, found: Beliefs) -> tuple[Floats, NDArray[np.bool_]]:
    """Confidence in what the leading account of each sample names, and whether it is right; 0 and wrong without
    accounts. What is judged is its place and mechanism, or its place where no mechanism is labelled."""
    samples = len(data.truth)
    said, right = np.zeros(samples), np.zeros(samples, dtype=bool)
    order = np.lexsort((-found.account, data.sample))
    first = order[np.unique(data.sample[order], return_index=True)[1]]
    together = np.bincount(data.judged, weights=found.account)
    said[data.sample[first]] = np.minimum(1.0, together[data.judged[first]])
    right[data.sample[first]] = data.right[first]
    return said, right


def _try(model: Model, samples: Sequence[Sample], compiled: Mapping[str, Compiled], base: LikelihoodTable) -> Tried:
    losses, said, right, sets = [], [], [], []
    for name, data in compiled.items():
        others = [s for s in samples if s.set != name]
        table = fit_model(model, others, [d for key, d in compiled.items() if key != name], base)
        found = beliefs(data, table)
        losses.append(answer_loss(found))
        confidence, was_right = leaders(data, found)
        said.append(confidence)
        right.append(was_right)
        sets.append(_left_out(name, data, table))
    return Tried(
        model=model, losses=tuple(np.concatenate(losses).tolist()),
        pooled=_calibrated(np.concatenate(said), np.concatenate(right)), sets=tuple(sets),
    )  # fmt: skip


def _left_out(name: str, data: Compiled, table: LikelihoodTable) -> LeftOut:
    found = beliefs(data, table)
    loss = float(-np.log(np.maximum(CLIP, found.right)).mean())
    return LeftOut(name=name, loss=loss, calibration=_calibrated(*leaders(data, found)))


def _calibrated(said: Floats, right: NDArray[np.bool_]) -> Calibration:
    return calibration(np.clip(said, 0.0, 1.0).tolist(), right.tolist())


def _move(table: LikelihoodTable, data: Sequence[Compiled], strength: float, moving: frozenset[str]) -> LikelihoodTable:
    from scipy.optimize import minimize  # type: ignore[import-untyped]  # an optional extra: see `check`

    centre = parameters.read(table)
    free = parameters.free(moving)

    def all_of(some: Floats) -> Floats:
        moved = centre.copy()
        moved[free] = some
        return moved

    def loss(some: Floats) -> float:
        moved = all_of(some)
        there = parameters.write(table, moved, exact=True)
        return float(sum(objective(d, there).sum() for d in data)) + strength * parameters.penalty(moved, centre)

    # The leader changes at some points, where the loss jumps: a search without gradients, which never ends worse.
    found = minimize(
        loss,
        centre[free],
        method="Powell",
        bounds=parameters.bounds(centre)[free],
        options={"xtol": 1e-3, "ftol": 1e-5},
    )
    return parameters.write(table, all_of(found.x) if found.fun <= loss(centre[free]) else centre)
