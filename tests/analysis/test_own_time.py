"""Added time is spent where nothing that is called can account for it."""

from __future__ import annotations

import numpy as np
import pytest

from compass.analysis import anomaly
from compass.analysis.graph import build_graph
from compass.analysis.own_time import idle, own_times
from compass.domain.incident import Dependency
from compass.domain.telemetry import SignalKind
from tests.analysis.synthetic import pod, row, service, split, table

N, AT = 60, 40
GRAPH = build_graph(
    [Dependency(caller=service(a), callee=service(b)) for a, b in (("web", "cart"), ("web", "ads"), ("cart", "store"))],
    {pod("cart-0"): service("cart")},
)


def step(before: float, after: float) -> list[float]:
    return [before] * AT + [after] * (N - AT)


def shares(
    latency: dict[str, tuple[float, float]], rates: dict[str, float] | None = None, quantile: float = 0.5
) -> dict[str, float]:
    """Service → share. `latency` is (before, after) in seconds, `rates` requests per second."""
    rows = [row(service(name), SignalKind.LATENCY, "s", quantile=quantile) for name in latency]
    lines = [step(*levels) for levels in latency.values()]
    for name, rate in (rates or {}).items():
        rows.append(row(service(name), SignalKind.TRAFFIC, "{request}/s"))
        lines.append(step(rate, rate))
    seen = table(rows, np.array(lines))
    baseline, during = split(N, AT)
    found = own_times(seen, anomaly.screen(seen, baseline, during), GRAPH)
    return {own.entity.name: round(own.share, 2) for own in found}


SLOW_STORE = {"web": (0.1, 2.1), "cart": (0.05, 2.05), "store": (0.01, 2.01), "ads": (0.02, 0.02)}


def test_the_callee_that_added_what_its_callers_added_has_it_all() -> None:
    assert shares(SLOW_STORE) == {"store": 1.0, "cart": 0.0, "web": 0.0}


def test_a_callee_that_added_little_does_not_explain_its_caller() -> None:
    """Forty deviations worse, and a hundredth of the time."""
    found = shares({**SLOW_STORE, "store": (0.001, 0.021)})
    assert found["cart"] == pytest.approx(0.99)
    assert found["store"] == pytest.approx(0.01)


def test_many_calls_of_one_request_add_up() -> None:
    many = {"web": (0.1, 2.1), "cart": (0.05, 0.25), "ads": (0.02, 0.02)}
    assert shares(many)["web"] == pytest.approx(0.9)
    often = shares(many, {"web": 10.0, "cart": 100.0, "ads": 10.0})
    assert often == {"cart": 1.0, "web": 0.0}


def test_several_callees_can_account_for_it_together() -> None:
    both = {"web": (0.1, 2.1), "cart": (0.05, 1.05), "ads": (0.02, 1.02)}
    assert shares(both) == {"ads": 0.5, "cart": 0.5, "web": 0.0}


def test_nothing_is_said_of_a_service_that_nobody_waits_longer_for() -> None:
    assert shares({"web": (0.1, 0.1), "cart": (0.05, 0.05), "store": (0.01, 2.0)}) == {}


def test_nothing_is_said_without_known_dependencies() -> None:
    assert shares({"alone": (0.1, 5.0)}) == {}


def test_a_quantile_at_which_it_added_nothing_halves_its_share() -> None:
    rows = [row(service(n), SignalKind.LATENCY, "ms", quantile=q) for n in ("web", "cart") for q in (0.5, 0.9)]
    seen = table(rows, np.array([step(100, 900), step(200, 900), step(50, 50), step(60, 760)]))
    baseline, during = split(N, AT)
    found = {o.entity.name: o for o in own_times(seen, anomaly.screen(seen, baseline, during), GRAPH)}
    assert found["web"].share == pytest.approx(0.5)
    assert found["cart"].share == pytest.approx(0.5)
    assert found["web"].added_s - found["web"].below_s == pytest.approx(0.8)  # milliseconds became seconds


def test_who_works_more_does_not_wait() -> None:
    rows = [row(service("web"), SignalKind.CPU, "%"), row(pod("cart-0"), SignalKind.CPU, "%")]
    seen = table(rows, np.array([step(20, 12), step(20, 60)]))
    baseline, during = split(N, AT)
    assert idle(seen, anomaly.screen(seen, baseline, during), GRAPH) == {service("web")}
