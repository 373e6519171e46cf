"""When did it begin? Every split of the last half hour before the page is weighed; none is assumed.

Each golden-signal series is turned into "robust standard deviations worse than usual", limited so that one wild
series counts no more than a clear one, averaged within its entity, and added up over entities. On that one curve
(the misery of the system, or of the paged service) the change point with the largest standardised rise is sought:
the mean-shift statistic sqrt(n1·n2/(n1+n2)) · rise of CUSUM methods (Page 1954; Basseville & Nikiforov 1993, §2.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from compass.analysis import robust
from compass.analysis.robust import Bools
from compass.analysis.units import floors
from compass.domain.incident import Incident, Onset
from compass.domain.telemetry import Direction, SignalKind
from compass.domain.time import NS_PER_S, Instant
from compass.tables.series import Floats, Ints, SeriesTable

GOLDEN = (SignalKind.LATENCY, SignalKind.CLIENT_LATENCY, SignalKind.ERRORS, SignalKind.SUCCESS)
LOOK_BACK_NS = 30 * 60 * NS_PER_S
LOOK_AHEAD_NS = 5 * 60 * NS_PER_S
HALF_AGE_NS = 10 * 60 * NS_PER_S
"""Someone is usually paged within minutes: a split this long before the page has half the weight of one at it."""
REFERENCE_GAP_NS = 10 * 60 * NS_PER_S
"""The reference for "usual" ends this long before the page where the recording is long enough."""
FALLBACK_UNCERTAINTY_NS = 5 * 60 * NS_PER_S
NEAR_NS = 2 * 60 * NS_PER_S
"""An alert or event this near to a split agrees with it."""
WEAK_UNCERTAINTY_NS = 90 * NS_PER_S
WEAK_LOOK_BACK_NS = 5 * 60 * NS_PER_S
WORST = 8.0
"""A series counts at most this many robust standard deviations."""
NOISE = 2.0
"""What a series may deviate without counting."""
SPLIT_SCAN = "split scan"  # the method of an onset found in the curves
CLEAR = 4.0
"""Strength from which a curve's split is believed without a look at the next one."""
WEAK = 2.0
HILL = 0.9
NEAR_BEST = 0.97
OTHER_SIGNALS = "all signals"
BLOCK_ROWS = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One candidate: `ns` is where the healthy part ends, `low_ns`..`high_ns` splits that do nearly as well."""

    ns: int
    low_ns: int
    high_ns: int
    strength: float
    where: str


def estimate_onset(
    series: SeriesTable,
    incident: Incident,
    symptom_rows: Sequence[int] | None = None,
    alerts_ns: Sequence[int] = (),
    events_ns: Sequence[int] = (),
) -> Onset:
    """The onset as an interval.

    `symptom_rows` are the rows of the paged service: they are asked first, then everything. `alerts_ns` are start
    times of alerts, `events_ns` of warnings from elsewhere (Kubernetes). Without a usable series the earliest
    plausible alert decides, then the earliest plausible event, then the page itself with strength 0. Never raises.
    """
    curves: list[Split] = []
    golden = np.array([row.signal.kind in GOLDEN for row in series.rows], dtype=np.bool_)
    chosen = np.zeros(len(series.rows), dtype=np.bool_)
    chosen[[i for i in symptom_rows or () if 0 <= i < len(series.rows)]] = True
    masks = (("the paged service", golden & chosen), ("all services", golden), (OTHER_SIGNALS, ~golden))
    for where, mask in masks:
        split = _best_split(series, mask, incident, where) if mask.any() else None
        if split is not None:
            curves.append(split)
            if split.strength >= CLEAR:
                break
    best = max(curves, key=lambda split: split.strength, default=None)
    alert = _earliest(alerts_ns, incident)
    event = _earliest(events_ns, incident)
    others = [moment for moment in (alert, event) if moment is not None]
    agree = all(best.low_ns - NEAR_NS <= moment <= best.high_ns + NEAR_NS for moment in others) if best else False
    recent = best is not None and best.ns >= incident.detected_ns - WEAK_LOOK_BACK_NS
    # People are paged within minutes: a faint step long before that stands only where something else agrees with it.
    if best is not None and best.strength >= (WEAK if agree and (others or recent) else CLEAR):
        # Nobody suffers from a busy disk: where symptoms are measured and show no step, they may have begun later.
        silent = best.where == OTHER_SIGNALS and bool(golden.any())
        return _from_split(best, incident, series.step_s, alert, silent=silent)
    first = _first_sample(series, incident)
    for moment, what in ((alert, "alert"), (event, "cluster event")):
        if moment is not None:
            return _from_moment(moment, what, incident, first)
    if best is not None and best.strength > 0 and recent:
        return _from_split(best, incident, series.step_s, None, at_least_ns=WEAK_UNCERTAINTY_NS)
    room = max(0, incident.detected_ns - first)  # half of the samples before the page stay a baseline
    return Onset(
        instant=Instant(ns=incident.detected_ns, uncertainty_ns=min(FALLBACK_UNCERTAINTY_NS, room // 2)),
        method="page time",
        because=("no series, alert or event shows when it began, so the time of the page stands in",),
        strength=0.0,
    )


def _from_split(
    best: Split, incident: Incident, step_s: float, alert: int | None, *, at_least_ns: int = 0, silent: bool = False
) -> Onset:
    """`silent`: the step is of no symptom, so the interval reaches to the page."""
    step = int(step_s * NS_PER_S)
    low, high = max(best.low_ns - step, incident.window.start_ns), max(best.high_ns, best.low_ns)
    because = [f"{best.where}: the clearest step is {_before(best.ns, incident.detected_ns)}"]
    if alert is not None:
        because.append(f"the first alert started {_before(alert, incident.detected_ns)}")
        if alert < low:  # an alert that already fires bounds the onset from above
            low, high = max(alert - 2 * step, incident.window.start_ns), max(alert, min(high, alert + step))
            because.append("the alert is earlier than the step, so it bounds the onset")
    if silent:
        high = max(high, incident.detected_ns)
        because.append("that is no symptom, so the symptom may have begun later, up to the page")
    if at_least_ns:
        because.append("no split is clear, so the interval is wide")
    return Onset(
        instant=Instant(ns=(low + high) // 2, uncertainty_ns=max((high - low + 1) // 2, at_least_ns)),
        method=SPLIT_SCAN,
        because=tuple(because), strength=round(best.strength, 3),
    )  # fmt: skip


def _first_sample(series: SeriesTable, incident: Incident) -> int:
    sampled = series.times_ns[np.isfinite(series.values).any(axis=0)] if series.rows else series.times_ns[:0]
    return max(incident.window.start_ns, int(sampled[0]) if sampled.size else 0)


def _from_moment(moment: int, what: str, incident: Incident, first: int) -> Onset:
    # a rule usually has to hold for some minutes before it fires: the interval reaches back, not forward
    reach = min(2 * 60 * NS_PER_S, max(0, moment - first) // 2)
    return Onset(
        instant=Instant(ns=moment - reach // 2, uncertainty_ns=reach // 2), method=what,
        because=(f"no series shows a clear step; the first {what} is {_before(moment, incident.detected_ns)}",),
        strength=1.0,
    )  # fmt: skip


def _before(ns: int, detected_ns: int) -> str:
    seconds = round((detected_ns - ns) / NS_PER_S)
    if seconds == 0:
        return "at the page"
    return f"{abs(seconds)} s {'before' if seconds > 0 else 'after'} the page"


def _earliest(moments: Sequence[int], incident: Incident) -> int | None:
    """The earliest moment that can belong to this incident: not long before the page, not after the end."""
    first = max(incident.window.start_ns, incident.detected_ns - LOOK_BACK_NS)
    return min((m for m in moments if first <= m <= incident.now_ns), default=None)


def _best_split(series: SeriesTable, mask: Bools, incident: Incident, where: str) -> Split | None:
    times = series.times_ns
    inside = (times > incident.window.start_ns) & (times <= min(incident.now_ns, incident.detected_ns + LOOK_AHEAD_NS))
    columns = np.flatnonzero(inside)
    if columns.size < 2 * robust.MIN_SAMPLES - 1:
        return None
    curve = _misery(series, np.flatnonzero(mask), columns, incident)
    covered = np.flatnonzero(np.isfinite(curve))
    if covered.size < 2 * robust.MIN_SAMPLES - 1:
        return None
    curve, moments = curve[covered], times[columns][covered]
    statistic, candidates = _rise(curve, moments, incident)
    age = np.maximum(incident.detected_ns - moments[candidates], 0) / HALF_AGE_NS
    if candidates.size == 0 or float(np.max(statistic)) <= 0:
        return None
    # age chooses among distant candidates only: within one hill it would pull the split towards the page
    best = _hilltop(statistic, int(np.argmax(statistic / (1.0 + age))))
    near = candidates[_around(statistic, best, NEAR_BEST * float(statistic[best]))]
    at = int(candidates[best])
    strength = _strength(curve, at)
    # the healthy part ends with sample `at − 1`; the step lies between it and sample `at`
    return Split(
        ns=int(moments[at]), low_ns=int(moments[max(int(near.min()) - 1, 0)]), high_ns=int(moments[int(near.max())]),
        strength=strength, where=where,
    )  # fmt: skip


def _rise(curve: Floats, moments: Ints, incident: Incident) -> tuple[Floats, Ints]:
    """Mean-shift statistic of every candidate split: index of the first unhealthy sample.

    Samples before are the older healthy part (its median, so that an earlier incident in it does not raise it),
    samples after end a few minutes behind the page. The share of samples after the split that are up weighs in:
    trouble that came and went before the page is another incident.
    """
    count = curve.size
    index = np.arange(2, count)
    starts = moments[index]
    first, last = incident.detected_ns - LOOK_BACK_NS, incident.detected_ns + LOOK_AHEAD_NS // 2
    index = index[(starts >= first) & (starts <= last)]
    rise, lasting = np.zeros(index.size), np.zeros(index.size)
    for at, start in enumerate(index):
        after, usual = curve[start:], float(np.median(curve[:start]))
        rise[at] = float(np.mean(after)) - usual
        lasting[at] = float(np.mean(after > usual + rise[at] / 2))
    left, right = index.astype(np.float64), (count - index).astype(np.float64)
    return np.sqrt(left * right / (left + right)) * rise * lasting, index


def _hilltop(statistic: Floats, start: int) -> int:
    """The highest candidate of the hill that `start` stands on (dips of a tenth do not end a hill)."""
    here = start
    while True:
        hill = _around(statistic, here, HILL * float(statistic[here]))
        top = int(hill[int(np.argmax(statistic[hill]))])
        if top == here:
            return here
        here = top


def _around(statistic: Floats, at: int, least: float) -> Ints:
    """Indices of the unbroken stretch around `at` in which the statistic is at least `least`."""
    low = high = at
    while low > 0 and statistic[low - 1] >= least:
        low -= 1
    while high < statistic.size - 1 and statistic[high + 1] >= least:
        high += 1
    return np.arange(low, high + 1)


def _strength(curve: Floats, at: int) -> float:
    """How far the curve after the split lies above its own noise before it, in robust standard deviations."""
    before = robust.level(curve[None, :at])
    if not np.isfinite(before.centre[0]):
        centre, scale = float(np.mean(curve[:at])), float(np.std(curve[:at]))
    else:
        centre, scale = float(before.centre[0]), float(before.scale[0])
    after = float(np.median(curve[at:]))
    factor = float(robust.small_sample_factor(np.array([at]))[0])
    return max(0.0, (after - centre) / (max(scale, 0.25) * factor))


def _misery(series: SeriesTable, rows: Ints, columns: Ints, incident: Incident) -> Floats:
    """The curve [columns]: sum over entities of the mean of their rows' limited scores, NaN where nothing is known."""
    moments = series.times_ns[columns]
    reference = moments <= incident.detected_ns - REFERENCE_GAP_NS
    if int(reference.sum()) < robust.MIN_SAMPLES + 2:
        reference = np.arange(columns.size) < max(robust.MIN_SAMPLES, columns.size // 2)
    names: dict[str, int] = {}
    entity = np.array([names.setdefault(series.rows[i].entity.key, len(names)) for i in rows], dtype=np.int64)
    known = {signal: floors(signal) for signal in {series.rows[i].signal for i in rows}}
    floor = np.array([known[series.rows[i].signal] for i in rows], dtype=np.float64).reshape(-1, 2)
    worse = np.array([_WORSE[series.rows[i].signal.worse] for i in rows], dtype=np.float64)
    total = np.zeros((len(names), columns.size))
    seen = np.zeros((len(names), columns.size))
    for lo in range(0, rows.size, BLOCK_ROWS):
        block = slice(lo, lo + BLOCK_ROWS)
        score = _worse_than_usual(series.values[np.ix_(rows[block], columns)], reference, floor[block], worse[block])
        finite = np.isfinite(score)
        np.add.at(total, entity[block], np.where(finite, score, 0.0))
        np.add.at(seen, entity[block], finite.astype(np.float64))
    mean = np.divide(total, seen, out=np.zeros_like(total), where=seen > 0)
    return np.where((seen > 0).any(axis=0), mean.sum(axis=0), np.nan)


_WORSE = {Direction.UP: 1.0, Direction.DOWN: -1.0, Direction.EITHER: 0.0}


def _worse_than_usual(values: Floats, reference: Bools, floor: Floats, worse: Floats) -> Floats:
    usual = robust.level(np.where(np.isfinite(values[:, reference]), values[:, reference], np.nan))
    spread = np.fmax(floor[:, 0] * np.abs(usual.centre), floor[:, 1])
    score = robust.robust_z(values, usual.centre, usual.scale, usual.count, spread)
    signed = np.where(worse[:, None] == 0.0, np.abs(score), score * worse[:, None])
    return np.asarray(np.clip(signed - NOISE, 0.0, WORST), dtype=np.float64)
