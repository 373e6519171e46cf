"""Similar incident: did the same sign appear before, in this recording, without the symptom following?"""

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
    paged,
    signs_apart,
)
from compass.disproof._measure import SYMPTOM_SIGNS, Ask, Judged, Measured, measure_all, new_observation
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, DisproofPlan, Outcome, PlanArguments
from compass.domain.hypothesis import Hypothesis
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Quality
from compass.domain.time import NS_PER_S, Window
from compass.ports.clock import Deadline
from compass.ports.telemetry import Telemetry
from compass.tables.series import Floats, Ints

LIKE = 0.7
"""An earlier episode is similar from this part of the present excess over normal."""
FOLLOWS_STEPS = 3
MIN_STEPS = 2
MANY = 2


@dataclass(frozen=True, slots=True)
class SimilarIncident:
    """Earlier episodes are looked for in the baseline of the same records; the team's past incidents only propose."""

    id: str = "similar_incident"

    def plan(self, hypothesis: Hypothesis, mechanism: Mechanism, board: Board) -> tuple[DisproofPlan, ...]:
        """One, of its first two measurable signs and the symptom of the paged service or, where none is paged, of its
        own place. None where both are one place and all it has are symptoms."""
        if not opened(board):
            return ()
        graph = graph_of(board)
        effect = paged(board, graph) or graph.owner(hypothesis.entity)
        signs = signs_apart(hypothesis, mechanism, board, graph, effect)
        if not signs:
            return ()
        arguments = PlanArguments(entity=hypothesis.entity, peers=(effect,), signs=signs[:2])
        return (make_plan(
            self.id, hypothesis, mechanism, arguments,
            expect(hypothesis, mechanism, f"whenever {signs[0]} of {hypothesis.entity} was like this before "
                                          f"{clock(board.during.start_ns)}, the symptom at {effect} followed"),
            cost=2.0, power=0.15,
        ),)  # fmt: skip

    async def run(self, plan: DisproofPlan, board: Board, telemetry: Telemetry, deadline: Deadline) -> DisproofAttempt:
        """Whether the symptom at the plan's first peer followed, within FOLLOWS_STEPS, whenever the cause was like now.

        Survived: always, refuted: never in MANY earlier episodes, where the effect's coverage is complete; ambiguous in
        between, for once may have been too short to matter. Indirect from MANY on, else circumstantial. NO_DATA when
        either is not abnormal now or nothing was like it.
        """
        if not opened(board) or not plan.arguments.peers:
            return no_data(plan, "there is no onset or no symptom to compare with")
        ask = Ask(board=board, graph=graph_of(board), telemetry=telemetry, deadline=deadline)
        entity, peer = plan.arguments.entity, plan.arguments.peers[0]
        cause = (await measure_all(ask, (entity,), plan.arguments.signs))[entity]
        effect = (await measure_all(ask, (peer,), SYMPTOM_SIGNS))[peer]
        if cause.worst is None or not cause.anomalous:
            return no_data(plan, f"{entity}: {cause.problem or 'its sign is not abnormal now: nothing can be like it'}")
        if effect.worst is None or not effect.anomalous:
            return no_data(plan, f"{peer}: {effect.problem or 'shows no symptom now, so none could have followed'}")
        earlier = _episodes(cause, cause.worst, board.baseline)
        if not earlier:
            minutes = board.baseline.seconds / 60
            return no_data(plan, f"nothing like it happened to {entity} in the {minutes:.0f} min before")
        followed = [_followed(effect, effect.worst, episode, board.baseline) for episode in earlier]
        known = [answer for answer in followed if answer is not None]
        if not known:
            return no_data(plan, f"{len(earlier)} earlier episodes at {entity}, but {peer} was not recorded then")
        new = tuple(new_observation(self.id, m, m.worst) for m in (cause, effect) if m.worst is not None)
        hits = sum(known)
        text = (
            f"{cause.worst.sign} of {entity} was like this {len(known)} times before "
            f"(first {clock(earlier[0].start_ns)}); the symptom at {peer} followed {hits} times"
        )
        quality = Quality.INDIRECT if len(known) >= MANY else Quality.CIRCUMSTANTIAL
        if hits == 0 and effect.coverage.complete and len(known) >= MANY:
            outcome = Outcome.REFUTED
        else:
            outcome = Outcome.SURVIVED if hits == len(known) else Outcome.AMBIGUOUS
        return make_attempt(plan, outcome, text, new=new, quality=quality)


def _episodes(measured: Measured, judged: Judged, baseline: Window) -> list[Window]:
    """Runs of at least MIN_STEPS samples of the baseline whose excess over normal is like the present one.

    Episodes that touch the onset belong to this incident and are left out.
    """
    times, values = measured.table.times_ns, measured.table.values[judged.row]
    limit = judged.centre + LIKE * (judged.value - judged.centre)
    step = max(1, int(measured.table.step_s * NS_PER_S))
    inside = (times > baseline.start_ns) & (times <= baseline.end_ns - FOLLOWS_STEPS * step) & np.isfinite(values)
    beyond = inside & ((values >= limit) if judged.up else (values <= limit))
    found = []
    for start, stop in _runs(beyond):
        if stop - start >= MIN_STEPS:
            found.append(Window(start_ns=int(times[start]) - step, end_ns=int(times[stop - 1])))
    return found


def _followed(effect: Measured, judged: Judged, episode: Window, baseline: Window) -> bool | None:
    """Whether the symptom was like the present one during or soon after the episode; None when it was not recorded."""
    times, values = effect.table.times_ns, effect.table.values[judged.row]
    step = max(1, int(effect.table.step_s * NS_PER_S))
    end = min(episode.end_ns + FOLLOWS_STEPS * step, baseline.end_ns)
    inside = (times > episode.start_ns) & (times <= end) & np.isfinite(values)
    if not inside.any():
        return None
    limit = judged.centre + 0.5 * (judged.value - judged.centre)
    seen = values[inside]
    return bool((seen >= limit).any() if judged.up else (seen <= limit).any())


def _runs(mask: Floats | Ints) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(mask, dtype=np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
