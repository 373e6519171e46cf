from __future__ import annotations

import numpy as np

from compass.agents.screens.callers import CallersScreen
from compass.domain.incident import Dependency
from compass.domain.observation import Observation
from compass.tables.series import Floats
from tests.agents.screens.fakes import FakeTelemetry, look
from tests.analysis.synthetic import row, service, table

N, AT = 120, 100
SLOW = ("cart", "menu")
EDGES = [
    Dependency(caller=service(a), callee=service(b), seen="test")
    for a, b in (("web", "cart"), ("web", "menu"), ("cart", "geo"), ("menu", "geo"), ("menu", "rates"))
]


def line(seed: int, factor: float = 1.0) -> Floats:
    values = np.random.default_rng(seed).normal(0.2, 0.02, N)
    values[AT:] *= factor
    return values


async def seen(slow: tuple[str, ...]) -> tuple[Observation, ...]:
    names = ("web", "cart", "menu", "geo", "rates")
    lines = [line(i, 6.0 if name in slow else 1.0) for i, name in enumerate(names)]
    telemetry = FakeTelemetry(table=table([row(service(name)) for name in names], np.array(lines)))
    result = await CallersScreen(agent="network").run(look(telemetry, N, AT, dependencies=EDGES))
    return result.observations


async def test_all_who_are_slow_first_call_one_thing_that_is_calm() -> None:
    (found,) = await seen(("web", *SLOW))
    assert (found.sign, found.entity) == ("callers.slow", service("geo"))
    assert found.strength > 0.5
    assert "cart, menu are slow and all call geo" in found.text


async def test_what_is_slow_itself_is_left_to_itself() -> None:
    assert await seen(("web", *SLOW, "geo")) == ()
    assert await seen(("web", "cart")) == ()
