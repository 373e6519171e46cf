"""What a look at a server tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import pytest

from compass.domain.time import Window
from compass.ports.clock import Deadline
from compass.sources.mimir.api import Listed, PrometheusApi
from compass.sources.mimir.feed import MOST_SERIES, MimirFeed
from compass.sources.mimir.samples import Measured
from tests.support.clocks import StillClock


@dataclass(frozen=True, slots=True)
class Many:
    """A server with `count` series of two metrics, of which it lists as many as it is asked for."""

    count: int

    async def series(self, _selector: str, _window: Window, limit: int, *, deadline: Deadline) -> Listed:
        assert deadline is not None
        half = self.count // 2
        series = [{"__name__": "a"}] * half + [{"__name__": "b"}] * (self.count - half)
        return Listed(series=series[:limit], warnings=())

    async def instant(self, _expression: str, at_ns: int, *, deadline: Deadline) -> Measured:
        assert deadline is not None
        return Measured(
            labels=[{}], series=np.zeros(1, np.int64), time_ns=np.array([at_ns]), value=np.array([float(self.count)])
        )


@pytest.mark.parametrize(("count", "metrics", "told"), [(3, "2", 0), (MOST_SERIES * 3, "at least 1", 1)])
async def test_metrics_that_were_counted_in_a_list_that_is_cut_are_at_least_so_many(
    count: int, metrics: str, told: int
) -> None:
    api = cast("PrometheusApi", Many(count))
    feed = MimirFeed("prometheus", api, matchers="", points=1000, interval_s=15.0, clock=StillClock(10**18))
    found = await feed.look("metrics", deadline=Deadline())
    assert found.detail == f"{count} series of {metrics} metrics in the last five minutes"
    assert found.figures == {"series": str(count), "metrics": metrics}
    assert sum("set matchers for prometheus" in hint for hint in found.hints) == told
