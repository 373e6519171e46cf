"""Baseline: is this unusual at all? A level that often passed without an incident explains none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compass.disproof._common import (
    clock,
    expect,
    graph_of,
    make_attempt,
    make_plan,
    no_data,
    opened,
    signs_of,
    suggesting,
)
from compass.disproof._measure import KINDS, Ask, Judged, Measured, measure, new_observation
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome, PlanArguments
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.domain.time import NS_PER_S
from compass.ports.clock import Deadline
from compass.ports.telemetry import Telemetry
from compass.tables.series import Floats, Ints

MIN_WINDOWS = 4
MAX_WINDOWS = 200
HIGH = 0.8
OFTEN = 0.25
"""Share of earlier windows with an equal or worse level from which the level is usual."""
MORE_THAN_ONCE = 2
"""One earlier window as bad may be an earlier fault that lies in the recording, not the usual."""
_ASKED_BY_LOGS = ("log.errors_up", "log.timeout", "log.unavailable", "log.connection_refused", "log.exception")


@dataclass(frozen=True, slots=True)
class Baseline:
    """Compares the level after the onset with every earlier window of the same length in the same recording."""

    id: str = "baseline"

    def plan(self, hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> tuple[DisproofPlan, ...]:
        """One on the first three of its signs that a series or a count of log lines measures; none where there is no
        such sign."""
        signs = tuple(s for s in signs_of(hypothesis, mechanism, board) if s in KINDS or s in _ASKED_BY_LOGS)
        if not signs or not opened(board):
            return ()
        arguments = PlanArguments(
            entity=hypothesis.entity, signs=signs[:3], observations=tuple(o.id for o in suggesting(hypothesis, board))
        )
        return (make_plan(
            self.id, hypothesis, mechanism, arguments,
            expect(hypothesis, mechanism, f"{signs[0]} of {hypothesis.entity} after {clock(board.during.start_ns)} is "
                                          "worse than in nearly every earlier window of the same length"),
            cost=1.0, power=0.35,
        ),)  # fmt: skip

    async def run(self, plan: DisproofPlan, board: Board, telemetry: Telemetry, deadline: Deadline) -> DisproofAttempt:
        """Refuted when a share of OFTEN of the earlier windows, and more than one, was as bad; survived when none was.

        Its clearest series is compared. NO_DATA with fewer than MIN_WINDOWS earlier windows, or nothing to compare.
        """
        if not opened(board):
            return no_data(plan, "there is no onset to compare with")
        ask = Ask(board=board, graph=graph_of(board), telemetry=telemetry, deadline=deadline)
        measured = await measure(ask, plan.arguments.entity, plan.arguments.signs)
        worst = measured.worst
        if worst is None:
            return no_data(plan, f"{plan.arguments.entity}: {measured.problem or 'too few samples to compare'}")
        now, earlier = _levels(measured, worst, board)
        if earlier.size < MIN_WINDOWS or not np.isfinite(now):
            return no_data(plan, f"{plan.arguments.entity}: only {earlier.size} earlier windows hold enough samples")
        as_bad = int((earlier >= now).sum())
        share = as_bad / earlier.size
        new = (new_observation(self.id, measured, worst),)
        level = "high" if worst.up else "low"
        text = f"{new[0].text}; {as_bad} of {earlier.size} earlier windows were as {level}"
        seen = [key for key in plan.arguments.observations if key in board.observations]
        if share >= OFTEN and as_bad >= MORE_THAN_ONCE:
            outcome, found = Outcome.REFUTED, f"{text}: usual, and nothing was paged then"
        elif as_bad == 0 and worst.score >= 1.0:
            outcome, found = Outcome.SURVIVED, f"{text}: unusual"
        else:
            outcome, found = Outcome.AMBIGUOUS, f"{text}: neither usual nor clearly new"
        return make_attempt(plan, outcome, found, observed=seen, new=new, quality=measured.quality)


def _levels(measured: Measured, judged: Judged, board: Board) -> tuple[float, Floats]:
    """The level (higher is worse) after the onset and those of disjoint earlier windows of its length, newest first.

    When what came before is shorter than MIN_WINDOWS such windows, the windows are shorter; the level after the onset
    is then that of its own worst window of that length: trouble that comes and goes is not averaged away.
    """
    times, values = measured.table.times_ns, measured.table.values[judged.row]
    before, after = board.baseline, board.during
    length = min(after.end_ns - after.start_ns, (before.end_ns - before.start_ns) // MIN_WINDOWS)
    least = int(2 * measured.table.step_s * NS_PER_S)  # a window of one sample is no window
    length = max(length, least, (before.end_ns - before.start_ns) // MAX_WINDOWS, 1)
    worse = values if judged.up else -values
    late = _windows(times, worse, after.start_ns, after.end_ns, length, forward=True)
    early = _windows(times, worse, before.start_ns, before.end_ns, length, forward=False)
    return (float(late.max()) if late.size else float("nan")), early


def _windows(times: Ints, values: Floats, start: int, end: int, length: int, *, forward: bool) -> Floats:
    """HIGH quantile of each window of `length` ns inside (start, end]; windows with one sample or none are left out."""
    count = max(1, (end - start) // length) if forward else (end - start) // length
    offset = (times - start - 1) // length if forward else (end - times) // length
    known = (times > start) & (times <= end) & np.isfinite(values) & (offset < count)
    found = [values[known & (offset == i)] for i in range(min(count, MAX_WINDOWS))]
    return np.array([np.quantile(window, HIGH) for window in found if window.size >= 2], dtype=np.float64)
