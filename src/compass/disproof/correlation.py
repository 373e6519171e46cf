"""Correlation (dose and response): when the cause gets worse, so does the effect."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from compass.analysis.graph import ServiceGraph
from compass.disproof._common import (
    expect,
    graph_of,
    make_attempt,
    make_plan,
    no_data,
    opened,
    paged,
    seen_at,
    signs_apart,
    suggesting,
)
from compass.disproof._measure import SYMPTOM_SIGNS, Ask, Judged, Measured, measure, new_observation
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome, PlanArguments
from compass.domain.entity import EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Quality
from compass.domain.sign import REQUESTS
from compass.domain.time import NS_PER_S
from compass.ports.clock import Deadline
from compass.ports.telemetry import Telemetry
from compass.tables.series import Floats, Ints

MIN_POINTS = 8
MIN_POINTS_TO_REFUTE = 12
MAX_LAG = 2
ABSENT = 0.5
"""Refuted when even the upper 95 % bound of the rank correlation lies below this."""
PRESENT = 0.5
Z95 = 1.96


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's rank correlation over the time around the onset, the effect up to two steps later than the cause."""

    id: str = "correlation"

    def plan(self, hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> tuple[DisproofPlan, ...]:
        """One, of its first two measurable signs and the symptom of the paged service or, where none is paged, of the
        worst hit caller. None where both are one place and all it has are symptoms."""
        if not opened(board):
            return ()
        graph = graph_of(board)
        effect = paged(board, graph) or _worst_hit(board, graph, hypothesis.entity)
        own = signs_apart(hypothesis, mechanism, board, graph, effect)
        if not own:
            return ()
        arguments = PlanArguments(
            entity=hypothesis.entity, peers=(effect,), signs=own[:2],
            observations=tuple(o.id for o in suggesting(hypothesis, board)),
        )  # fmt: skip
        return (make_plan(
            self.id, hypothesis, mechanism, arguments,
            expect(hypothesis, mechanism, f"{own[0]} of {hypothesis.entity} and the symptom at {effect} rise and fall "
                                          "together around the onset"),
            cost=2.0, power=0.3,
        ),)  # fmt: skip

    async def run(self, plan: DisproofPlan, board: Board, telemetry: Telemetry, deadline: Deadline) -> DisproofAttempt:
        """Refuted when even the upper 95 % bound of the correlation is below ABSENT, survived from PRESENT on.

        One series each: the clearest of the cause, the clearest symptom of the plan's peer. Indirect. NO_DATA without
        either, without an abnormal symptom, or with fewer than MIN_POINTS common samples that move.
        """
        if not opened(board) or not plan.arguments.peers:
            return no_data(plan, "there is no onset or no effect to compare with")
        ask = Ask(board=board, graph=graph_of(board), telemetry=telemetry, deadline=deadline)
        cause = await measure(ask, plan.arguments.entity, plan.arguments.signs)
        effect = await measure(ask, plan.arguments.peers[0], SYMPTOM_SIGNS)
        if cause.worst is None or effect.worst is None:
            lacking = cause if cause.worst is None else effect
            return no_data(plan, f"{lacking.entity}: {lacking.problem or 'too few samples to compare'}")
        if not effect.anomalous:
            return no_data(plan, f"{effect.entity} shows no clear symptom that could follow a dose")
        first, second = _paired(cause, cause.worst, effect, effect.worst, board)
        rho, lag, low, high, points = _best(first, second)
        new = tuple(new_observation(self.id, m, m.worst) for m in (cause, effect) if m.worst is not None)
        quality = Quality.INDIRECT
        if points < MIN_POINTS or not math.isfinite(rho):
            return no_data(plan, f"only {points} common samples around the onset with any movement", new)
        text = (
            f"{cause.worst.sign} of {cause.entity} against the symptom of {effect.entity}: rank correlation {rho:.2f} "
            f"(95 % {low:.2f} to {high:.2f}, {points} points, lag {lag})"
        )
        seen = [key for key in plan.arguments.observations if key in board.observations]
        if high < ABSENT and points >= MIN_POINTS_TO_REFUTE:
            outcome, found = Outcome.REFUTED, f"{text}: they do not move together"
        elif rho >= PRESENT and low > 0:
            outcome, found = Outcome.SURVIVED, f"{text}: they move together"
        else:
            outcome, found = Outcome.AMBIGUOUS, f"{text}: neither clearly together nor clearly apart"
        return make_attempt(plan, outcome, found, observed=seen, new=new, quality=quality)


def _worst_hit(board: Board, graph: ServiceGraph, entity: EntityRef) -> EntityRef:
    """Where the page names nobody: of those who call it and its own place, the one with the clearest symptom; the
    first caller where none has any, and the place itself where nobody calls it."""
    place = graph.owner(entity)
    callers = graph.callers(place)
    strength = {e: seen_at(board, graph, e, REQUESTS).strength for e in (*callers, place)}
    return max((*callers, place), key=lambda e: (strength[e], e != place))


def _paired(cause: Measured, one: Judged, effect: Measured, two: Judged, board: Board) -> tuple[Floats, Floats]:
    """Both series as badness (worse is higher) on one grid, from as long before the onset as it has lasted since."""
    step = max(1, int(max(cause.table.step_s, effect.table.step_s) * NS_PER_S))
    onset, end = board.during.start_ns, board.during.end_ns
    lasted = max(end - onset, MIN_POINTS * step)
    start = max(board.baseline.start_ns, onset - lasted)
    steps = min(5000, max(0, (end - start) // step))
    sides = []
    for measured, judged in ((cause, one), (effect, two)):
        values = measured.table.values[judged.row] * (1.0 if judged.up else -1.0)
        sides.append(_binned(measured.table.times_ns, values, start, step, steps))
    return sides[0], sides[1]


def _binned(times: Ints, values: Floats, start: int, step: int, steps: int) -> Floats:
    place = (times - start - 1) // step
    known = (times > start) & (place < steps) & np.isfinite(values)
    count = np.bincount(place[known], minlength=steps)[:steps].astype(np.float64)
    total = np.bincount(place[known], weights=values[known], minlength=steps)[:steps]
    return np.asarray(np.divide(total, count, out=np.full(steps, np.nan), where=count > 0), dtype=np.float64)


def _best(cause: Floats, effect: Floats) -> tuple[float, int, float, float, int]:
    """(rho, lag, lower bound, upper bound, points) at the lag with the highest correlation; NaN when none is defined.

    A cause that stands still while the effect moves has a correlation of 0, known as well as its number of points.
    """
    best = (math.nan, 0, math.nan, math.nan, 0)
    for lag in range(MAX_LAG + 1):
        one, two = (cause, effect) if lag == 0 else (cause[:-lag], effect[lag:])
        both = np.isfinite(one) & np.isfinite(two)
        x, y = one[both], two[both]
        if x.size < 4 or np.ptp(y) == 0:
            continue
        rho = 0.0 if np.ptp(x) == 0 else _spearman(x, y)
        low, high = _interval(rho, _effective(x, y))
        if math.isnan(best[0]) or rho > best[0] + 1e-12:
            best = (rho, lag, low, high, int(x.size))
    return best


def _spearman(x: Floats, y: Floats) -> float:
    return float(np.clip(np.corrcoef(_ranks(x), _ranks(y))[0, 1], -1.0, 1.0))


def _ranks(values: Floats) -> Floats:
    """Ranks with ties averaged."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[inverse], dtype=np.float64)


def _effective(x: Floats, y: Floats) -> float:
    """Independent points in two series with memory: n (1 − r1 r2) / (1 + r1 r2), their lag-1 autocorrelations
    (Bartlett 1935; Dawdy & Matalas 1964)."""
    product = max(0.0, _memory(_ranks(x)) * _memory(_ranks(y)))
    return float(x.size * (1.0 - product) / (1.0 + product))


def _memory(values: Floats) -> float:
    centred = values - values.mean()
    power = float((centred**2).sum())
    return float((centred[1:] * centred[:-1]).sum()) / power if power > 0 else 0.0


def _interval(rho: float, points: float) -> tuple[float, float]:
    """95 % interval of a rank correlation by Fisher's z, variance 1.06 / (n − 3) (Fieller, Hartley & Pearson 1957)."""
    if points <= 4:
        return -1.0, 1.0
    z = math.atanh(min(0.999999, max(-0.999999, rho)))
    half = Z95 * math.sqrt(1.06 / (points - 3))
    return math.tanh(z - half), math.tanh(z + half)
