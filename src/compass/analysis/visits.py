"""Surprise: what a visit of a request to a service wrote that such visits hardly ever wrote before.

The unit of work is one visit of a request to a service, of one kind (service, entry operation). An event's surprise is
−log P(event | kind of visit) in the baseline, smoothed. Three rules come from a study on labelled incidents (EVIDENCE,
"Logs"): events that a fifth of such visits wrote before are left out, because counts of loops follow the data; errors
weigh four times; and of a request only the earliest surprising visit is credited, because errors travel up and bad
input travels down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compass.analysis.spans import Bools, Floats, Ints

COMMON = 0.2
_BACK_OFF = 2.0  # visits of the whole service that stand in for an unknown kind of visit
NOTHING = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """One element an event, sorted by time. `visit` and `request` are dense codes (a visit lies in one request),
    `kind` the kind of visit, `group` the service, `event` what happened, `factor` ≥ 1 how much it weighs."""

    times_ns: Ints
    request: Ints
    visit: Ints
    kind: Ints
    group: Ints
    event: Ints
    factor: Floats

    def __len__(self) -> int:
        return int(self.times_ns.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurpriseFinding:
    """One service. `score`: nats of credited surprise per request beyond the baseline's own, times √requests, so that
    one odd line of a rare kind does not outweigh a pattern.

    `event` is the one that was credited most: written in `visits` of `of_visits` visits now and in `visits_before` of
    `of_before` before; `first_ns` its first credited time, `example` the number of that event.
    """

    group: int
    score: float
    event: int
    credited: int
    visits: int
    of_visits: int
    visits_before: int
    of_before: int
    first_ns: int
    example: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Presence:
    """Each event at most once a visit: `row` is its first occurrence. Rows sorted by time."""

    row: Ints
    before: Bools
    now: Bools


def _presence(events: Events, before: Bools, now: Bools) -> _Presence:
    width = int(events.event.max(initial=0)) + 1
    _, first = np.unique(events.visit * width + events.event, return_index=True)
    row = np.sort(first)
    return _Presence(row=row, before=before[row], now=now[row])


def visits_of(events: Events, mask: Bools, code: Ints, size: int) -> Ints:
    """Visits in `mask` per value of `code` (kind or service)."""
    _, first = np.unique(events.visit[mask], return_index=True)
    return np.bincount(code[mask][first], minlength=size)


def probability(events: Events, before: Bools) -> Floats:
    """P(event | kind of visit) before, one element an event: presence, backed off to the service and smoothed."""
    seen = _presence(events, before, before)
    rows = seen.row[seen.before]
    kinds, groups, width = (int(a.max(initial=0)) + 1 for a in (events.kind, events.group, events.event))
    in_kind, in_group = (visits_of(events, before, c, s) for c, s in ((events.kind, kinds), (events.group, groups)))
    with_kind = _pairs(events.kind * width + events.event, rows)
    with_group = _pairs(events.group * width + events.event, rows)
    wide = (with_group + 0.5) / (in_group[events.group] + 1.0)
    return np.asarray((with_kind + _BACK_OFF * wide) / (in_kind[events.kind] + _BACK_OFF))


def _pairs(key: Ints, rows: Ints) -> Floats:
    """How often each element's key occurs among `rows`."""
    values, counts = np.unique(key[rows], return_counts=True)
    if values.size == 0:
        return np.zeros(key.size)
    at = np.minimum(np.searchsorted(values, key), values.size - 1)
    return np.asarray(np.where(values[at] == key, counts[at], 0), dtype=np.float64)


def surprise(events: Events, before: Bools, now: Bools) -> tuple[SurpriseFinding, ...]:
    """Services by credited surprise, best first; those with none are left out. Empty without a baseline."""
    if not before.any() or not now.any():
        return ()
    chance = probability(events, before)
    nats = np.where(chance < COMMON, -np.log(chance), 0.0) * events.factor
    seen = _presence(events, before, now)
    given = credit(events, nats, seen.row[nats[seen.row] > 0], before, now)
    return tuple(_finding(events, before, now, given, int(g)) for g in given.order())


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """`value[i]` nats are credited to event `rows[i]`; `score` one element a service."""

    rows: Ints
    value: Floats
    score: Floats

    def order(self) -> Ints:
        """Services with any credit now, highest score first."""
        return np.asarray(np.lexsort((np.arange(self.score.size), -self.score)))[: int((self.score > 0).sum())]

    def of(self, events: Events, group: int, now: Bools) -> Ints:
        """Positions in `rows` that were credited to `group` now."""
        return np.flatnonzero((events.group[self.rows] == group) & now[self.rows] & (self.value > 0))


def credit(events: Events, nats: Floats, rows: Ints, before: Bools, now: Bools) -> Credit:
    """Credit the earliest surprising visit of every request with its greatest surprise. A service's score is what it
    was credited per request now, less the same before, times √requests now."""
    value = _earliest(events, nats, rows)
    groups = int(events.group.max(initial=0)) + 1
    requests = [max(1, np.unique(events.request[mask]).size) for mask in (now, before)]
    total = [
        np.bincount(events.group[rows[mask[rows]]], weights=value[mask[rows]], minlength=groups)
        for mask in (now, before)
    ]
    score = (total[0] / requests[0] - total[1] / requests[1]) * np.sqrt(requests[0])
    return Credit(rows=rows, value=value, score=np.asarray(score))


def _earliest(events: Events, nats: Floats, rows: Ints) -> Floats:
    """The surprise of each row if it is the greatest of the earliest surprising visit of its request, else 0."""
    value = np.zeros(rows.size)
    if rows.size == 0:
        return value
    order = np.lexsort((rows, events.request[rows]))
    request, visit = events.request[rows[order]], events.visit[rows[order]]
    first = np.flatnonzero(np.r_[True, request[1:] != request[:-1]])
    lead = np.repeat(visit[first], np.diff(np.r_[first, request.size]))
    mine = order[visit == lead]
    best = mine[np.lexsort((rows[mine], -nats[rows[mine]], events.visit[rows[mine]]))]
    top = np.r_[True, events.visit[rows[best]][1:] != events.visit[rows[best]][:-1]]
    value[best[top]] = nats[rows[best[top]]]
    return value


def _finding(events: Events, before: Bools, now: Bools, given: Credit, group: int) -> SurpriseFinding:
    mine = given.of(events, group, now)
    rows = given.rows[mine]
    event = int(np.bincount(events.event[rows], weights=given.value[mine]).argmax())
    first = int(rows[events.event[rows] == event][0])
    same = (events.group == group) & (events.event == event)
    return SurpriseFinding(
        group=group, score=float(given.score[group]), event=event, credited=int(rows.size),
        visits=int(np.unique(events.visit[same & now]).size),
        of_visits=int(np.unique(events.visit[now & (events.group == group)]).size),
        visits_before=int(np.unique(events.visit[same & before]).size),
        of_before=int(np.unique(events.visit[before & (events.group == group)]).size),
        first_ns=int(events.times_ns[first]), example=first,
    )  # fmt: skip
