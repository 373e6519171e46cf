"""Attempts with a known answer, several a strategy: what each must say, and why."""

from __future__ import annotations

import numpy as np

from compass.domain.disproof import Outcome
from compass.domain.observation import Verdict
from compass.domain.telemetry import SignalKind as K
from tests.disproof.making import (
    account,
    alternative,
    baseline,
    busy,
    calm_stock,
    calm_web,
    correlation,
    dependency_direction,
    edge,
    idle,
    late_busy,
    latency,
    pool,
    prediction,
    scope,
    similar_incident,
    slow_orders,
    slow_web,
    threshold,
    time_order,
    traffic,
    waves,
    wild,
)  # fmt: skip
from tests.disproof.world import (
    AFTER,
    BEFORE,
    CALLS,
    DB,
    NODE,
    ORDERS,
    OTHER,
    STOCK,
    WEB,
    FakeTelemetry,
    Track,
    at,
    change,
    errors_log,
    hypothesis,
    noisy,
    seen,
    server_spans,
    service,
)  # fmt: skip

R, S, A, N = Outcome.REFUTED, Outcome.SURVIVED, Outcome.AMBIGUOUS, Outcome.NO_DATA
_unseen = (np.arange(BEFORE + AFTER) >= BEFORE - 3) & (np.arange(BEFORE + AFTER) < BEFORE + 12)
TIME_ORDER = [
    time_order("sign surely after the onset", R, since=at(300, 15), says="too late"),
    time_order("sign before the onset", S, since=at(-60, 15)),
    time_order("intervals overlap", S, since=at(10, 30)),
    time_order("later, within the uncertainty", A, since=at(40, 30)),
    time_order("not dated, measured late", R, tracks=[late_busy]),
    time_order(
        "not dated, late, but nothing was recorded in between",
        A,
        tracks=[Track(ORDERS, K.CPU, np.where(_unseen, np.nan, late_busy.values), "%")],
        says="not recorded between",
    ),
    time_order("not dated, measured in time", S, tracks=[busy]),
    time_order("not dated, never abnormal", N, tracks=[idle]),
    time_order("nothing recorded", N),
    time_order("an onset so uncertain that nothing could be too late", N, since=at(-60, 15), blur=1500),
    time_order("change after the onset", R, since=at(-60), trigger="c1", changes=[change("c1", ORDERS, 120)]),
    time_order("change before the onset", S, since=at(-60), trigger="c1", changes=[change("c1", ORDERS, -120)]),
    time_order("change at the onset", A, since=at(-60), trigger="c1", changes=[change("c1", ORDERS, -60)]),
]
SCOPE = [
    scope(
        "no caller is hit",
        R,
        entity=DB,
        tracks=[latency(ORDERS, 0.1, 0.004, 8), latency(STOCK, 0.1, 0.004, 9), latency(DB, 0.02, 0.001, 10)],
        says="0 of 2",
    ),
    scope(
        "the callers are well, but how much of their work comes here is not known",
        A,
        entity=DB,
        tracks=[latency(ORDERS, 0.1, 0.004, 8), latency(STOCK, 0.1, 0.004, 9)],
        says="not known how much",
    ),
    scope(
        "a hundredth of the caller's requests come here: a true cause does not show there",
        A,
        signs=("latency.up",),
        tracks=[calm_web, slow_orders, *traffic(web=100.0, orders=1.0)],
        says="not known how much",
    ),
    scope(
        "all of the caller's requests come here, and it got no slower",
        R,
        signs=("latency.up",),
        tracks=[calm_web, slow_orders, *traffic(web=10.0, orders=10.0)],
        says="enough of their requests pass",
    ),
    scope(
        "a caller so noisy that the delay could hide",
        A,
        tracks=[latency(WEB, 0.1, 0.04, 21), latency(ORDERS, 0.05, 0.001, 22)],
        says="could hide",
    ),
    scope(
        "the middle quantile hides what strikes a few requests",
        A,
        tracks=[latency(WEB, 0.1, 0.004, 2, quantile=0.5), latency(ORDERS, 0.05, 0.001, 22, quantile=0.5)],
        says="could hide",
    ),
    scope("the caller's own calls to it are as ever", R, tracks=[calm_web, edge(0.0)]),
    scope("the caller's own calls to it are slow", S, tracks=[calm_web, edge(0.5)]),
    scope(
        "slow by its own account, and no call to it takes so long",
        R,
        signs=("latency.up",),
        tracks=[
            slow_web,
            Track(ORDERS, K.LATENCY, slow_orders.values, quantile=0.9),
            Track(WEB, K.CLIENT_LATENCY, noisy(0.06, 0.002, 24), peer=ORDERS, quantile=0.99),
        ],
        says="no call to it took so long",
    ),
    scope(
        "served as ever by its own account, which knows nothing of what is late on the way",
        A,
        signs=("trace.gap_up",),
        tracks=[calm_web, latency(ORDERS, 0.05, 0.001, 22)],
        says="not known how much",
    ),
    scope(
        "what raised it harms no request: nothing has to be felt",
        A,
        signs=("log.path_changed",),
        tracks=[calm_web, latency(ORDERS, 0.05, 0.001, 22)],
    ),
    scope("the callers are hit", S, tracks=[slow_web]),
    scope("the board knows the caller is hit", S, observations=[seen("latency.up", WEB)]),
    scope(
        "that a screen found the caller normal does not say what could hide",
        N,
        observations=[seen("latency.up", WEB, verdict=Verdict.NORMAL)],
    ),
    scope(
        "quiet logs and ready pods show no served requests",
        N,
        observations=[
            seen("log.errors_up", WEB, verdict=Verdict.NORMAL),
            seen("k8s.unready", WEB, verdict=Verdict.NORMAL),
        ],
    ),
    scope(
        "normal under incomplete coverage does not count",
        N,
        observations=[seen("latency.up", WEB, verdict=Verdict.NORMAL, complete=False)],
    ),
    scope("measured normal, but incomplete", N, telemetry=FakeTelemetry((calm_web,), complete=False)),
    scope(
        "one caller of three is hit",
        A,
        entity=DB,
        calls=(*CALLS, (OTHER, DB)),
        tracks=[
            latency(ORDERS, 0.1, 0.004, 8, jump=0.5),
            latency(STOCK, 0.1, 0.004, 9),
            latency(OTHER, 0.1, 0.004, 10),
        ],
    ),
    scope(
        "everybody is hit",
        A,
        tracks=[slow_web],
        observations=[seen("latency.up", service(f"far{i}")) for i in range(4)],
        says="nothing to do with it",
    ),
    scope(
        "the guests of a node are well",
        R,
        entity=NODE,
        signs=("cpu.up",),
        containment={STOCK: NODE, DB: NODE},
        tracks=[latency(STOCK, 0.1, 0.004, 8), latency(DB, 0.1, 0.004, 9)],
    ),
    scope("nobody was measured", N),
    scope(
        "changed thing normal, nobody hit depends on it",
        R,
        trigger="c1",
        entity=STOCK,
        signs=("errors.up",),
        changes=[change("c1", DB, -120)],
        observations=[seen("latency.up", OTHER)],
        paged=None,
        calls=((OTHER, WEB), (STOCK, DB)),
        tracks=[latency(DB, 0.1, 0.004, 11)],
        suggest=False,
        required=("errors.up",),
    ),
    scope("changed thing abnormal", S, trigger="c1", changes=[change("c1", ORDERS, -120)]),
    scope(
        "changed thing measured abnormal",
        S,
        trigger="c1",
        changes=[change("c1", DB, -120)],
        tracks=[latency(DB, 0.1, 0.004, 12, jump=0.5)],
    ),
    scope(
        "changed thing normal, what is hit has another reason",
        R,
        trigger="c1",
        signs=("errors.up",),
        changes=[change("c1", DB, -120)],
        observations=[seen("latency.up", STOCK), seen("latency.up", WEB)],
        calls=((WEB, ORDERS), (ORDERS, STOCK), (ORDERS, DB)),
        tracks=[latency(DB, 0.1, 0.004, 13)],
    ),
    scope(
        "changed thing normal, but needed by what is hit",
        A,
        trigger="c1",
        signs=("errors.up",),
        changes=[change("c1", DB, -120)],
        tracks=[latency(DB, 0.1, 0.004, 13)],
    ),
    scope("changed thing not measured", N, trigger="c1", changes=[change("c1", DB, -120)]),
]
_dose = np.abs(np.random.default_rng(14).standard_normal(BEFORE + AFTER)).cumsum() % 7
CORRELATION = [
    correlation("effect moves, cause is noise", R, tracks=[wild, slow_web]),
    correlation("cause stands still", R, tracks=[Track(ORDERS, K.CPU, np.full(BEFORE + AFTER, 20.0), "%"), slow_web]),
    correlation(
        "both rise together",
        S,
        tracks=[
            Track(ORDERS, K.CPU, noisy(20.0, 1.0, 3, jump=30.0) + 8 * _dose, "%"),
            Track(WEB, K.LATENCY, noisy(0.1, 0.004, 1, jump=0.5) + 0.05 * _dose),
        ],
    ),
    correlation("half together", A, tracks=[Track(ORDERS, K.CPU, noisy(20.0, 1.0, 3, jump=1.0), "%"), slow_web]),
    correlation("no symptom to follow", N, tracks=[busy, calm_web]),
    correlation("cause not recorded", N, tracks=[slow_web]),
]
THRESHOLD = [
    threshold("pool never near its limit", R, signs=("pool.exhausted",), tracks=pool(3.0), decisive=True, says="30%"),
    threshold("pool full", S, signs=("pool.exhausted",), tracks=pool(noisy(3, 0.1, 15, jump=7.0).clip(0, 10))),
    threshold("pool nearly full", A, signs=("pool.exhausted",), tracks=pool(8.0)),
    threshold("callers waited although it looks free", A, signs=("pool.exhausted",), tracks=pool(3.0, 10.0, 4.0)),
    threshold("an error text is a witness", R, signs=("pool.exhausted", "log.pool_timeout"), tracks=pool(3.0)),
    threshold("low, but truncated", N, signs=("pool.exhausted",), telemetry=FakeTelemetry(pool(3.0), complete=False)),
    threshold("no limit recorded", N, signs=("pool.exhausted",), tracks=pool(3.0)[:1]),
    threshold("CPU far from full", R, tracks=[idle]),
    threshold("CPU full", S, tracks=[busy]),
    threshold(
        "memory far from its limit",
        R,
        signs=("memory.near_limit",),
        decisive=True,
        tracks=[
            Track(ORDERS, K.MEMORY, np.full(BEFORE + AFTER, 2e8), "By"),
            Track(ORDERS, K.MEMORY_LIMIT, np.full(BEFORE + AFTER, 1e9), "By"),
        ],
    ),
    threshold(
        "disk full", S, signs=("disk.full",), tracks=[Track(ORDERS, K.DISK_USAGE, np.full(BEFORE + AFTER, 0.97), "1")]
    ),
    threshold("source fails", N, signs=("pool.exhausted",), telemetry=FakeTelemetry(fails=True)),
]
_own = latency(ORDERS, 0.2, 0.004, 16, jump=0.5)
DIRECTION = [
    dependency_direction(
        "a callee added most of the time", R, tracks=[_own, latency(DB, 0.05, 0.002, 17, jump=0.45), calm_stock]
    ),
    dependency_direction(
        "in milliseconds too",
        R,
        tracks=[_own, Track(DB, K.LATENCY, noisy(50.0, 2.0, 17, jump=450.0), "ms"), calm_stock],
    ),
    dependency_direction("callees are normal", S, tracks=[_own, latency(DB, 0.05, 0.002, 17), calm_stock]),
    dependency_direction(
        "a callee added most of the time, but the CPU there is full all the same",
        A,
        tracks=[_own, latency(DB, 0.05, 0.002, 17, jump=0.3), calm_stock],
        says="does not explain what else was seen",
    ),
    dependency_direction(
        "a callee added as much, and waiting is all that was seen",
        R,
        signs=("latency.up",),
        tracks=[_own, latency(DB, 0.05, 0.002, 17, jump=0.3), calm_stock],
    ),
    dependency_direction(
        "a callee so noisy that its part is not sure",
        A,
        signs=("latency.up",),
        tracks=[_own, latency(DB, 0.2, 0.06, 17, jump=0.3), calm_stock],
    ),
    dependency_direction(
        "a callee added a little", S, tracks=[_own, latency(DB, 0.05, 0.002, 17, jump=0.05), calm_stock]
    ),
    dependency_direction(
        "a callee began later",
        S,
        tracks=[_own, latency(DB, 0.05, 0.002, 17, jump=0.45, at_step=BEFORE + 10), calm_stock],
    ),
    dependency_direction(
        "a callee is flooded",
        A,
        observations=[seen("traffic.up", DB)],
        tracks=[_own, latency(DB, 0.05, 0.002, 17, jump=0.45)],
    ),
    dependency_direction("one callee is not measured", A, tracks=[_own, latency(DB, 0.05, 0.002, 17)]),
    dependency_direction("no callee is measured", N, tracks=[_own]),
]
BASELINE = [
    baseline("as bad all the time", R, tracks=[Track(ORDERS, K.CPU, noisy(80.0, 5.0, 19), "%")]),
    baseline("never like this before", S, tracks=[busy]),
    baseline(
        "it comes and goes, but never did before",
        S,
        signs=("success.down",),
        tracks=[
            Track(
                ORDERS,
                K.SUCCESS,
                np.where((np.arange(BEFORE + AFTER) > BEFORE) & (np.arange(BEFORE + AFTER) % 5 < 3), 70.0, 100.0),
                "%",
            )
        ],
    ),
    baseline(
        "like this once before",
        A,
        tracks=[Track(ORDERS, K.CPU, np.where((np.arange(BEFORE + AFTER) // 24) == 1, 95.0, busy.values), "%")],
    ),
    baseline(
        "error lines as ever",
        R,
        signs=("log.errors_up",),
        telemetry=FakeTelemetry(log_table=errors_log(ORDERS, np.arange(-3590, 700, 7))),
    ),
    baseline(
        "error lines are new",
        S,
        signs=("log.errors_up",),
        telemetry=FakeTelemetry(log_table=errors_log(ORDERS, [-3500, *np.arange(1, 700, 2)])),
    ),
    baseline(
        "spans as slow as ever",
        R,
        signs=("latency.up",),
        telemetry=FakeTelemetry(
            span_table=server_spans((ORDERS, s, 0.1 + 0.01 * (s % 3), False) for s in range(-3590, 700, 10))
        ),
    ),
    baseline("nothing recorded", N),
]


_full = hypothesis("cpu_full", DB, [seen("cpu.up", DB)], lead=0.9)
_fault_below = {"signs": ("latency.up",), "theories": [_full], "accounts": (account(_full, "h-cpu_saturation-orders"),)}
_surge = seen("traffic.up", WEB)
_more_work = {
    "signs": ("pool.exhausted", "change.near"),
    "theories": [hypothesis("traffic_surge", WEB, [_surge])],
}
ALTERNATIVE = [
    alternative(
        "more work arrives from outside, and it is full of that",
        R,
        observations=[_surge, seen("traffic.up", ORDERS)],
        says="comes from outside",
        **_more_work,
    ),
    alternative("it is full although no more arrives there", S, observations=[_surge], **_more_work),
    alternative(
        "more work was complained of there and not measured",
        S,
        observations=[_surge, seen("traffic.up", ORDERS, strength=0.3)],
        **_more_work,
    ),
    alternative(
        "more arrives because what is above tries again",
        S,
        observations=[_surge, seen("traffic.up", ORDERS), seen("retries.up", WEB)],
        **_more_work,
    ),
    alternative(
        "more arrives, and it is slow by what more work does not do",
        S,
        observations=[_surge, seen("traffic.up", ORDERS)],
        **{**_more_work, "signs": ("pool.exhausted", "pool.limit_down")},
    ),
    alternative(
        "all of it travels from below, where something of its own is full and requests are as slow",
        R,
        observations=[seen("cpu.up", DB), seen("latency.up", DB, strength=0.85)],
        says="its own sign",
        **_fault_below,
    ),
    alternative(
        "something is full below, but requests there are served as ever",
        A,
        observations=[seen("cpu.up", DB)],
        says="is its own",
        **_fault_below,
    ),
    alternative(
        "something is full below, and so is its own processor",
        S,
        observations=[seen("cpu.up", DB), seen("latency.up", DB, strength=0.85)],
        **{**_fault_below, "signs": ("latency.up", "cpu.saturated")},
    ),
    alternative(
        "another theory explains the same and more",
        R,
        signs=("latency.up",),
        observations=[seen("cpu.up", DB)],
        theories=[hypothesis("wider", DB, [seen("latency.up", ORDERS), seen("cpu.up", DB)])],
    ),
    alternative(
        "another explains the same as well",
        A,
        signs=("latency.up",),
        theories=[hypothesis("equal", DB, [seen("latency.up", ORDERS)])],
    ),
    alternative(
        "others explain other things",
        S,
        signs=("latency.up",),
        observations=[seen("cpu.up", DB)],
        theories=[hypothesis("other", DB, [seen("cpu.up", DB)])],
    ),
    alternative(
        "the wider theory lies above, not below",
        S,
        signs=("latency.up",),
        observations=[seen("cpu.up", WEB)],
        theories=[hypothesis("wider", WEB, [seen("latency.up", ORDERS), seen("cpu.up", WEB)])],
    ),
]
_bumps = (20, 50, 80)
SIMILAR = [
    similar_incident(
        "it was like this before and nothing followed",
        R,
        tracks=[waves(_bumps, 20.0, 60.0, K.CPU, ORDERS, "%"), slow_web],
    ),
    similar_incident(
        "it was like this once before and nothing followed",
        A,
        tracks=[waves((20,), 20.0, 60.0, K.CPU, ORDERS, "%"), slow_web],
    ),
    similar_incident(
        "the symptom followed each time",
        S,
        tracks=[waves(_bumps, 20.0, 60.0, K.CPU, ORDERS, "%"), waves(_bumps, 0.1, 0.5, K.LATENCY, WEB)],
    ),
    similar_incident(
        "it followed once",
        A,
        tracks=[waves(_bumps, 20.0, 60.0, K.CPU, ORDERS, "%"), waves(_bumps[:1], 0.1, 0.5, K.LATENCY, WEB)],
    ),
    similar_incident("it never was like this", N, tracks=[busy, slow_web]),
]
PREDICTION = [
    prediction("what nobody had looked at is as it says", S, signs=("latency.up",), expects=("cpu.up",), tracks=[busy]),
    prediction("what nobody had looked at is normal", R, signs=("latency.up",), expects=("cpu.up",), tracks=[idle]),
    prediction(
        "one of two is",
        A,
        signs=("latency.up",),
        expects=("cpu.up", "traffic.up"),
        tracks=[busy, *traffic(orders=10.0)],
    ),
    prediction("nothing measures it", N, signs=("latency.up",), expects=("cpu.up",)),
]
CASES = [
    *TIME_ORDER, *SCOPE, *CORRELATION, *THRESHOLD, *DIRECTION, *BASELINE, *ALTERNATIVE, *SIMILAR, *PREDICTION,
]  # fmt: skip
