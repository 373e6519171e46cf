"""What attempts with a known answer are made of: one maker a strategy, and the series they are given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.domain.hypothesis import Account, Hypothesis, Link
from compass.domain.mechanism import Mechanism, Pattern
from compass.domain.telemetry import SignalKind as K
from tests.disproof.world import (
    AFTER,
    BEFORE,
    ORDERS,
    STOCK,
    WEB,
    FakeTelemetry,
    Track,
    at,
    board,
    hypothesis,
    mechanism,
    noisy,
    seen,
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
    strategy,
    name,
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
    by="test",
    expects=(),
    **more,
) -> Case:
    seeds = tuple(seen(sign, entity, since=since) for sign in signs) if suggest else ()
    own = replace(hypothesis(mech, entity, seeds), proposed_by=by)
    known = board([own, *theories], [*seeds, *observations], **more)
    known = replace(known, onset=replace(known.onset, instant=at(0, blur)), accounts=accounts)
    mechanism_ = mechanism(mech, *(required or signs))
    if expects:
        mechanism_ = replace(mechanism_, expects=tuple(Pattern(signs=(sign,)) for sign in expects))
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


def latency(entity, *noise, quantile=None, **jump):
    """How long requests take there, with `noise` and `jump` of a noisy series."""
    return Track(entity, K.LATENCY, noisy(*noise, **jump), quantile=quantile)


time_order, scope, correlation, threshold = (
    partial(_case, strategy) for strategy in ("time_order", "scope", "correlation", "threshold")
)
prediction = partial(_case, "prediction", by="model x")
dependency_direction, baseline, alternative, similar_incident = (
    partial(_case, strategy) for strategy in ("dependency_direction", "baseline", "alternative", "similar_incident")
)
slow_web = latency(WEB, 0.1, 0.004, 1, jump=0.5)
calm_stock = latency(STOCK, 0.05, 0.002, 18)
calm_web = latency(WEB, 0.1, 0.004, 2)
busy = Track(ORDERS, K.CPU, noisy(20.0, 1.0, 3, jump=70.0), "%")
idle = Track(ORDERS, K.CPU, noisy(20.0, 1.0, 4), "%")
late_busy = Track(ORDERS, K.CPU, noisy(20.0, 1.0, 5, jump=70.0, at_step=BEFORE + 12), "%")
wild = Track(ORDERS, K.CPU, np.random.default_rng(6).uniform(10, 90, BEFORE + AFTER), "%")


slow_orders = latency(ORDERS, 0.05, 0.001, 23, jump=0.2)


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


def account(head, *effects):
    """An account in which `head` brings the effects about."""
    return Account(
        id=f"A:{head.id}",
        head=head.id,
        links=tuple(Link(cause=head.id, effect=e, because="calls") for e in effects),
        triggers=(),
    )
