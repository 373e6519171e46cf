"""Changed paths: what followed an event within a visit before, and what follows it now, "nothing" included.

Silent failures write no error: the usual next line is simply missing. P(B follows A) is taken per occurrence of A, so
that a changed mix of requests or a longer loop is not mistaken for a change of path. Alternatives that depend on data
come and go too: a transition counts only when it was rare, is now at least five times as frequent, and chance does not
explain that. As in `visits`, a request credits only its earliest changed visit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compass.analysis.spans import Bools, Floats, Ints
from compass.analysis.visits import COMMON, NOTHING, Events, credit

MIN_BEFORE = 3
TIMES = 5.0
MIN_NATS = 3.0  # a likelihood ratio of twenty


@dataclass(frozen=True, slots=True, kw_only=True)
class PathChange:
    """One service, described by its most credited transition: `follower` (NOTHING: the visit ends) followed `event`
    (NOTHING: the visit begins)
    `now` of `of_now` times, and `before` of `of_before` times in the baseline, when `usual` followed most often.

    `score` as in visits.SurpriseFinding; `example` is the number of such an event, `first_ns` its time.
    """

    group: int
    event: int
    follower: int
    usual: int
    score: float
    now: int
    of_now: int
    before: int
    of_before: int
    first_ns: int
    example: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """One element a step from one event of a visit to the next, beginnings and ends included.

    `row` is the event the step is told of (the first one for a beginning), `source` and `pair` are codes of what came
    before and of the step; `event` and `follower` are NOTHING at the beginning and the end.
    """

    row: Ints
    source: Ints
    pair: Ints
    event: Ints
    follower: Ints


def _steps(events: Events) -> _Steps:
    order = np.lexsort((np.arange(len(events)), events.visit))
    event, visit = events.event[order], events.visit[order]
    last = np.r_[visit[1:] != visit[:-1], True]
    first = np.flatnonzero(np.r_[True, last[:-1]])
    width = int(events.event.max(initial=0)) + 3
    groups = int(events.group.max(initial=0)) + 1
    follower = np.where(last, NOTHING, np.r_[event[1:], NOTHING])
    begin = (groups + events.kind[order[first]]) * width  # visits of one kind begin alike, those of a service do not
    source = np.r_[events.group[order] * width + event + 1, begin]
    following = np.r_[follower, event[first]]
    return _Steps(
        row=np.r_[order, order[first]], source=source, pair=source * width + following + 1, follower=following,
        event=np.r_[event, np.full(first.size, NOTHING)],
    )  # fmt: skip


def path_changes(events: Events, before: Bools, now: Bools) -> tuple[PathChange, ...]:
    """Services whose paths changed, best first."""
    if not before.any() or not now.any():
        return ()
    steps = _steps(events)
    past, current = before[steps.row], now[steps.row]
    counts = _Counts(
        now=_lookup(steps.pair[current], steps.pair), of_now=_lookup(steps.source[current], steps.source),
        before=_lookup(steps.pair[past], steps.pair), of_before=_lookup(steps.source[past], steps.source),
    )  # fmt: skip
    per_step = _surprise(counts)
    nats, step_of = np.zeros(len(events)), np.zeros(len(events), dtype=np.int64)
    rising = np.argsort(per_step, kind="stable")
    nats[steps.row[rising]], step_of[steps.row[rising]] = per_step[rising], rising  # the most surprising step stays
    given = credit(events, nats, np.flatnonzero((nats > 0) & (before | now)), before, now)
    found = []
    for group in given.order():
        mine = given.of(events, int(group), now)
        taken = step_of[given.rows[mine]]
        codes, which = np.unique(steps.pair[taken], return_inverse=True)
        best = codes[np.bincount(which, weights=given.value[mine]).argmax()]
        at = int(taken[steps.pair[taken] == best][0])
        usual, often = np.unique(steps.follower[past & (steps.source == steps.source[at])], return_counts=True)
        row = int(steps.row[at])
        change = PathChange(
            group=int(group), event=int(steps.event[at]), follower=int(steps.follower[at]),
            usual=int(usual[often.argmax()]), score=float(given.score[group]), now=int(counts.now[at]),
            of_now=int(counts.of_now[at]), before=int(counts.before[at]), of_before=int(counts.of_before[at]),
            first_ns=int(events.times_ns[row]), example=row,
        )  # fmt: skip
        found.append(change)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """One element a step: how often it, and what it starts from, occurred."""

    now: Floats
    of_now: Floats
    before: Floats
    of_before: Floats


def _surprise(counts: _Counts) -> Floats:
    """−log P before, times the share of the transition's occurrences that the old share does not explain; 0 where
    the transition was not rare or did not become clearly more frequent."""
    old = (counts.before + 0.5) / (counts.of_before + 1.0)
    new = counts.now / np.maximum(counts.of_now, 1.0)
    ratio = shares_differ(counts.now, counts.of_now, counts.before, counts.of_before)
    changed = (counts.of_before >= MIN_BEFORE) & (old < COMMON) & (new >= TIMES * old) & (ratio >= MIN_NATS)
    return np.asarray(np.where(changed, -np.log(old) * (1 - old / np.maximum(new, old)), 0.0))


def _lookup(values: Ints, wanted: Ints) -> Floats:
    unique, counts = np.unique(values, return_counts=True)
    if unique.size == 0:
        return np.zeros(wanted.size)
    at = np.minimum(np.searchsorted(unique, wanted), unique.size - 1)
    return np.asarray(np.where(unique[at] == wanted, counts[at], 0), dtype=np.float64)


def shares_differ(now: Floats, of_now: Floats, before: Floats, of_before: Floats) -> Floats:
    """Log-likelihood ratio of two shares against one common share (G statistic / 2), in nats.

    Both shares are uncertain: that a few occurrences before did not show what a twelfth of those now do says little.
    """
    common = (now + before) / np.maximum(of_now + of_before, 1.0)
    total = np.zeros(np.shape(now))
    for hits, of in ((now, of_now), (before, of_before)):
        share = hits / np.maximum(of, 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            total += np.where(hits > 0, hits * np.log(share / common), 0.0)
            total += np.where(of > hits, (of - hits) * np.log((1 - share) / (1 - common)), 0.0)
    return total
