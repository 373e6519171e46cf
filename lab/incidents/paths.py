"""What the incident types of the network have in common: the path to one service, and its conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from lab.incidents.base import Label, Scenario, Stage, decoys
from lab.shop.plan import SHOP


def bad_path(
    random: Random,
    struck: str,
    callers: tuple[str, ...],
    conditions: Callable[[Random], Mapping[str, float]],
    *,
    fault_type: str,
    indicator: str,
) -> Scenario:
    """From now on the path to `struck` has `conditions` (see `lab.proxy`), which no change made."""
    early, late = decoys(random, struck)
    made = conditions(random)

    def strike(stage: Stage) -> None:
        stage.condition(struck, **made)

    return Scenario(
        label=Label(fault_type, ("service", struck), (indicator,), callers),
        strike=strike,
        plan=replace(SHOP, proxied=(struck,)),
        early=early,
        late=late,
        rate=random.uniform(0.8, 1.0),
    )
