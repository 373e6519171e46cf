"""Log templates per service against their rate before, for logs that carry no trace ids.

Rates are per minute in which anything was logged at all (recordings and shippers have holes) and per unit of work:
when a service's usual lines all become more or less frequent, its load changed and not its behaviour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compass.analysis.spans import Bools, Floats, Ints

MINUTE_NS = 60_000_000_000
_MIN_EXPECTED = 8.0  # fewer expected lines than this may be absent by chance
_GONE = 0.1
_SURGE = 3.0
_COMMON = 10  # lines before from which a template's own ratio is steady enough to tell the work
_WORK = (0.1, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateFinding:
    """Template `event` of service `group`: `now` lines where `expected` were expected; `before` lines in the baseline.

    `what` is novel, surge or gone. `score` in standard deviations of a Poisson count with the minutes' own
    over-dispersion (nats for novel), times the severity's factor. `first_ns` is the first line now.
    """

    group: int
    event: int
    what: str
    score: float
    now: float
    expected: float
    before: float
    first_ns: int
    example: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """One element a line: time, service, template, how many lines it stands for, and its severity's factor."""

    times_ns: Ints
    group: Ints
    event: Ints
    weight: Floats
    factor: Floats


def minutes_of(times_ns: Ints, mask: Bools) -> int:
    """Minutes in which anything was logged."""
    return int(np.unique(times_ns[mask] // MINUTE_NS).size)


def rates(lines: Lines, before: Bools, now: Bools) -> tuple[RateFinding, ...]:
    """Templates that are new, far more frequent, or gone, best first. Empty without lines on both sides."""
    past, current = minutes_of(lines.times_ns, before), minutes_of(lines.times_ns, now)
    if past == 0 or current == 0:
        return ()
    width = int(lines.event.max(initial=0)) + 1
    keys, code = np.unique(lines.group * width + lines.event, return_inverse=True)
    size = keys.size
    n_now = np.bincount(code[now], weights=lines.weight[now], minlength=size).astype(np.float64)
    n_before = np.bincount(code[before], weights=lines.weight[before], minlength=size).astype(np.float64)
    group = keys // width
    expected = n_before / past * current * _work(group, n_now / current, n_before / past, n_before)[group]
    spread = np.sqrt(np.maximum(expected * _dispersion(lines, code, before, size, past), 1.0))
    factor = np.zeros(size)
    np.maximum.at(factor, code, lines.factor)
    lively = np.bincount(group, weights=n_before, minlength=int(group.max()) + 1)[group]
    novel = (n_before == 0) & (n_now > 0) & (lively > 0)
    surge = (n_before > 0) & (n_now >= _SURGE * expected) & (n_now - expected >= 3)
    gone = (expected >= _MIN_EXPECTED) & (n_now <= _GONE * expected)
    chance = np.log((lively + 1.0) / 0.5)  # −log of the smoothed share of a template never seen
    score = np.where(novel, chance * np.log2(1 + n_now), np.abs(n_now - expected) / spread) * factor
    found = []
    for what, flag in (("novel", novel), ("surge", surge), ("gone", gone)):
        for k in np.flatnonzero(flag):
            rows = np.flatnonzero((code == k) & now)
            rows = rows if rows.size else np.flatnonzero(code == k)
            finding = RateFinding(
                group=int(group[k]), event=int(keys[k] % width), what=what, score=float(score[k]), now=float(n_now[k]),
                expected=float(expected[k]), before=float(n_before[k]), first_ns=int(lines.times_ns[rows[0]]),
                example=int(rows[0]),
            )  # fmt: skip
            found.append(finding)
    return tuple(sorted(found, key=lambda f: (-f.score, f.group, f.event)))


def _work(group: Ints, now: Floats, before: Floats, count: Floats) -> Floats:
    """How much each service's work changed: the median ratio of its common templates, 1 where there are few."""
    work = np.ones(int(group.max(initial=0)) + 1)
    steady = (count >= _COMMON) & (now > 0)
    for g in np.unique(group[steady]):
        ratio = now[steady & (group == g)] / before[steady & (group == g)]
        if ratio.size >= 3:
            work[g] = float(np.clip(np.median(ratio), *_WORK))
    return work


def _dispersion(lines: Lines, code: Ints, before: Bools, size: int, minutes: int) -> Floats:
    """Variance over mean of the counts per minute before, at least 1 (Poisson)."""
    if minutes < 3:
        return np.ones(size)
    _, minute = np.unique(lines.times_ns[before] // MINUTE_NS, return_inverse=True)
    cell = code[before] * minutes + minute
    cells, which = np.unique(cell, return_inverse=True)
    counts = np.bincount(which, weights=lines.weight[before])
    of = cells // minutes
    mean = np.bincount(of, weights=counts, minlength=size) / minutes
    square = np.bincount(of, weights=counts**2, minlength=size) / minutes
    return np.asarray(np.maximum((square - mean**2) / np.maximum(mean, 1e-9), 1.0))
