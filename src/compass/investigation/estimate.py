"""What the model will cost, said before anything is spent: from investigations of that size, else from the calls."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from compass.domain.advice import PastCost

ENOUGH = 3
"""So many earlier investigations are better than a calculation."""
LIKE_SIZE = 2.0
"""An earlier investigation is of that size when it saw at most so many times more or fewer observations."""
CALLS_FIRST, CALLS_LATER = 8, 1
"""Calls that the first round leads to at most (one a specialist, one for changes, one for names), and each later."""
TYPICAL_SHARE = 0.35
"""Of what the calls may cost at most, what they cost usually: prompts are shorter than their bound, and not every
specialist has something abnormal to ask about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """USD: what is usual, and what it will hardly pass. `basis` says what it is made from."""

    usual_usd: float
    most_usd: float
    basis: str


def estimate(past: Sequence[PastCost], call_usd: float | None, rounds: int, size: int | None = None) -> Estimate | None:
    """The cost of an investigation; None where nothing is known of it.

    `past` are the team's earlier ones; with `size` (observations so far) only those of that size count. `call_usd` is
    what one call may cost at most, None where no price is known; `rounds` bounds how often the model is heard.
    """
    alike = [one for one in past if one.calls and (size is None or _like(one.observations, size))]
    if len(alike) >= ENOUGH:
        costs = sorted(one.usd for one in alike)
        of_size = " of this size" if size is not None else ""
        return Estimate(
            usual_usd=statistics.median(costs),
            most_usd=costs[-1],
            basis=f"{len(alike)} earlier investigations{of_size}",
        )
    if call_usd is None:
        return None
    most = call_usd * (CALLS_FIRST + CALLS_LATER * max(0, rounds - 2))
    return Estimate(usual_usd=most * TYPICAL_SHARE, most_usd=most, basis="the calls it may make")


def _like(observations: int, size: int) -> bool:
    small, large = sorted((max(1, observations), max(1, size)))
    return large <= LIKE_SIZE * small
