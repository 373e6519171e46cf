"""What a process wrote just before it ended: the reason it gives, whether or not anything is there to compare with.

Rates before and after an onset say nothing about a container that never ran well; its last lines do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from compass.domain.entity import EntityRef
from compass.domain.time import NS_PER_S
from compass.tables.logs import LogTable

REACH_NS = 15 * NS_PER_S  # a process that fails at its start seldom takes longer from the reason to the end
SLACK_NS = 2 * NS_PER_S  # end times are whole seconds, and lines are stamped where they are collected
LAST = 40  # of the lines before the end


@dataclass(frozen=True, slots=True, kw_only=True)
class LastWords:
    """`row` of the table is the last line with that meaning. `before_end` counts the lines written after it."""

    sign: str
    row: int
    before_end: int


def last_words(
    table: LogTable, writer: EntityRef, at_ns: int, signs_of: Callable[[int], tuple[str, ...]]
) -> tuple[LastWords, ...]:
    """The meanings of the last lines of `writer` (a pod) before it ended at `at_ns`, the last one first.

    `signs_of` gives the signs of a row's text. Empty when the pod wrote nothing then, or nothing with a meaning.
    """
    mine = [i for i, e in enumerate(table.entities) if (e.kind, e.name) == (writer.kind, writer.name)
            and e.namespace in ("", writer.namespace)]  # fmt: skip
    near = (table.times_ns >= at_ns - REACH_NS) & (table.times_ns <= at_ns + SLACK_NS)
    rows = np.flatnonzero(near & np.isin(table.entity, mine))[-LAST:]
    found: dict[str, LastWords] = {}
    for after, row in enumerate(rows[::-1]):
        for sign in signs_of(int(row)):
            found.setdefault(sign, LastWords(sign=sign, row=int(row), before_end=after))
    return tuple(found.values())
