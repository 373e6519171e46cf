"""Which series left their normal range after the onset, and by how much: every row of a table at once.

A row is compared with the last quarter of an hour before the onset when that holds enough samples, because a long
baseline holds other, earlier faults whose spread hides this one; the longer baseline then says how often such
a level is usual, and takes away from the score accordingly. So does the family: when most series of one name spike
now and then (quantiles of little traffic do), a spike of one of them says less. That is an empirical null
distribution (Efron, "Large-Scale Simultaneous Hypothesis Testing", JASA 2004), taken over rows by its median so that
earlier faults of a few rows do not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compass.analysis import robust
from compass.analysis.robust import Bools, Level
from compass.analysis.units import floors
from compass.domain.telemetry import SignalKind
from compass.domain.time import NS_PER_S, Window
from compass.tables.series import Floats, Ints, SeriesRow, SeriesTable

RECENT_NS = 15 * 60 * NS_PER_S
RECENT_SAMPLES = 5
ANOMALY_SCORE = 4.0
"""Scores from here on are abnormal: with the floors, at least a third more latency or two points less success."""
NORMAL_SCORE = 3.0
"""Scores below are normal; what lies between is not claimed either way."""
MAX_SCORE = 30.0
"""A larger score says more about how quiet the baseline was than about the incident."""
SPIKE_SHARE = 0.5
SPIKE_SAMPLES = 8
TAIL_SHARE = 0.97
TAIL_SCORE = 2.5
"""A family whose median row stays below this score for 97 % of the baseline is calibrated; normal noise is at 1.9."""
MIN_FAMILY = 5
EXCEEDED = 3.0
DATED_FROM = 0.25  # share of the whole rise that a sample must have reached to count as its beginning
USUAL_SHARE = 0.05
"""A level reached by this share of the longer baseline keeps half of its score."""
LEAD_UP = 0.2
"""Last share of the baseline that may be left out of what is usual: onsets are mostly set too late, and what a cause
did before its onset was seen is no earlier occurrence (0.1 to 0.3 alike)."""
BLOCK_ROWS = 4_096
"""Rows handled at once, so that 100,000 series need a fraction of the memory."""

_LATENCIES = (SignalKind.LATENCY, SignalKind.CLIENT_LATENCY, SignalKind.DB_LATENCY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One direction of change, all arrays [rows].

    `score` robust standard deviations (≥ 0, NaN = cannot be judged), `value` the sustained level in the worse
    part of the during window, `since_ns` the first sample of the run that passes EXCEEDED (−1 = none),
    `persistence` the share of the during samples that pass it.
    """

    score: Floats
    value: Floats
    since_ns: Ints
    persistence: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Result of `screen`, row for row of its table. `centre` and `scale` are the baseline's; `late` the during median.
    `recurs`: that lies so far from the centre that over a quiet baseline it would be abnormal, and the baseline was
    there before.

    `borrowed` rows had no baseline of their own and were compared with their group's.
    """

    up: Side
    down: Side
    centre: Floats
    scale: Floats
    late: Floats
    baseline_samples: Ints
    during_samples: Ints
    borrowed: Bools
    recurs: Bools

    def side(self, *, up: bool) -> Side:
        return self.up if up else self.down

    def difference(self, *, up: bool) -> Floats:
        """Effect size in the row's own unit."""
        return self.side(up=up).value - self.centre

    def ratio(self, *, up: bool) -> Floats:
        """Effect size as a factor of the baseline median; NaN where that is zero."""
        value = self.side(up=up).value
        return np.divide(value, self.centre, out=np.full_like(value, np.nan), where=self.centre != 0)


def screen(
    table: SeriesTable, baseline: Window, during: Window, groups: Ints | None = None, absolute: Floats | None = None
) -> Scores:
    """Robust scores of every row, in both directions.

    `groups` [rows] (−1 = none) lets a row without history of its own (a pod that is new) be compared with the
    pooled baseline of the rows of its group. `absolute` [rows] are floors of the spread in place of those that kinds
    and units give. Windows hold the ENDS of steps. Rows or windows without samples give
    NaN scores, never an error.
    """
    before = (table.times_ns > baseline.start_ns) & (table.times_ns <= baseline.end_ns)
    after = (table.times_ns > during.start_ns) & (table.times_ns <= during.end_ns) & ~before
    recent = before & (table.times_ns > baseline.end_ns - RECENT_NS)
    relative, usual = _floors(table.rows)
    absolute = usual if absolute is None else absolute
    zero_is_missing = np.array([row.signal.kind in _LATENCIES for row in table.rows], dtype=np.bool_)
    levels = _levels(table, before, recent, zero_is_missing)
    borrowed = np.zeros(len(table.rows), dtype=np.bool_)
    if groups is not None:
        levels, borrowed = _borrow(levels, groups)
    least = np.fmax(relative * np.abs(levels.centre), absolute)
    width = np.fmax(levels.scale, least)
    width = width * robust.small_sample_factor(levels.count)
    width = np.where(width > 0, width, np.nan)
    calibration = _calibration(table, before, levels.centre, width, zero_is_missing)
    blocks = []
    for lo in range(0, max(len(table.rows), 1), BLOCK_ROWS):
        rows = slice(lo, lo + BLOCK_ROWS)
        block = _clean(table.values[rows], zero_is_missing[rows])
        sides = [
            _side(block, table.times_ns, before, after, levels.centre[rows], width[rows], factor[rows], up=up)
            for factor, up in zip(calibration, (True, False), strict=True)
        ]
        late = robust.median(block[:, after])
        far = np.abs(late - levels.centre[rows]) >= ANOMALY_SCORE * least[rows]
        recurs = far.copy()
        recurs[far] = _been_there(block[far][:, before], late[far], levels.centre[rows][far])
        blocks.append((sides[0], sides[1], late, robust.finite_count(block[:, after]), recurs))
    up = _join([block[0] for block in blocks])
    down = _join([block[1] for block in blocks])
    return Scores(
        up=up, down=down, centre=levels.centre, scale=levels.scale, late=np.concatenate([b[2] for b in blocks]),
        baseline_samples=levels.count, during_samples=np.concatenate([b[3] for b in blocks]), borrowed=borrowed,
        recurs=np.concatenate([b[4] for b in blocks]),
    )  # fmt: skip


def _floors(rows: Sequence[SeriesRow]) -> tuple[Floats, Floats]:
    known = {signal: floors(signal) for signal in {row.signal for row in rows}}
    pairs = np.array([known[row.signal] for row in rows], dtype=np.float64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _calibration(
    table: SeriesTable, before: Bools, centre: Floats, width: Floats, zero_is_missing: Bools
) -> tuple[Floats, Floats]:
    """Factors [rows] ≥ 1, up and down, by which the scores of a family with heavy tails are divided."""
    tails = []
    for lo in range(0, max(len(table.rows), 1), BLOCK_ROWS):
        rows = slice(lo, lo + BLOCK_ROWS)
        history = _clean(table.values[rows][:, before], zero_is_missing[rows])
        high, low = robust.quantiles(history, (TAIL_SHARE, 1.0 - TAIL_SHARE))
        tails.append(np.stack([(high - centre[rows]) / width[rows], (centre[rows] - low) / width[rows]]))
    tail = np.concatenate(tails, axis=1)
    names: dict[tuple[str, SignalKind], int] = {}
    families = [names.setdefault((row.name, row.signal.kind), len(names)) for row in table.rows]
    family = np.array(families, dtype=np.int64)
    order = np.argsort(family, kind="stable")
    members = np.split(order, np.searchsorted(family[order], np.arange(1, len(names)))) if names else []
    factor = np.ones_like(tail)
    for rows_of in members:
        judged = rows_of[np.isfinite(tail[:, rows_of]).all(axis=0)]
        if judged.size >= MIN_FAMILY:
            typical = np.median(tail[:, judged], axis=1)
            factor[:, rows_of] = np.maximum(typical / TAIL_SCORE, 1.0)[:, None]
    return factor[0], factor[1]


def _clean(values: Floats, zero_is_missing: Bools) -> Floats:
    """A latency quantile of exactly zero means that nothing was measured, so it is no sample."""
    bad = ~np.isfinite(values) | (zero_is_missing[:, None] & (values == 0.0))
    return np.where(bad, np.nan, values) if bad.any() else values


def _levels(table: SeriesTable, before: Bools, recent: Bools, zero_is_missing: Bools) -> Level:
    parts: list[Level] = []
    for lo in range(0, max(len(table.rows), 1), BLOCK_ROWS):
        rows = slice(lo, lo + BLOCK_ROWS)
        near = robust.level(_clean(table.values[rows][:, recent], zero_is_missing[rows]))
        short = near.count < RECENT_SAMPLES
        if short.any() and not np.array_equal(before, recent):
            whole = robust.level(_clean(table.values[rows][:, before], zero_is_missing[rows]))
            near = near.where(~short, whole)
        parts.append(near)
    return Level(
        centre=np.concatenate([p.centre for p in parts]), scale=np.concatenate([p.scale for p in parts]),
        low=np.concatenate([p.low for p in parts]), high=np.concatenate([p.high for p in parts]),
        count=np.concatenate([p.count for p in parts]),
    )  # fmt: skip


def _borrow(levels: Level, groups: Ints) -> tuple[Level, Bools]:
    """Rows without a level take the median level of their group's rows that have one."""
    lacking = ~np.isfinite(levels.centre) & (groups >= 0)
    centre, scale = levels.centre.copy(), levels.scale.copy()
    low, high, count = levels.low.copy(), levels.high.copy(), levels.count.copy()
    for group in np.unique(groups[lacking]):
        donors = np.flatnonzero((groups == group) & np.isfinite(levels.centre))
        if donors.size == 0:
            continue
        rows = np.flatnonzero(lacking & (groups == group))
        between = robust.MAD_TO_SIGMA * np.median(np.abs(levels.centre[donors] - np.median(levels.centre[donors])))
        centre[rows] = np.median(levels.centre[donors])
        scale[rows] = float(np.hypot(np.median(levels.scale[donors]), between))
        low[rows], high[rows] = np.median(levels.low[donors]), np.median(levels.high[donors])
        count[rows] = int(np.median(levels.count[donors]))
    borrowed = lacking & np.isfinite(centre)
    return Level(centre=centre, scale=scale, low=low, high=high, count=count), borrowed


def _usual(history: Floats, value: Floats, *, up: bool) -> Floats:
    """Share [rows] of the history that is at least as extreme. The add-one estimate is itself 1 / (n + 1): with a short
    history it says nothing yet."""
    share = robust.at_least_share(history, value, above=up)
    return np.maximum(share - 1.0 / (robust.finite_count(history) + 1.0), 0.0)


def _been_there(history: Floats, value: Floats, centre: Floats) -> Bools:
    """Whether [rows] any sample of the history is at least as far from the centre as the value, on its side."""
    upper, lower = (_usual(history, value, up=up) > 0.0 for up in (True, False))
    return np.where(value > centre, upper, lower)


def _score(history: Floats, value: Floats, raw: Floats, samples: Ints, *, up: bool) -> Floats:
    """`raw` limited, and lowered for few samples and for a value that the longer baseline knows."""
    # a level that comes and goes is about as frequent without the last part; one that leads up to the onset is not
    early = history[:, : round((1.0 - LEAD_UP) * history.shape[1])]
    usual = np.minimum(_usual(history, value, up=up), _usual(early, value, up=up))
    lowered = np.clip(raw, 0.0, MAX_SCORE) / (1.0 + (usual / USUAL_SHARE) ** 2) * samples / (samples + 0.5)
    return np.where(np.isfinite(raw) & (samples > 0), lowered, np.nan)


def _held(late: Floats, samples: Ints) -> tuple[Floats, Floats]:
    """One or two samples: their extremes. More: what was held, so that one outlier decides nothing."""
    high, low = robust.sustained(late, 1)
    for held, from_samples in ((2, 3), (3, 9)):
        higher, lower = robust.sustained(late, held)
        many = samples >= from_samples
        high, low = np.where(many, higher, high), np.where(many, lower, low)
    return high, low


def _side(
    values: Floats, times_ns: Ints, before: Bools, after: Bools, centre: Floats, width: Floats, factor: Floats,
    *, up: bool,
) -> Side:  # fmt: skip
    samples = robust.finite_count(values[:, after])
    sign, at = (1.0, 0) if up else (-1.0, 1)
    held, spike = _held(values[:, after], samples)[at], robust.sustained(values[:, after], 1)[at]
    value, score = held, _score(values[:, before], held, sign * (held - centre) / width, samples, up=up)
    # a single sample out of a few may be the first of many: half of its score
    once = SPIKE_SHARE * _score(values[:, before], spike, sign * (spike - centre) / width, samples, up=up)
    better = (samples <= SPIKE_SAMPLES) & (once > score)
    value, score = np.where(better, spike, value), np.where(better, once, score) / factor
    limit = centre + sign * EXCEEDED * width
    beyond = values > limit[:, None] if up else values < limit[:, None]
    hits = beyond[:, after].sum(axis=1)
    persistence = np.divide(hits, samples, out=np.zeros(hits.shape), where=samples > 0)
    # Dated by a clear part of the rise: a flicker just beyond the usual range, minutes before, is not its beginning.
    rise = np.maximum(EXCEEDED * width, DATED_FROM * np.nan_to_num(sign * (value - centre)))
    dated = sign * (values - centre[:, None]) > rise[:, None]
    return Side(score=score, value=value, since_ns=_since(values, dated, times_ns, after), persistence=persistence)


def _since(values: Floats, beyond: Bools, times_ns: Ints, after: Bools) -> Ints:
    """Start of the run of exceedances that holds the first one after the onset. It may begin before: causes do."""
    count = times_ns.shape[0]
    if count == 0 or not after.any():
        return np.full(values.shape[0], -1, dtype=np.int64)
    place = np.arange(count)
    late = beyond & after[None, :]
    first = np.where(late.any(axis=1), late.argmax(axis=1), -1)
    inside = np.isfinite(values) & ~beyond & (place[None, :] < first[:, None])
    last_normal = np.where(inside, place[None, :], -1).max(axis=1)
    run = beyond & (place[None, :] > last_normal[:, None])
    start = run.argmax(axis=1)
    return np.where(first >= 0, times_ns[start], -1).astype(np.int64)


def _join(sides: list[Side]) -> Side:
    return Side(
        score=np.concatenate([s.score for s in sides]), value=np.concatenate([s.value for s in sides]),
        since_ns=np.concatenate([s.since_ns for s in sides]),
        persistence=np.concatenate([s.persistence for s in sides]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Steady growth over a window, arrays [rows]: `slope` per second, `growth` as a share of the start,
    `steadiness` as `robust.resistant_slope` gives it."""

    slope: Floats
    growth: Floats
    steadiness: Floats


def trend(table: SeriesTable, window: Window) -> Trend:
    """Slopes of every row over `window` (NaN with fewer than nine samples), for leaks and backlogs."""
    inside = (table.times_ns > window.start_ns) & (table.times_ns <= window.end_ns)
    values = table.values[:, inside]
    times_s = (table.times_ns[inside] - window.start_ns) / NS_PER_S
    slope, steady = robust.resistant_slope(values, times_s)
    third = max(1, values.shape[1] // 3)
    start = robust.median(values[:, :third])
    span = float(times_s[-1] - times_s[0]) if times_s.size else 0.0
    growth = np.divide(slope * span, np.abs(start), out=np.full_like(slope, np.nan), where=np.abs(start) > 0)
    return Trend(slope=slope, growth=growth, steadiness=steady)


LIMIT_OF: dict[SignalKind, SignalKind] = {
    SignalKind.MEMORY: SignalKind.MEMORY_LIMIT,
    SignalKind.FILE_DESCRIPTORS: SignalKind.FILE_DESCRIPTORS_LIMIT,
    SignalKind.DB_CONNECTIONS: SignalKind.DB_CONNECTIONS_LIMIT,
}
_CONTAINER_LABELS = ("container", "container_name", "k8s_container_name")


def limit_share(table: SeriesTable, window: Window) -> Floats:
    """Sustained share [rows] of its limit that each row reached inside `window`, NaN where no limit is known.

    The limit is the limit series of the same entity (and container, where labelled), or 100 for series in percent
    of CPU, memory, disk and file descriptors.
    """
    inside = (table.times_ns > window.start_ns) & (table.times_ns <= window.end_ns)
    share = np.full(len(table.rows), np.nan)
    if not inside.any() or not table.rows:
        return share
    late = np.where(np.isfinite(table.values[:, inside]), table.values[:, inside], np.nan)
    high, _ = robust.sustained(late, min(3, max(1, late.shape[1] // 3)))
    middle = robust.median(late)
    limits: dict[tuple[SignalKind, str, str], float] = {}
    for i, row in enumerate(table.rows):
        if row.signal.kind in LIMIT_OF.values() and np.isfinite(middle[i]) and middle[i] > 0:
            key = (row.signal.kind, row.entity.key, _container(row.labels))
            limits[key] = min(limits.get(key, np.inf), float(middle[i]))
    percent = {SignalKind.CPU, SignalKind.MEMORY, SignalKind.DISK_USAGE, SignalKind.FILE_DESCRIPTORS}
    for i, row in enumerate(table.rows):
        if row.signal.unit == "%" and row.signal.kind in percent:
            share[i] = high[i] / 100.0
        elif row.signal.kind in LIMIT_OF:
            wanted = (LIMIT_OF[row.signal.kind], row.entity.key)
            limit = limits.get((*wanted, _container(row.labels)), limits.get((*wanted, "")))
            share[i] = high[i] / limit if limit else np.nan
    return share


def _container(labels: Mapping[str, str]) -> str:
    return next((labels[name] for name in _CONTAINER_LABELS if labels.get(name)), "")
