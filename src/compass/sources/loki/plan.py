"""What lines to pull: all where they fit, else what is bad as far as the caps allow, and a sample of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compass.domain.time import Window
from compass.sources.loki import logql
from compass.sources.loki.bins import Bins, Floats, shares, slices
from compass.sources.loki.options import Bounds
from compass.sources.loki.survey import Counted, Survey

Group = tuple[str, ...]
Rows = Mapping[Group, Floats]
OVERHEAD = 140.0
"""Bytes that an answer has besides each line's text: time, trace and span id, JSON."""
_LINE = 150.0  # bytes of a line, where no volume is known
_FILL = 0.95  # a slice is filled so far: what is counted at its edges may be a little off
_SPREAD = 0.85  # and one of a sample so far, for chance
_PARTLY = 3  # of the pulls of a sample are not filled: each class of lines is asked for by itself
_BAD, _NEAR = 0.5, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """One query over slices of the window. `counts` says for how many lines by group its answer stands.

    `unworded`: lines that are bad by their words come with another pull, and are left out of this; `worded`: with this.
    `rare`: it has lines of any kind that stand for themselves alone, whatever else is pulled.
    """

    what: str
    query: str
    windows: tuple[Window, ...]
    modulus: int
    counts: Rows
    unworded: bool = False
    worded: bool = False
    rare: bool = False

    @property
    def total(self) -> float:
        return float(sum(row.sum() for row in self.counts.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stratum:
    what: str
    query: Callable[[str, Sequence[str]], str]
    counts: Rows
    unworded: bool = False
    worded: bool = False


def pulls(found: Survey, counted: Counted, bounds: Bounds, service: str | None) -> list[Pull]:
    """The requests for lines, within `bounds`."""
    inside = counted.bins.inside
    lines = {group: row * inside for group, row in counted.lines.items()}
    total = sum(row.sum() for row in lines.values())
    most = min(float(bounds.lines), bounds.size / line_bytes(found, float(total)))
    room = float(bounds.pulls * bounds.per_query)
    if total <= min(most, room * _FILL):
        return _whole(found, counted, bounds, lines)
    budget = min(most, max(1, bounds.pulls - _PARTLY) * bounds.per_query * _SPREAD)
    apart = counted.worded is not None
    worded = {group: row * inside for group, row in (counted.worded or {}).items()}
    bad = {group: row for group, row in lines.items() if logql.class_of(counted.labels(group)) == "bad"}
    rest = {group: _without(row, worded.get(group)) for group, row in lines.items() if group not in bad}
    out: list[Pull] = []
    total_bad = _sum(bad) + _sum(worded)
    for what, query, rows in (
        ("warnings and errors by level", logql.bad_by_level, bad),
        ("warnings and errors by their words", logql.bad_by_words, worded),
    ):
        room = budget * _BAD * _sum(rows) / max(1.0, total_bad)
        stratum = _Stratum(what=what, query=query, counts=rows, worded=rows is worded)
        out += _sampled(found, counted, bounds, stratum, room)
    left = budget - min(total_bad, budget * _BAD)
    near = {group: row for group, row in rest.items() if service and key_in(found, counted, group) == service}
    if near:
        stratum = _Stratum(what=f"other lines of {service}", query=logql.others, counts=near, unworded=apart)
        out += _sampled(found, counted, bounds, stratum, budget * _NEAR)
        left -= min(_sum(near), budget * _NEAR)
    far = {group: row for group, row in rest.items() if group not in near}
    stratum = _Stratum(what="other lines", query=logql.others, counts=far, unworded=apart)
    return [*out, *_sampled(found, counted, bounds, stratum, left)]


def _whole(found: Survey, counted: Counted, bounds: Bounds, lines: Rows) -> list[Pull]:
    # What is counted beyond the window's edges is counted for the slices too: they may only be emptier for it.
    windows = slices(counted.bins, added(counted.bins, counted.lines.values()), bounds.per_query * _FILL)
    return [Pull(what="lines", query=found.selector, windows=tuple(windows), modulus=1, counts=lines)]


def _sampled(found: Survey, counted: Counted, bounds: Bounds, stratum: _Stratum, room: float) -> list[Pull]:
    by_key: dict[str, float] = {}
    for group, row in stratum.counts.items():
        key = key_in(found, counted, group)
        by_key[key] = by_key.get(key, 0.0) + float(row.sum())
    made = []
    for share in shares({key: count for key, count in by_key.items() if count > 0}, room):
        rows = {group: row for group, row in stratum.counts.items() if key_in(found, counted, group) in share.keys}
        every = found.key not in counted.names or set(share.keys) >= set(found.values)
        selector = found.selector if every else found.only(share.keys)
        query = logql.one_in(stratum.query(selector, counted.levels), share.modulus)
        room_each = bounds.per_query * (_FILL if share.modulus == 1 else _SPREAD)
        windows = slices(counted.bins, added(counted.bins, rows.values()) / share.modulus, room_each)
        made.append(
            Pull(
                what=stratum.what, query=query, windows=tuple(windows), modulus=share.modulus, counts=rows,
                unworded=stratum.unworded, worded=stratum.worded,
            )
        )  # fmt: skip
    return made


def added(bins: Bins, rows: Iterable[Floats]) -> Floats:
    """Lines of all groups by step."""
    total = np.zeros(bins.number)
    for row in rows:
        total += row
    return total


def _sum(rows: Rows) -> float:
    return float(sum(row.sum() for row in rows.values()))


def _without(row: Floats, part: Floats | None) -> Floats:
    return row if part is None else np.maximum(0.0, row - part)


def key_in(found: Survey, counted: Counted, group: Group) -> str:
    """The service of a group, or "" where lines are not counted by service."""
    return group[counted.names.index(found.key)] if found.key in counted.names else ""


def line_bytes(found: Survey, lines: float) -> float:
    """Bytes that a line takes in an answer, about."""
    size = sum(found.sizes.values()) if found.sizes else 0.0
    return OVERHEAD + (size / lines if size and lines else _LINE)
