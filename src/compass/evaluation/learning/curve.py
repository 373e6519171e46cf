"""How figures move with the number of earlier incidents: each incident with memory beside itself without. Pure.

Pairs, because incidents differ far more among each other than one does with and without memory. Intervals are of the
mean over whole incidents drawn again (`evaluation.intervals`); as each incident's memory comes from those before it,
they are not quite independent, and the true intervals are somewhat wider.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import msgspec
import numpy as np

from compass.evaluation.calibration import brier_score, log_loss
from compass.evaluation.intervals import bootstrap_mean

QUARTERS = 4
HOPELESS = 0.02
"""As where tables are fitted (`evaluation.fitting.fit`)."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is compared of one incident. `rank` of the right entity, None: not listed; `right` and `confidence` as in
    `ranks.Placing`; `truth`: the probability given to the right answer; `work` in work units until it was decided, or
    all of it; `earlier`: how many incidents taught it.
    """

    id: str
    earlier: int
    rank: int | None
    right: bool
    confidence: float
    truth: float
    work: float

    @property
    def first(self) -> float:
        return float(self.rank == 1)

    @property
    def loss(self) -> float:
        """-log of the probability given to the right answer, in nats: the same event, whatever leads. At most that of
        HOPELESS: whether an answer that is as good as not seen is on the list says nothing."""
        return -math.log(max(HOPELESS, self.truth))

    @property
    def log_loss(self) -> float:
        """-log of the probability given to whether what leads is right, in nats."""
        return log_loss(*self._judged())

    @property
    def brier(self) -> float:
        return brier_score(*self._judged())

    def _judged(self) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]:
        return np.array([self.confidence]), np.array([float(self.right)])


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """Means over the incidents of one quarter."""

    ac1: float
    right: float
    loss: float
    brier: float
    log_loss: float
    work: float


class Quarter(msgspec.Struct, frozen=True, kw_only=True):
    """A quarter of the order of time. `earlier`: how many incidents had taught, on average."""

    n: int
    earlier: float
    without: Means
    learned: Means


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Mean of (learned - without) over all incidents, with its 95 % interval."""

    mean: float
    interval: tuple[float, float]


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """One set, or all. `differences` by figure: more is better for ac1 and right, less for the others.

    `saved`: the loss saved so far after each incident, in nats, in the order of time (all sets: by how many
    incidents had taught).
    """

    n: int
    quarters: tuple[Quarter, ...]
    differences: dict[str, Difference]
    saved: tuple[float, ...]


_FIGURES: Mapping[str, Callable[[Told], float]] = {
    "ac1": lambda one: one.first,
    "right": lambda one: float(one.right),
    "loss": lambda one: one.loss,
    "brier": lambda one: one.brier,
    "log_loss": lambda one: one.log_loss,
    "work": lambda one: one.work,
}


def curves(without: Mapping[str, Sequence[Told]], learned: Mapping[str, Sequence[Told]]) -> dict[str, Curve]:
    """Of each set, and under "" of all of them. The same incidents of each set in the order of time, none empty."""
    pairs = {name: list(zip(own, learned[name], strict=True)) for name, own in without.items()}
    found = {name: _curve(own, _quarters(own)) for name, own in pairs.items()}
    apart = [_quarters(own) for own in pairs.values()]
    merged = [[pair for quarters in apart for pair in quarters[number]] for number in range(QUARTERS)]
    every = sorted((pair for own in pairs.values() for pair in own), key=lambda pair: (pair[1].earlier, pair[1].id))
    return {**found, "": _curve(every, merged)}


_Pairs = Sequence[tuple[Told, Told]]


def _quarters(pairs: _Pairs) -> list[_Pairs]:
    """Four runs of the order of time, as equal as they can be; of fewer than four incidents some are empty."""
    ends = [number * len(pairs) // QUARTERS for number in range(QUARTERS + 1)]
    return [pairs[start:end] for start, end in pairwise(ends)]


def _curve(pairs: _Pairs, quarters: Sequence[_Pairs]) -> Curve:
    gains = {name: [of(after) - of(before) for before, after in pairs] for name, of in _FIGURES.items()}
    return Curve(
        n=len(pairs), quarters=tuple(_quarter(own) for own in quarters if own),
        differences={
            name: Difference(mean=float(np.mean(own)), interval=bootstrap_mean([[gain] for gain in own]))
            for name, own in gains.items()
        },
        saved=tuple(float(saved) for saved in -np.cumsum(gains["loss"])),
    )  # fmt: skip


def _quarter(pairs: _Pairs) -> Quarter:
    return Quarter(
        n=len(pairs), earlier=float(np.mean([after.earlier for _, after in pairs])),
        without=_means([before for before, _ in pairs]), learned=_means([after for _, after in pairs]),
    )  # fmt: skip


def _means(told: Sequence[Told]) -> Means:
    return Means(**{name: float(np.mean([of(one) for one in told])) for name, of in _FIGURES.items()})
