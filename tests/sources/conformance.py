"""What every telemetry source must do, whatever its vendor: subclass and give a source of the reference system.

    class TestMySource(TelemetryConformance):
        @pytest.fixture
        def telemetry(self) -> Telemetry: ...

Numbers agree within 1 % (different engines interpolate differently); what is missing is said, not guessed.
"""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.telemetry import (
    Aggregate,
    Direction,
    HealthStatus,
    LogQuery,
    ObjectKind,
    ObjectQuery,
    SignalKind,
    SignalQuery,
    SpanQuery,
)
from compass.ports.clock import Deadline
from compass.ports.telemetry import Telemetry
from compass.tables.series import SeriesTable
from compass.tables.spans import KINDS, STATUSES
from tests.sources.reference import SECONDS
from tests.support.recordings import iso, ns, window

NO_DEADLINE = Deadline()
ALL = window(0, SECONDS)
WEB = EntityRef(kind=EntityKind.SERVICE, name="web")
# A service whose pods name a namespace is in it, also where a series of its own names none.
ORDERS = EntityRef(kind=EntityKind.SERVICE, name="orders", namespace="shop")
DATABASE = EntityRef(kind=EntityKind.DATABASE, name="orders-db")
PARTS = {"metrics", "logs", "traces", "kubernetes", "changes", "alerts", "probes", "topology"}


def query(*kinds: SignalKind, start: float = 0, end: float = SECONDS, **more: object) -> SignalQuery:
    return SignalQuery(kinds=frozenset(kinds), window=window(start, end), **more)  # type: ignore[arg-type]


def mean(table: SeriesTable, row: int, start: float, end: float) -> float:
    inside = (table.times_ns > ns(start)) & (table.times_ns <= ns(end))
    return float(np.nanmean(table.values[row, inside]))


class TelemetryConformance:
    """The checks. `telemetry` is abstract."""

    @pytest.fixture
    def telemetry(self) -> Telemetry:
        raise NotImplementedError

    # -- series ----------------------------------------------------------------------------------------------------

    async def test_a_gauge_is_its_last_value_in_each_step(self, telemetry: Telemetry) -> None:
        answer = await telemetry.series(query(SignalKind.MEMORY, entities=(ORDERS,)), deadline=NO_DEADLINE)
        (row,) = answer.data.rows
        assert (row.entity, row.signal.unit, row.signal.worse) == (ORDERS, "By", Direction.UP)
        assert answer.data.step_s == pytest.approx(15)
        assert mean(answer.data, 0, 0, SECONDS) == pytest.approx(1e8 + 40, rel=1e-4)

    async def test_a_counter_is_a_rate_and_a_restart_is_no_drop(self, telemetry: Telemetry) -> None:
        answer = await telemetry.series(query(SignalKind.TRAFFIC, entities=(ORDERS,)), deadline=NO_DEADLINE)
        table = answer.data
        (row,) = [i for i, r in enumerate(table.rows) if r.entity == ORDERS and r.peer is None]
        assert table.rows[row].signal.unit.endswith("/s")
        assert mean(table, row, 60, 600) == pytest.approx(2.0, rel=0.01)
        assert mean(table, row, 630, 885) == pytest.approx(4.0, rel=0.01)
        assert mean(table, row, 930, 1180) == pytest.approx(4.0, rel=0.01)
        assert np.nanmin(table.values[row]) >= 0

    async def test_a_histogram_gives_quantiles_and_a_mean(self, telemetry: Telemetry) -> None:
        answer = await telemetry.series(query(SignalKind.LATENCY, entities=(WEB,)), deadline=NO_DEADLINE)
        table = answer.data
        by_stat = {r.labels["stat"]: i for i, r in enumerate(table.rows)}
        assert {"p90", "p99", "mean"} <= set(by_stat)
        assert table.rows[by_stat["p90"]].signal.quantile == pytest.approx(0.9)
        assert table.rows[by_stat["mean"]].signal.quantile is None
        # Before: 90 of 100 within 0.1 s. After: 50, 20 and 30 of 100 in the buckets; rank 90 is 20/30 into the third.
        assert mean(table, by_stat["p90"], 60, 585) == pytest.approx(0.1, rel=0.01)
        assert mean(table, by_stat["p90"], 630, 1180) == pytest.approx(0.2 + 0.2 * 20 / 30, rel=0.01)
        assert mean(table, by_stat["mean"], 60, 585) == pytest.approx(0.05, rel=0.01)
        assert mean(table, by_stat["mean"], 630, 1180) == pytest.approx((90 * 0.05 + 10 * 0.3) / 100, rel=0.01)

    async def test_one_quantile_can_be_asked_for(self, telemetry: Telemetry) -> None:
        asked = query(SignalKind.LATENCY, entities=(WEB,), aggregate=Aggregate.P50)
        answer = await telemetry.series(asked, deadline=NO_DEADLINE)
        (row,) = answer.data.rows
        assert row.signal.quantile == pytest.approx(0.5)
        assert mean(answer.data, 0, 60, 585) == pytest.approx(0.1 * 50 / 90, rel=0.01)

    async def test_errors_come_from_the_status_label(self, telemetry: Telemetry) -> None:
        answer = await telemetry.series(query(SignalKind.ERRORS, entities=(WEB,)), deadline=NO_DEADLINE)
        table = answer.data
        ratio = next(i for i, r in enumerate(table.rows) if r.signal.unit == "1")
        rate = next(i for i, r in enumerate(table.rows) if r.signal.unit == "{error}/s")
        assert mean(table, ratio, 60, 585) == 0.0
        assert mean(table, ratio, 630, 1180) == pytest.approx(0.1, rel=0.01)
        assert mean(table, rate, 630, 1180) == pytest.approx(10 / 15, rel=0.01)

    async def test_a_pool_counts_only_connections_in_use(self, telemetry: Telemetry) -> None:
        asked = query(SignalKind.POOL_USED, SignalKind.POOL_LIMIT, entities=(ORDERS,))
        answer = await telemetry.series(asked, deadline=NO_DEADLINE)
        used = [i for i, r in enumerate(answer.data.rows) if r.signal.kind is SignalKind.POOL_USED]
        limit = [i for i, r in enumerate(answer.data.rows) if r.signal.kind is SignalKind.POOL_LIMIT]
        assert len(used) == len(limit) == 1
        assert mean(answer.data, used[0], 0, 585) == pytest.approx(2.0)
        assert mean(answer.data, used[0], 630, 1180) == pytest.approx(10.0)
        assert answer.data.rows[used[0]].labels["db_client_connection_pool_name"] == "main"
        assert answer.data.rows[limit[0]].signal.worse is Direction.DOWN

    async def test_a_data_store_is_one_entity_in_series_and_topology(self, telemetry: Telemetry) -> None:
        series = await telemetry.series(query(SignalKind.DB_CONNECTIONS), deadline=NO_DEADLINE)
        assert {row.entity for row in series.data.rows} == {DATABASE}
        assert mean(series.data, 0, 0, 585) == pytest.approx(4.0)  # active and idle
        edges = await telemetry.objects(ObjectQuery(kind=ObjectKind.TOPOLOGY, window=ALL), deadline=NO_DEADLINE)
        assert {(e.caller, e.callee) for e in edges.data.dependencies} == {(WEB, ORDERS), (ORDERS, DATABASE)}

    async def test_a_longer_step_is_kept(self, telemetry: Telemetry) -> None:
        asked = query(SignalKind.TRAFFIC, entities=(ORDERS,), step_s=60.0)
        answer = await telemetry.series(asked, deadline=NO_DEADLINE)
        assert answer.data.step_s == 60.0
        assert set(np.diff(answer.data.times_ns[:-1])) == {60 * 10**9}
        assert mean(answer.data, 0, 120, 580) == pytest.approx(2.0, rel=0.01)

    async def test_the_window_bounds_the_answer(self, telemetry: Telemetry) -> None:
        answer = await telemetry.series(query(SignalKind.MEMORY, start=300, end=600), deadline=NO_DEADLINE)
        assert answer.coverage.requested == window(300, 600)
        assert answer.data.times_ns.min() >= ns(300)
        assert answer.data.times_ns.max() <= ns(600)
        assert np.nanmax(answer.data.values) < 1e8 + 40

    async def test_a_kind_nobody_measures_is_an_empty_answer_that_says_so(self, telemetry: Telemetry) -> None:
        answer = await telemetry.series(query(SignalKind.GC_TIME), deadline=NO_DEADLINE)
        assert answer.data.rows == ()
        assert not answer.coverage.complete

    async def test_an_unknown_entity_is_an_empty_answer_that_says_so(self, telemetry: Telemetry) -> None:
        ghost = EntityRef(kind=EntityKind.SERVICE, name="ghost")
        series = await telemetry.series(query(SignalKind.MEMORY, entities=(ghost,)), deadline=NO_DEADLINE)
        logs = await telemetry.logs(LogQuery(window=ALL, entities=(ghost,)), deadline=NO_DEADLINE)
        assert series.data.rows == ()
        assert len(logs.data) == 0
        assert not series.coverage.complete
        assert not logs.coverage.complete

    # -- logs ------------------------------------------------------------------------------------------------------

    async def test_logs_are_sorted_and_resolved(self, telemetry: Telemetry) -> None:
        answer = await telemetry.logs(LogQuery(window=ALL), deadline=NO_DEADLINE)
        table = answer.data
        assert len(table) == 140
        assert (np.diff(table.times_ns) >= 0).all()
        assert {table.entities[i] for i in table.service} == {WEB, ORDERS}
        assert (table.weight == 1).all()
        assert answer.coverage.complete

    async def test_log_filters_are_pushed_down(self, telemetry: Telemetry) -> None:
        of_web = await telemetry.logs(LogQuery(window=ALL, entities=(WEB,)), deadline=NO_DEADLINE)
        with_text = await telemetry.logs(LogQuery(window=ALL, contains="exhausted"), deadline=NO_DEADLINE)
        errors = await telemetry.logs(LogQuery(window=ALL, errors_only=True), deadline=NO_DEADLINE)
        quoted = await telemetry.logs(LogQuery(window=ALL, contains="'; DROP --"), deadline=NO_DEADLINE)
        assert (len(of_web.data), len(with_text.data), len(errors.data), len(quoted.data)) == (120, 20, 20, 0)
        assert with_text.data.trace_id[1] == f"{1:032x}"

    async def test_a_limit_cuts_and_says_so(self, telemetry: Telemetry) -> None:
        logs = await telemetry.logs(LogQuery(window=ALL, limit=5), deadline=NO_DEADLINE)
        spans = await telemetry.spans(SpanQuery(window=ALL, limit=7), deadline=NO_DEADLINE)
        exact = await telemetry.logs(LogQuery(window=ALL, limit=140), deadline=NO_DEADLINE)
        assert (len(logs.data), logs.coverage.truncated, logs.coverage.complete) == (5, True, False)
        assert (len(spans.data), spans.coverage.truncated) == (7, True)
        assert (len(exact.data), exact.coverage.truncated) == (140, False)

    # -- spans -----------------------------------------------------------------------------------------------------

    async def test_spans_know_their_parents(self, telemetry: Telemetry) -> None:
        table = (await telemetry.spans(SpanQuery(window=ALL), deadline=NO_DEADLINE)).data
        assert len(table) == 400
        assert (table.parent == -1).sum() == 100
        below = table.parent >= 0
        assert (table.trace[below] == table.trace[table.parent[below]]).all()
        names = [table.names[i] for i in table.name[table.parent[below & (table.kind == KINDS.index("server"))]]]
        assert set(names) == {"POST"}

    async def test_spans_say_what_they_call_and_how_it_went(self, telemetry: Telemetry) -> None:
        table = (await telemetry.spans(SpanQuery(window=ALL), deadline=NO_DEADLINE)).data
        queries = table.statement >= 0
        assert queries.sum() == 100
        assert {table.peers[i] for i in table.peer[queries]} == {"orders-db"}
        assert {table.statements[i] for i in table.statement[queries]} == {"INSERT INTO orders VALUES (?)"}
        failed = table.status == STATUSES.index("error")
        assert failed.sum() == 10
        assert {table.error_types[i] for i in table.error_type[failed]} == {"PoolTimeout"}
        assert set(table.http_status.tolist()) == {0, 200}

    async def test_span_filters_are_pushed_down(self, telemetry: Telemetry) -> None:
        slow = await telemetry.spans(SpanQuery(window=ALL, slower_than_ns=75_000_000), deadline=NO_DEADLINE)
        errors = await telemetry.spans(SpanQuery(window=ALL, errors_only=True), deadline=NO_DEADLINE)
        of_web = await telemetry.spans(SpanQuery(window=ALL, entities=(WEB,)), deadline=NO_DEADLINE)
        assert (len(slow.data), len(errors.data), len(of_web.data)) == (200, 10, 200)
        assert (errors.data.parent == -2).all()  # their parents exist, but not in this answer

    # -- objects ---------------------------------------------------------------------------------------------------

    async def test_objects_of_each_kind(self, telemetry: Telemetry) -> None:
        async def ask(kind: ObjectKind, *api: str) -> object:
            asked = ObjectQuery(kind=kind, window=ALL, api_kinds=frozenset(api))
            return (await telemetry.objects(asked, deadline=NO_DEADLINE)).data

        changes = (await telemetry.objects(ObjectQuery(kind=ObjectKind.CHANGES, window=ALL), deadline=NO_DEADLINE)).data
        (change,) = changes.changes
        assert (change.entity, change.kind, change.at.ns) == (ORDERS, "deploy", ns(590))
        alerts = (await telemetry.objects(ObjectQuery(kind=ObjectKind.ALERTS, window=ALL), deadline=NO_DEADLINE)).data
        (alert,) = alerts.alerts
        assert (alert.name, alert.entity, alert.ends_ns, alert.starts_ns) == ("Slow", WEB, None, ns(660))
        probes = (await telemetry.objects(ObjectQuery(kind=ObjectKind.PROBES, window=ALL), deadline=NO_DEADLINE)).data
        assert [(probe.ok, probe.target) for probe in probes.probes] == [(True, "orders:8080")]
        pods = ObjectQuery(kind=ObjectKind.KUBERNETES, window=ALL, api_kinds=frozenset({"Pod"}))
        found = (await telemetry.objects(pods, deadline=NO_DEADLINE)).data.kubernetes
        assert [(o.kind, o.namespace, o.name) for o in found] == [("Pod", "shop", "orders-1")]

    async def test_changes_outside_the_window_are_not_given(self, telemetry: Telemetry) -> None:
        asked = ObjectQuery(kind=ObjectKind.CHANGES, window=window(0, 590))
        assert (await telemetry.objects(asked, deadline=NO_DEADLINE)).data.changes == ()

    async def test_an_alert_that_still_fires_belongs_to_later_questions_too(self, telemetry: Telemetry) -> None:
        async def fired(first_s: float, last_s: float) -> int:
            asked = ObjectQuery(kind=ObjectKind.ALERTS, window=window(first_s, last_s))
            return len((await telemetry.objects(asked, deadline=NO_DEADLINE)).data.alerts)

        assert [await fired(0, 600), await fired(600, 700), await fired(700, 800)] == [0, 1, 1]

    # -- all -------------------------------------------------------------------------------------------------------

    async def test_every_answer_says_where_it_is_from(self, telemetry: Telemetry) -> None:
        series = await telemetry.series(query(SignalKind.MEMORY), deadline=NO_DEADLINE)
        logs = await telemetry.logs(LogQuery(window=ALL), deadline=NO_DEADLINE)
        spans = await telemetry.spans(SpanQuery(window=ALL), deadline=NO_DEADLINE)
        for answer in (series, logs, spans):
            assert answer.source == telemetry.name
            assert answer.query.text
            assert answer.query.language
            assert answer.coverage.requested == ALL
            assert ALL.start_ns <= answer.coverage.received.start_ns <= answer.coverage.received.end_ns

    async def test_the_same_question_has_the_same_answer_at_any_concurrency(self, telemetry: Telemetry) -> None:
        async def ask() -> tuple[bytes, bytes, bytes, str]:
            kinds = query(SignalKind.LATENCY, SignalKind.TRAFFIC, SignalKind.MEMORY)
            series, logs, spans = await asyncio.gather(
                telemetry.series(kinds, deadline=NO_DEADLINE),
                telemetry.logs(LogQuery(window=ALL), deadline=NO_DEADLINE),
                telemetry.spans(SpanQuery(window=ALL), deadline=NO_DEADLINE),
            )
            keys = "|".join(row.key for row in series.data.rows)
            return series.data.values.tobytes(), logs.data.times_ns.tobytes(), spans.data.parent.tobytes(), keys

        answers = await asyncio.gather(*(ask() for _ in range(6)))
        assert len(set(answers)) == 1

    async def test_health_names_every_part(self, telemetry: Telemetry) -> None:
        health = await telemetry.check()
        assert {part.part for part in health} == PARTS
        assert {part.status for part in health} == {HealthStatus.OK}, [h for h in health if h.status != HealthStatus.OK]
        assert iso(0).endswith("Z")
