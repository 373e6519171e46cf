"""Attempts with a known answer, several a strategy: what each must say, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.domain.hypothesis import Account, Hypothesis, Link
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Verdict
from compass.domain.telemetry import SignalKind as K
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
    board,
    change,
    errors_log,
    hypothesis,
    mechanism,
    noisy,
    seen,
    server_spans,
    service,
)


@dataclass(frozen=True, slots=True)
class Case:
    """One attempt. `trigger` picks the plan about that change instead of the one about the hypothesis."""

    name: str
    strategy: str
    outcome: Outcome
    hypothesis: Hypothesis
    mechanism: Mechanism
    board: Board
    telemetry: FakeTelemetry
    trigger: str | None = None
    decisive: bool = False
    says: str = ""


def _case(
    name,
    strategy,
    outcome,
    *,
    signs=("cpu.saturated",),
    entity=ORDERS,
    required=(),
    observations=(),
    tracks=(),
    since=None,
    theories=(),
    trigger=None,
    decisive=False,
    says="",
    telemetry=None,
    mech="cpu_saturation",
    suggest=True,
    blur=15,
    accounts=(),
    **more,
) -> Case:
    seeds = tuple(seen(sign, entity, since=since) for sign in signs) if suggest else ()
    own = hypothesis(mech, entity, seeds)
    known = board([own, *theories], [*seeds, *observations], **more)
    known = replace(known, onset=replace(known.onset, instant=at(0, blur)), accounts=accounts)
    mechanism_ = mechanism(mech, *(required or signs))
    return Case(
        name,
        strategy,
        outcome,
        own,
        mechanism_,
        known,
        telemetry or FakeTelemetry(tuple(tracks)),
        trigger,
        decisive,
        says,
    )


R, S, A, N = Outcome.REFUTED, Outcome.SURVIVED, Outcome.AMBIGUOUS, Outcome.NO_DATA
slow_web = Track(WEB, K.LATENCY, noisy(0.1, 0.004, 1, jump=0.5))
calm_web = Track(WEB, K.LATENCY, noisy(0.1, 0.004, 2))
busy = Track(ORDERS, K.CPU, noisy(20.0, 1.0, 3, jump=70.0), "%")
idle = Track(ORDERS, K.CPU, noisy(20.0, 1.0, 4), "%")
late_busy = Track(ORDERS, K.CPU, noisy(20.0, 1.0, 5, jump=70.0, at_step=BEFORE + 12), "%")
wild = Track(ORDERS, K.CPU, np.random.default_rng(6).uniform(10, 90, BEFORE + AFTER), "%")


slow_orders = Track(ORDERS, K.LATENCY, noisy(0.05, 0.001, 23, jump=0.2))


def traffic(**rates):
    """Requests per second of services."""
    return tuple(
        Track(service(name), K.TRAFFIC, noisy(rate, 0.01 * rate, 25), "{request}/s", "requests")
        for name, rate in rates.items()
    )


def edge(jump):
    """How long web waits for orders, worse by `jump` from the onset on."""
    return Track(WEB, K.CLIENT_LATENCY, noisy(0.06, 0.002, 24, jump=jump), peer=ORDERS)


def waves(peaks, level, height, kind, entity, unit="s", seed=7):
    """Bumps of three steps at `peaks`, then a lasting rise at the onset."""
    values = noisy(level, 0.01 * height, seed, jump=height)
    for peak in peaks:
        values[peak : peak + 3] += height
    return Track(entity, kind, values, unit)


def pool(used, limit=10.0, pending=0.0, entity=ORDERS):
    labels = {"pool": "main"}
    n = BEFORE + AFTER
    return (
        Track(entity, K.POOL_USED, np.full(n, used) if np.isscalar(used) else used, "1", "used", labels),
        Track(entity, K.POOL_LIMIT, np.full(n, limit), "1", "max", labels),
        Track(entity, K.POOL_PENDING, np.full(n, pending), "1", "pending", labels),
    )


_unseen = (np.arange(BEFORE + AFTER) >= BEFORE - 3) & (np.arange(BEFORE + AFTER) < BEFORE + 12)
TIME_ORDER = [
    _case("sign surely after the onset", "time_order", R, since=at(300, 15), says="too late"),
    _case("sign before the onset", "time_order", S, since=at(-60, 15)),
    _case("intervals overlap", "time_order", S, since=at(10, 30)),
    _case("later, within the uncertainty", "time_order", A, since=at(40, 30)),
    _case("not dated, measured late", "time_order", R, tracks=[late_busy]),
    _case(
        "not dated, late, but nothing was recorded in between",
        "time_order",
        A,
        tracks=[Track(ORDERS, K.CPU, np.where(_unseen, np.nan, late_busy.values), "%")],
        says="not recorded between",
    ),
    _case("not dated, measured in time", "time_order", S, tracks=[busy]),
    _case("not dated, never abnormal", "time_order", N, tracks=[idle]),
    _case("nothing recorded", "time_order", N),
    _case("an onset so uncertain that nothing could be too late", "time_order", N, since=at(-60, 15), blur=1500),
    _case("change after the onset", "time_order", R, since=at(-60), trigger="c1", changes=[change("c1", ORDERS, 120)]),
    _case(
        "change before the onset", "time_order", S, since=at(-60), trigger="c1", changes=[change("c1", ORDERS, -120)]
    ),
    _case("change at the onset", "time_order", A, since=at(-60), trigger="c1", changes=[change("c1", ORDERS, -60)]),
]
SCOPE = [
    _case(
        "no caller is hit",
        "scope",
        R,
        entity=DB,
        tracks=[
            Track(ORDERS, K.LATENCY, noisy(0.1, 0.004, 8)),
            Track(STOCK, K.LATENCY, noisy(0.1, 0.004, 9)),
            Track(DB, K.LATENCY, noisy(0.02, 0.001, 10)),
        ],
        says="0 of 2",
    ),
    _case(
        "the callers are well, but how much of their work comes here is not known",
        "scope",
        A,
        entity=DB,
        tracks=[Track(ORDERS, K.LATENCY, noisy(0.1, 0.004, 8)), Track(STOCK, K.LATENCY, noisy(0.1, 0.004, 9))],
        says="not known how much",
    ),
    _case(
        "a hundredth of the caller's requests come here: a true cause does not show there",
        "scope",
        A,
        signs=("latency.up",),
        tracks=[calm_web, slow_orders, *traffic(web=100.0, orders=1.0)],
        says="not known how much",
    ),
    _case(
        "all of the caller's requests come here, and it got no slower",
        "scope",
        R,
        signs=("latency.up",),
        tracks=[calm_web, slow_orders, *traffic(web=10.0, orders=10.0)],
        says="enough of their requests pass",
    ),
    _case(
        "a caller so noisy that the delay could hide",
        "scope",
        A,
        tracks=[Track(WEB, K.LATENCY, noisy(0.1, 0.04, 21)), Track(ORDERS, K.LATENCY, noisy(0.05, 0.001, 22))],
        says="could hide",
    ),
    _case(
        "the middle quantile hides what strikes a few requests",
        "scope",
        A,
        tracks=[
            Track(WEB, K.LATENCY, noisy(0.1, 0.004, 2), quantile=0.5),
            Track(ORDERS, K.LATENCY, noisy(0.05, 0.001, 22), quantile=0.5),
        ],
        says="could hide",
    ),
    _case("the caller's own calls to it are as ever", "scope", R, tracks=[calm_web, edge(0.0)]),
    _case("the caller's own calls to it are slow", "scope", S, tracks=[calm_web, edge(0.5)]),
    _case(
        "slow by its own account, and no call to it takes so long",
        "scope",
        R,
        signs=("latency.up",),
        tracks=[
            slow_web,
            Track(ORDERS, K.LATENCY, slow_orders.values, quantile=0.9),
            Track(WEB, K.CLIENT_LATENCY, noisy(0.06, 0.002, 24), peer=ORDERS, quantile=0.99),
        ],
        says="no call to it took so long",
    ),
    _case(
        "served as ever by its own account, which knows nothing of what is late on the way",
        "scope",
        A,
        signs=("trace.gap_up",),
        tracks=[calm_web, Track(ORDERS, K.LATENCY, noisy(0.05, 0.001, 22))],
        says="not known how much",
    ),
    _case(
        "what raised it harms no request: nothing has to be felt",
        "scope",
        A,
        signs=("log.path_changed",),
        tracks=[calm_web, Track(ORDERS, K.LATENCY, noisy(0.05, 0.001, 22))],
    ),
    _case("the callers are hit", "scope", S, tracks=[slow_web]),
    _case("the board knows the caller is hit", "scope", S, observations=[seen("latency.up", WEB)]),
    _case(
        "that a screen found the caller normal does not say what could hide",
        "scope",
        N,
        observations=[seen("latency.up", WEB, verdict=Verdict.NORMAL)],
    ),
    _case(
        "quiet logs and ready pods show no served requests",
        "scope",
        N,
        observations=[
            seen("log.errors_up", WEB, verdict=Verdict.NORMAL),
            seen("k8s.unready", WEB, verdict=Verdict.NORMAL),
        ],
    ),
    _case(
        "normal under incomplete coverage does not count",
        "scope",
        N,
        observations=[seen("latency.up", WEB, verdict=Verdict.NORMAL, complete=False)],
    ),
    _case("measured normal, but incomplete", "scope", N, telemetry=FakeTelemetry((calm_web,), complete=False)),
    _case(
        "one caller of three is hit",
        "scope",
        A,
        entity=DB,
        calls=(*CALLS, (OTHER, DB)),
        tracks=[
            Track(ORDERS, K.LATENCY, noisy(0.1, 0.004, 8, jump=0.5)),
            Track(STOCK, K.LATENCY, noisy(0.1, 0.004, 9)),
            Track(OTHER, K.LATENCY, noisy(0.1, 0.004, 10)),
        ],
    ),
    _case(
        "everybody is hit",
        "scope",
        A,
        tracks=[slow_web],
        observations=[seen("latency.up", service(f"far{i}")) for i in range(4)],
        says="nothing to do with it",
    ),
    _case(
        "the guests of a node are well",
        "scope",
        R,
        entity=NODE,
        signs=("cpu.up",),
        containment={STOCK: NODE, DB: NODE},
        tracks=[Track(STOCK, K.LATENCY, noisy(0.1, 0.004, 8)), Track(DB, K.LATENCY, noisy(0.1, 0.004, 9))],
    ),
    _case("nobody was measured", "scope", N),
    _case(
        "changed thing normal, nobody hit depends on it",
        "scope",
        R,
        trigger="c1",
        entity=STOCK,
        signs=("errors.up",),
        changes=[change("c1", DB, -120)],
        observations=[seen("latency.up", OTHER)],
        paged=None,
        calls=((OTHER, WEB), (STOCK, DB)),
        tracks=[Track(DB, K.LATENCY, noisy(0.1, 0.004, 11))],
        suggest=False,
        required=("errors.up",),
    ),
    _case("changed thing abnormal", "scope", S, trigger="c1", changes=[change("c1", ORDERS, -120)]),
    _case(
        "changed thing measured abnormal",
        "scope",
        S,
        trigger="c1",
        changes=[change("c1", DB, -120)],
        tracks=[Track(DB, K.LATENCY, noisy(0.1, 0.004, 12, jump=0.5))],
    ),
    _case(
        "changed thing normal, what is hit has another reason",
        "scope",
        R,
        trigger="c1",
        signs=("errors.up",),
        changes=[change("c1", DB, -120)],
        observations=[seen("latency.up", STOCK), seen("latency.up", WEB)],
        calls=((WEB, ORDERS), (ORDERS, STOCK), (ORDERS, DB)),
        tracks=[Track(DB, K.LATENCY, noisy(0.1, 0.004, 13))],
    ),
    _case(
        "changed thing normal, but needed by what is hit",
        "scope",
        A,
        trigger="c1",
        signs=("errors.up",),
        changes=[change("c1", DB, -120)],
        tracks=[Track(DB, K.LATENCY, noisy(0.1, 0.004, 13))],
    ),
    _case("changed thing not measured", "scope", N, trigger="c1", changes=[change("c1", DB, -120)]),
]
_dose = np.abs(np.random.default_rng(14).standard_normal(BEFORE + AFTER)).cumsum() % 7
CORRELATION = [
    _case("effect moves, cause is noise", "correlation", R, tracks=[wild, slow_web]),
    _case(
        "cause stands still",
        "correlation",
        R,
        tracks=[Track(ORDERS, K.CPU, np.full(BEFORE + AFTER, 20.0), "%"), slow_web],
    ),
    _case(
        "both rise together",
        "correlation",
        S,
        tracks=[
            Track(ORDERS, K.CPU, noisy(20.0, 1.0, 3, jump=30.0) + 8 * _dose, "%"),
            Track(WEB, K.LATENCY, noisy(0.1, 0.004, 1, jump=0.5) + 0.05 * _dose),
        ],
    ),
    _case(
        "half together", "correlation", A, tracks=[Track(ORDERS, K.CPU, noisy(20.0, 1.0, 3, jump=1.0), "%"), slow_web]
    ),
    _case("no symptom to follow", "correlation", N, tracks=[busy, calm_web]),
    _case("cause not recorded", "correlation", N, tracks=[slow_web]),
]
THRESHOLD = [
    _case(
        "pool never near its limit",
        "threshold",
        R,
        signs=("pool.exhausted",),
        tracks=pool(3.0),
        decisive=True,
        says="30%",
    ),
    _case("pool full", "threshold", S, signs=("pool.exhausted",), tracks=pool(noisy(3, 0.1, 15, jump=7.0).clip(0, 10))),
    _case("pool nearly full", "threshold", A, signs=("pool.exhausted",), tracks=pool(8.0)),
    _case(
        "callers waited although it looks free", "threshold", A, signs=("pool.exhausted",), tracks=pool(3.0, 10.0, 4.0)
    ),
    _case("an error text is a witness", "threshold", R, signs=("pool.exhausted", "log.pool_timeout"), tracks=pool(3.0)),
    _case(
        "low, but truncated",
        "threshold",
        N,
        signs=("pool.exhausted",),
        telemetry=FakeTelemetry(pool(3.0), complete=False),
    ),
    _case("no limit recorded", "threshold", N, signs=("pool.exhausted",), tracks=pool(3.0)[:1]),
    _case("CPU far from full", "threshold", R, tracks=[idle]),
    _case("CPU full", "threshold", S, tracks=[busy]),
    _case(
        "memory far from its limit",
        "threshold",
        R,
        signs=("memory.near_limit",),
        decisive=True,
        tracks=[
            Track(ORDERS, K.MEMORY, np.full(BEFORE + AFTER, 2e8), "By"),
            Track(ORDERS, K.MEMORY_LIMIT, np.full(BEFORE + AFTER, 1e9), "By"),
        ],
    ),
    _case(
        "disk full",
        "threshold",
        S,
        signs=("disk.full",),
        tracks=[Track(ORDERS, K.DISK_USAGE, np.full(BEFORE + AFTER, 0.97), "1")],
    ),
    _case("source fails", "threshold", N, signs=("pool.exhausted",), telemetry=FakeTelemetry(fails=True)),
]
_own = Track(ORDERS, K.LATENCY, noisy(0.2, 0.004, 16, jump=0.5))
DIRECTION = [
    _case(
        "a callee added most of the time",
        "dependency_direction",
        R,
        tracks=[
            _own,
            Track(DB, K.LATENCY, noisy(0.05, 0.002, 17, jump=0.45)),
            Track(STOCK, K.LATENCY, noisy(0.05, 0.002, 18)),
        ],
    ),
    _case(
        "in milliseconds too",
        "dependency_direction",
        R,
        tracks=[
            _own,
            Track(DB, K.LATENCY, noisy(50.0, 2.0, 17, jump=450.0), "ms"),
            Track(STOCK, K.LATENCY, noisy(0.05, 0.002, 18)),
        ],
    ),
    _case(
        "callees are normal",
        "dependency_direction",
        S,
        tracks=[_own, Track(DB, K.LATENCY, noisy(0.05, 0.002, 17)), Track(STOCK, K.LATENCY, noisy(0.05, 0.002, 18))],
    ),
    _case(
        "a callee added most of the time, but the CPU there is full all the same",
        "dependency_direction",
        A,
        tracks=[
            _own,
            Track(DB, K.LATENCY, noisy(0.05, 0.002, 17, jump=0.3)),
            Track(STOCK, K.LATENCY, noisy(0.05, 0.002, 18)),
        ],
        says="does not explain what else was seen",
    ),
    _case(
        "a callee added as much, and waiting is all that was seen",
        "dependency_direction",
        R,
        signs=("latency.up",),
        tracks=[
            _own,
            Track(DB, K.LATENCY, noisy(0.05, 0.002, 17, jump=0.3)),
            Track(STOCK, K.LATENCY, noisy(0.05, 0.002, 18)),
        ],
    ),
    _case(
        "a callee so noisy that its part is not sure",
        "dependency_direction",
        A,
        signs=("latency.up",),
        tracks=[
            _own,
            Track(DB, K.LATENCY, noisy(0.2, 0.06, 17, jump=0.3)),
            Track(STOCK, K.LATENCY, noisy(0.05, 0.002, 18)),
        ],
    ),
    _case(
        "a callee added a little",
        "dependency_direction",
        S,
        tracks=[
            _own,
            Track(DB, K.LATENCY, noisy(0.05, 0.002, 17, jump=0.05)),
            Track(STOCK, K.LATENCY, noisy(0.05, 0.002, 18)),
        ],
    ),
    _case(
        "a callee began later",
        "dependency_direction",
        S,
        tracks=[
            _own,
            Track(DB, K.LATENCY, noisy(0.05, 0.002, 17, jump=0.45, at_step=BEFORE + 10)),
            Track(STOCK, K.LATENCY, noisy(0.05, 0.002, 18)),
        ],
    ),
    _case(
        "a callee is flooded",
        "dependency_direction",
        A,
        observations=[seen("traffic.up", DB)],
        tracks=[_own, Track(DB, K.LATENCY, noisy(0.05, 0.002, 17, jump=0.45))],
    ),
    _case(
        "one callee is not measured",
        "dependency_direction",
        A,
        tracks=[_own, Track(DB, K.LATENCY, noisy(0.05, 0.002, 17))],
    ),
    _case("no callee is measured", "dependency_direction", N, tracks=[_own]),
]
BASELINE = [
    _case("as bad all the time", "baseline", R, tracks=[Track(ORDERS, K.CPU, noisy(80.0, 5.0, 19), "%")]),
    _case("never like this before", "baseline", S, tracks=[busy]),
    _case(
        "it comes and goes, but never did before",
        "baseline",
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
    _case(
        "like this once before",
        "baseline",
        A,
        tracks=[Track(ORDERS, K.CPU, np.where((np.arange(BEFORE + AFTER) // 24) == 1, 95.0, busy.values), "%")],
    ),
    _case(
        "error lines as ever",
        "baseline",
        R,
        signs=("log.errors_up",),
        telemetry=FakeTelemetry(log_table=errors_log(ORDERS, np.arange(-3590, 700, 7))),
    ),
    _case(
        "error lines are new",
        "baseline",
        S,
        signs=("log.errors_up",),
        telemetry=FakeTelemetry(log_table=errors_log(ORDERS, [-3500, *np.arange(1, 700, 2)])),
    ),
    _case(
        "spans as slow as ever",
        "baseline",
        R,
        signs=("latency.up",),
        telemetry=FakeTelemetry(
            span_table=server_spans((ORDERS, s, 0.1 + 0.01 * (s % 3), False) for s in range(-3590, 700, 10))
        ),
    ),
    _case("nothing recorded", "baseline", N),
]


def account(head, *effects):
    """An account in which `head` brings the effects about."""
    return Account(
        id=f"A:{head.id}",
        head=head.id,
        links=tuple(Link(cause=head.id, effect=e, because="calls") for e in effects),
        triggers=(),
    )


_full = hypothesis("cpu_full", DB, [seen("cpu.up", DB)], lead=0.9)
_fault_below = {"signs": ("latency.up",), "theories": [_full], "accounts": (account(_full, "h-cpu_saturation-orders"),)}
ALTERNATIVE = [
    _case(
        "all of it travels from below, where something of its own is full and requests are as slow",
        "alternative",
        R,
        observations=[seen("cpu.up", DB), seen("latency.up", DB, strength=0.85)],
        says="its own sign",
        **_fault_below,
    ),
    _case(
        "something is full below, but requests there are served as ever",
        "alternative",
        A,
        observations=[seen("cpu.up", DB)],
        says="is its own",
        **_fault_below,
    ),
    _case(
        "something is full below, and so is its own processor",
        "alternative",
        S,
        observations=[seen("cpu.up", DB), seen("latency.up", DB, strength=0.85)],
        **{**_fault_below, "signs": ("latency.up", "cpu.saturated")},
    ),
    _case(
        "another theory explains the same and more",
        "alternative",
        R,
        signs=("latency.up",),
        observations=[seen("cpu.up", DB)],
        theories=[hypothesis("wider", DB, [seen("latency.up", ORDERS), seen("cpu.up", DB)])],
    ),
    _case(
        "another explains the same as well",
        "alternative",
        A,
        signs=("latency.up",),
        theories=[hypothesis("equal", DB, [seen("latency.up", ORDERS)])],
    ),
    _case(
        "others explain other things",
        "alternative",
        S,
        signs=("latency.up",),
        observations=[seen("cpu.up", DB)],
        theories=[hypothesis("other", DB, [seen("cpu.up", DB)])],
    ),
    _case(
        "the wider theory lies above, not below",
        "alternative",
        S,
        signs=("latency.up",),
        observations=[seen("cpu.up", WEB)],
        theories=[hypothesis("wider", WEB, [seen("latency.up", ORDERS), seen("cpu.up", WEB)])],
    ),
]
_bumps = (20, 50, 80)
SIMILAR = [
    _case(
        "it was like this before and nothing followed",
        "similar_incident",
        R,
        tracks=[waves(_bumps, 20.0, 60.0, K.CPU, ORDERS, "%"), slow_web],
    ),
    _case(
        "the symptom followed each time",
        "similar_incident",
        S,
        tracks=[waves(_bumps, 20.0, 60.0, K.CPU, ORDERS, "%"), waves(_bumps, 0.1, 0.5, K.LATENCY, WEB)],
    ),
    _case(
        "it followed once",
        "similar_incident",
        A,
        tracks=[waves(_bumps, 20.0, 60.0, K.CPU, ORDERS, "%"), waves(_bumps[:1], 0.1, 0.5, K.LATENCY, WEB)],
    ),
    _case("it never was like this", "similar_incident", N, tracks=[busy, slow_web]),
]
CASES = [*TIME_ORDER, *SCOPE, *CORRELATION, *THRESHOLD, *DIRECTION, *BASELINE, *ALTERNATIVE, *SIMILAR]
