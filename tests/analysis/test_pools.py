from __future__ import annotations

import numpy as np

from compass.analysis import pools
from compass.domain.telemetry import SignalKind
from compass.tables.series import SeriesTable
from tests.analysis.synthetic import row, service, split, table, times

N, AT = 60, 40
A = {"pool": "main"}


def orders(used: list[float], limit: list[float], pending: list[float]) -> SeriesTable:
    rows = [
        row(service("orders"), SignalKind.POOL_PENDING, "{request}", labels=A),
        row(service("orders"), SignalKind.POOL_USED, "{connection}", labels=A),
        row(service("orders"), SignalKind.POOL_LIMIT, "{connection}", labels=A),
        row(service("orders"), SignalKind.POOL_USED, "{connection}", labels={"pool": "other"}),
    ]
    return table(rows, np.array([pending, used, limit, [1.0] * N]))


def test_pools_are_joined_by_entity_and_name() -> None:
    found = pools.join_pools(orders([5.0] * N, [10.0] * N, [0.0] * N))
    assert [(p.entity.name, p.name) for p in found] == [("orders", "main"), ("orders", "other")]
    assert found[0].utilisation is not None
    assert found[0].utilisation.tolist() == [0.5] * N
    assert found[1].utilisation is None


def test_exhaustion_has_its_time_length_and_queue() -> None:
    series = orders([3.0] * AT + [10.0] * 20, [10.0] * N, [0.0] * AT + [7.0] * 20)
    baseline, during = split(N, AT)
    seen = pools.exhaustion(pools.join_pools(series)[0], series.times_ns, baseline, during)
    assert seen is not None
    assert seen.news
    assert (seen.share, seen.usual, seen.queue) == (1.0, 0.0, 7.0)
    assert seen.runs[0].start_ns == times(N)[AT]
    assert seen.runs[0].end_ns == times(N)[-1]


def test_a_pool_that_is_always_full_is_no_news() -> None:
    series = orders([10.0] * N, [10.0] * N, [0.0] * N)
    baseline, during = split(N, AT)
    seen = pools.exhaustion(pools.join_pools(series)[0], series.times_ns, baseline, during)
    assert seen is not None
    assert not seen.news


def test_a_queue_at_the_highest_use_stands_in_for_a_missing_limit() -> None:
    series = orders([3.0] * AT + [8.0] * 20, [10.0] * N, [0.0] * AT + [4.0] * 20).take([0, 1])
    baseline, during = split(N, AT)
    seen = pools.exhaustion(pools.join_pools(series)[0], series.times_ns, baseline, during)
    assert seen is not None
    assert seen.news
    assert not seen.relative


def test_the_fall_of_a_limit_is_dated_between_two_samples() -> None:
    series = orders([3.0] * N, [50.0] * 30 + [5.0] * 30, [0.0] * N)
    fall = pools.limit_fall(pools.join_pools(series)[0], series.times_ns)
    assert fall is not None
    assert (fall.before, fall.after) == (50.0, 5.0)
    assert (fall.last_ns, fall.at_ns) == (times(N)[29], times(N)[30])


def test_a_dip_that_recovers_a_rise_and_a_constant_are_no_fall() -> None:
    for limit in ([50.0] * 20 + [5.0] * 10 + [50.0] * 30, [5.0] * 30 + [50.0] * 30, [9.0] * N):
        series = orders([3.0] * N, limit, [0.0] * N)
        assert pools.limit_fall(pools.join_pools(series)[0], series.times_ns) is None


def test_missing_samples_and_a_zero_limit_give_no_share() -> None:
    series = orders([np.nan] * N, [0.0] * N, [np.nan] * N)
    baseline, during = split(N, AT)
    assert pools.exhaustion(pools.join_pools(series)[0], series.times_ns, baseline, during) is None


def test_server_connections_are_a_pool_too() -> None:
    rows = [
        row(service("db"), SignalKind.DB_CONNECTIONS, "{connection}", labels={"state": s}) for s in ("active", "idle")
    ]
    rows.append(row(service("db"), SignalKind.DB_CONNECTIONS_LIMIT, "{connection}"))
    found = pools.join_pools(table(rows, np.array([[60.0] * N, [39.0] * N, [100.0] * N])))
    assert found[0].utilisation is not None
    assert found[0].utilisation[0] == 0.99
