"""What the incident types of the network have in common: the path to one service, and its conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random

from lab.incidents.base import Label, Scenario, Stage, decoys, dice, in_turn
from lab.shop.plan import SHOP

Conditions = Callable[[Random], Mapping[str, float]]


def bad_path(
    name: str, seed: int, callers: Mapping[str, tuple[str, ...]], conditions: Conditions, fault: str, indicator: str
) -> Scenario:
    """From now on the path to one of `callers`' keys has `conditions` (see `lab.proxy`), which no change made.

    `callers` says who suffers with each service, `indicator` which series shows it.
    """
    random, struck = dice(name, seed), in_turn(callers, seed)
    early, late = decoys(random, struck)
    made = conditions(random)

    def strike(stage: Stage) -> None:
        stage.condition(struck, **made)

    return Scenario(
        label=Label(fault, ("service", struck), (indicator,), callers[struck]),
        strike=strike,
        plan=replace(SHOP, proxied=(struck,)),
        early=early,
        late=late,
        rate=random.uniform(0.8, 1.0),
    )
