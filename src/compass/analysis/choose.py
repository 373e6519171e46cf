"""Which disproof plans are worth their cost: expected information about the truth of a theory, per work unit.

The information a plan brings is the mutual information between "the theory is true" and "the plan refutes it"
(Lindley, "On a Measure of the Information Provided by an Experiment", 1956), with P(refuted | false) = the plan's
power and P(refuted | true) = FALSE_REFUTATION.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping

from compass.domain.disproof import DisproofPlan

FALSE_REFUTATION = 0.05
REPEAT_DISCOUNT = 0.6
"""What each further plan for the same theory still brings in one batch: their outcomes are not independent."""
LEAST_BELIEF = 1e-4
MIN_COST = 0.05


def information(belief: float, power: float) -> float:
    """Mutual information in nats between the truth of a theory of probability `belief` and a refutation of `power`.

    0 for a belief of 0 or 1, for a power no better than a false refutation, and for values that are not numbers.
    """
    if not (math.isfinite(belief) and math.isfinite(power)):
        return 0.0
    p = min(1.0 - LEAST_BELIEF, max(LEAST_BELIEF, belief))
    power = min(0.99, max(FALSE_REFUTATION, power))
    refuted = p * FALSE_REFUTATION + (1 - p) * power
    return max(0.0, _entropy(refuted) - p * _entropy(FALSE_REFUTATION) - (1 - p) * _entropy(power))


def choose(plans: Iterable[DisproofPlan], belief: Mapping[str, float], budget_work: float) -> tuple[DisproofPlan, ...]:
    """The plans to run, in order, within `budget_work` work units.

    `belief` is the probability of each hypothesis by id (missing or 0 counts as LEAST_BELIEF). Greedy by expected
    information per cost; ties by plan id, so the order of `plans` never matters. Plans without information (belief
    known, power useless) come last but are not dropped: a refutation may be wanted for the record.
    """
    waiting = {plan.id: plan for plan in sorted(plans, key=lambda p: (p.id, p.expectation))}
    value = {key: information(belief.get(p.hypothesis, 0.0), p.power) / _cost(p) for key, p in waiting.items()}
    heap = [(-value[key], key, 0) for key in waiting]
    heapq.heapify(heap)
    chosen: list[DisproofPlan] = []
    times: dict[str, int] = {}
    left = budget_work
    while heap:
        _, key, seen = heapq.heappop(heap)
        plan = waiting[key]
        repeats = times.get(plan.hypothesis, 0)
        if repeats != seen:  # its worth fell since it was put here; worth only ever falls, so the heap stays right
            heapq.heappush(heap, (-value[key] * REPEAT_DISCOUNT**repeats, key, repeats))
        elif _cost(plan) <= left:
            left -= _cost(plan)
            times[plan.hypothesis] = repeats + 1
            chosen.append(plan)
    return tuple(chosen)


def _cost(plan: DisproofPlan) -> float:
    return max(MIN_COST, plan.cost) if math.isfinite(plan.cost) else math.inf


def _entropy(p: float) -> float:
    return 0.0 if p <= 0 or p >= 1 else -p * math.log(p) - (1 - p) * math.log1p(-p)
