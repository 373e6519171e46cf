"""Errors about one and the same thing: a message, a record, a key that is tried again and again and fails every time.

Two things tell it. Error lines of one kind that belong to one request, where requests of that service write only few
lines of a kind. Or an identifier in the text (an id by its name, or by its form) that stands in most of these lines,
where the same parameter otherwise takes many values and never took this one. An error that strikes every input has a
different request and other identifiers each time, so either is compared with what ordinary lines show: two
proportions, the share of the most frequent value now and before (`trace_errors.share_score`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from compass.analysis.spans import Bools, Ints
from compass.analysis.trace_errors import share_score

MIN_LINES = 8
"""Error lines about it; a client's usual three to five tries are no proof (6 to 15 alike)."""
MIN_SUBJECTS = 10
"""Different requests or values among ordinary lines, for one among them to be remarkable (5 to 30 alike)."""
MOST = 0.5
MORE_OFTEN = 3
"""So many times as often as any request wrote lines of one kind before."""
MAX_CHARS = 400
LONG = 6
"""Characters from which a value is an identifier by its form, when half of them are digits: hardly a measure, a port or
a status is so long (5 to 9 alike)."""
_READ, _COMPARED = 500, 2_000  # lines whose text is read: failing ones of one service, and ordinary ones
_VALUE = re.compile(
    r"(?<![\w.-])(?:(?P<key>[A-Za-z][A-Za-z_.-]{0,39})['\"]?[ \t]{0,2}[=:#]?[ \t]{0,2}['\"(\[]?)?"
    r"(?<![\w.@/+-])(?<!\d:)(?P<value>(?=[\w-]{0,63}\d)\w[\w-]{0,63})"
    r"(?![\w@/-]|[.:]\w|[ \t]?(?:%|[num]?s\b|sec|min|[kKMG]i?B\b))"
)
_NAMED = re.compile(r"(?i:^|[^a-z])(?i:id|ids|uuid|guid|key|offset|nr|no|number)$|(?:Id|ID|Ids|Key|Uuid|UUID|Number)$")
_BEGINS = ("trace", "span", "request", "correlation", "attempt", "retry", "retries", "tries", "thread")
_ENDS = frozenset({"ts", "date", "timestamp", "at", "pid"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SameSubject:
    """`lines` of `of_lines` error lines of service `group` are about one `what` (a name), of template `event`; of
    `of_before` ordinary lines at most `before` were about one. `example` is the first such line (its row)."""

    group: int
    event: int
    what: str
    lines: int
    of_lines: int
    before: int
    of_before: int
    score: float
    example: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Lines, one element each: service, template, trace id ("" = none) and text; `wrong`: an error event."""

    group: Ints
    event: Ints
    trace: npt.NDArray[np.object_]
    text: npt.NDArray[np.object_]
    wrong: Bools


def same_subject(said: Said, before: Bools, now: Bools) -> tuple[SameSubject, ...]:
    """At most one finding a service: the errors of its most frequent kind, when they are about one thing."""
    found = []
    failing = np.flatnonzero(said.wrong & now)
    for group in np.flatnonzero(np.bincount(said.group[failing], minlength=1) >= MIN_LINES):
        own = failing[said.group[failing] == group]
        event = int(np.bincount(said.event[own]).argmax())
        rows = own[said.event[own] == event]
        ordinary = np.flatnonzero(before & (said.group == group) & ~said.wrong)
        if rows.size < MIN_LINES or ordinary.size < MIN_SUBJECTS:
            continue
        values = _values(said.text[rows[:: max(1, rows.size // _READ)]])
        varying = [seen for seen in values if _most(seen.values) < MOST * seen.lines]
        known: list[SameSubject | None] = []
        if not varying:
            known.append(_of_request(said, rows, ordinary))
        if not any(seen.identifier for seen in varying):  # else it fails on many things
            known += _of_value(said, rows, ordinary, values)
        best = max((one for one in known if one is not None), key=lambda one: one.score, default=None)
        if best is not None:
            found.append(best)
    return tuple(found)


def _of_request(said: Said, rows: Ints, ordinary: Ints) -> SameSubject | None:
    """Lines of one kind in one request, against the most that any request wrote of one kind before."""
    traced = rows[said.trace[rows] != ""]
    top, lines = max(Counter(said.trace[traced].tolist()).items(), key=lambda item: item[1], default=("", 0))
    if lines < max(MIN_LINES, MOST * traced.size):
        return None  # before the many ordinary lines are counted
    usual = ordinary[said.trace[ordinary] != ""]
    kinds = Counter(zip(said.trace[usual].tolist(), said.event[usual].tolist(), strict=True))
    before = _most(kinds)
    if len({trace for trace, _ in kinds}) < MIN_SUBJECTS or lines < MORE_OFTEN * before:
        return None
    first = int(traced[said.trace[traced] == top][0])
    return _finding(said, "request", first, (lines, int(traced.size)), (before, int(usual.size)))


def _of_value(said: Said, rows: Ints, ordinary: Ints, values: list[_Parameter]) -> Iterable[SameSubject]:
    """Identifiers that stand in most failing lines, against what the same parameter shows in ordinary lines."""
    for seen in values:
        value = seen.values.most_common(1)[0][0]
        if not seen.identifier or not seen.key or _most(seen.values) < MOST * seen.lines:
            continue
        holding = [int(row) for row in rows if value in str(said.text[row])]  # `values` are of some lines
        if len(holding) < max(MIN_LINES, MOST * rows.size):
            continue
        usual = _values_of(seen.key, said.text[ordinary[:: max(1, ordinary.size // _COMPARED)]])
        if len(usual) >= MIN_SUBJECTS and value not in usual:
            yield _finding(said, seen.key, holding[0], (len(holding), int(rows.size)), (_most(usual), usual.total()))


def _finding(said: Said, what: str, row: int, now: tuple[int, int], before: tuple[int, int]) -> SameSubject:
    score = float(share_score(*(np.array([count]) for count in (*now, *before)))[0])
    return SameSubject(
        group=int(said.group[row]), event=int(said.event[row]), what=what, lines=now[0], of_lines=now[1],
        before=before[0], of_before=before[1], score=score, example=row,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parameter:
    """One parameter of the lines of one kind: the word before it (lower case), its values, the lines that have it."""

    key: str
    values: Counter[str]
    lines: int
    identifier: bool


def _values(texts: npt.NDArray[np.object_]) -> list[_Parameter]:
    """Every parameter that does not change with each try. An identifier is one by its name, or by the form of most of
    its values."""
    values: dict[str, Counter[str]] = {}
    names: Counter[str] = Counter()
    for text in texts:
        pairs = {(m["key"] or "", m["value"]) for m in _VALUE.finditer(str(text)[:MAX_CHARS])}
        names.update({key for key, _ in pairs})
        for key, value in pairs:
            values.setdefault(key, Counter())[value] += 1
    return [
        _Parameter(
            key=key.lower(), values=seen, lines=names[key],
            identifier=bool(_NAMED.search(key)) or 2 * sum(n for v, n in seen.items() if _long(v)) > seen.total(),
        )
        for key, seen in values.items()
        if not passing(key)
    ]  # fmt: skip


def _long(value: str) -> bool:
    return len(value) >= LONG and 2 * sum(c.isdigit() for c in value) >= len(value)


def _values_of(key: str, texts: npt.NDArray[np.object_]) -> Counter[str]:
    """The values of one parameter, whatever their form, in lines that name it."""
    found: Counter[str] = Counter()
    for text in texts:
        short = str(text)[:MAX_CHARS]
        if key in short.lower():
            found.update({m["value"] for m in _VALUE.finditer(short) if (m["key"] or "").lower() == key})
    return found


def _most(counts: Counter[_T]) -> int:
    return max(counts.values(), default=0)


def passing(key: str) -> bool:
    """Whether a parameter of this name changes with each try of the same thing, or says who tries: an id of a request
    or a thread (by any word of the name), a time (by its last one: `created_at` and `runtime`, not `update_id`)."""
    words = [word.lower() for word in _WORD.findall(key)]
    if not words:
        return False
    return any(word.startswith(_BEGINS) for word in words) or words[-1] in _ENDS or words[-1].endswith("time")
