"""What log screens read from lines, counted in the same way in a later window: lines per minute of the same kind.

Levels and meanings are those of templates, mined again; statements are recognised by what their templates fix.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean

import numpy as np

from compass.analysis.graph import ServiceGraph
from compass.analysis.line_shape import MAX_CHARS
from compass.analysis.log_level import ERROR_LEVELS, structured
from compass.analysis.log_meaning import Meanings, load_meanings
from compass.analysis.log_rates import MINUTE_NS
from compass.analysis.spans import Bools
from compass.analysis.statement import says
from compass.analysis.templates import Templates, mine
from compass.domain.observation import LINES_SERIES, Observation
from compass.domain.telemetry import Answer, LogQuery
from compass.domain.time import Window
from compass.ports.clock import Deadline
from compass.ports.errors import SourceError
from compass.ports.telemetry import Telemetry
from compass.redaction import bound, redact
from compass.tables.logs import LogTable

UNIT = "{line}/min"
MOST_SHOWN = 80  # characters of a statement
_ERRORS = "log.errors_up"
_OF_STATEMENTS = frozenset({"log.novel", "log.surge", "log.gone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesNow:
    """By the id of an observation, lines per minute of what it speaks of, and in words what limits that figure.

    What has no level is not known; its note says why. `lost` is why there are no lines at all.
    """

    levels: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    lost: SourceError | None = None


def of_lines(o: Observation) -> bool:
    """Whether `lines_again` can count what it speaks of: some kind of line whose course was drawn."""
    if not o.series.startswith(LINES_SERIES) or o.spark is None:
        return False
    return bool(o.statements) or o.sign not in _OF_STATEMENTS


def kind_of(o: Observation) -> str:
    """Which lines it speaks of, in words that go before "of <entity>"."""
    if o.sign == _ERRORS:
        return "error lines"
    if o.sign in _OF_STATEMENTS:
        return f"lines “{bound(o.statements[0], MOST_SHOWN)}”"
    return f"lines that say {o.sign.removeprefix('log.').replace('_', ' ')}"


def levels_of(o: Observation) -> tuple[float | None, float | None]:
    """(lines per minute when it was bad, before) from its picture; None where that was not drawn."""
    if o.spark is None or o.spark.split is None:
        return None, None
    before, usual = o.spark.values[o.spark.split :], o.spark.values[: o.spark.split]
    return _mean(before), _mean(usual)


async def lines_again(
    telemetry: Telemetry, observations: Sequence[Observation], graph: ServiceGraph, window: Window, deadline: Deadline
) -> LinesNow:
    """Count what `observations` (all `of_lines`) speak of, over the minutes of `window` in which anything was logged.

    That there are none counts where every line was had: absence is what is hoped for, and must not be a gap.
    """
    if not observations:
        return LinesNow()
    try:
        answer = await telemetry.logs(LogQuery(window=window), deadline=deadline)
    except SourceError as error:
        return LinesNow(lost=error)
    return await asyncio.to_thread(_count, answer, observations, graph, window)


def _count(
    answer: Answer[LogTable], observations: Sequence[Observation], graph: ServiceGraph, window: Window
) -> LinesNow:
    table, whole = answer.data, answer.coverage.complete
    minutes = _minutes(table, window)
    if not minutes:
        return LinesNow(notes={o.id: "nobody's lines were had" for o in observations})
    mined = _Mined(table)
    levels, notes = {}, {}
    for o in observations:
        own = _written_by(o, table, graph)
        mine_now = own & mined.like(o)[mined.templates.ids]
        if mine_now.any() or whole:
            levels[o.id] = float(mined.weight[mine_now].sum()) / minutes
        if not whole:
            notes[o.id] = "not every line was had"
        elif not own.any():
            notes[o.id] = f"{o.entity} writes no line at all now"
    return LinesNow(levels=levels, notes=notes)


def _minutes(table: LogTable, window: Window) -> float:
    """How long anything was logged, by the minute: shippers have holes, and a window need not begin on a minute."""
    starts = np.unique(table.times_ns // MINUTE_NS) * MINUTE_NS
    inside = np.minimum(starts + MINUTE_NS, window.end_ns) - np.maximum(starts, window.start_ns)
    return float(np.maximum(inside, 0).sum()) / MINUTE_NS


def _written_by(o: Observation, table: LogTable, graph: ServiceGraph) -> Bools:
    """Lines of the thing that the screen named: it names writers as their lines do, a service or what stands alone."""
    numbers = [i for i, found in enumerate(table.entities) if found == o.entity or graph.owner(found) == o.entity]
    return np.isin(table.service, numbers)


class _Mined:
    """The lines' templates, and which of them an observation speaks of."""

    def __init__(self, table: LogTable) -> None:
        self._table = table
        self.templates: Templates = mine(table.line)
        self.weight = np.where(np.isfinite(table.weight) & (table.weight >= 0), table.weight, 1.0)

    def like(self, o: Observation) -> Bools:
        """bool [templates]."""
        if o.sign == _ERRORS:
            return np.array([level in ERROR_LEVELS for level in self.templates.levels], dtype=bool)
        if o.sign in _OF_STATEMENTS:
            return np.array([any(says(said, kept) for kept in o.statements) for said in self._said], dtype=bool)
        return np.array([o.sign in signs for signs in self._signs], dtype=bool)

    @cached_property
    def _examples(self) -> list[str]:
        return [str(self._table.line[row]) for row in self.templates.examples]

    @cached_property
    def _said(self) -> list[str]:
        inside = [structured(line) for line in self._examples]
        return [
            redact((found[0] if found else line)[:MAX_CHARS])
            for found, line in zip(inside, self._examples, strict=True)
        ]  # fmt: skip

    @cached_property
    def _signs(self) -> list[tuple[str, ...]]:
        """As the screen reads them: the frames of a stack say nothing of their own but for the exception above."""
        meanings: Meanings = load_meanings()
        read = zip(self._examples, self.templates.levels, self.templates.continuation, strict=True)
        return [
            tuple(sign for sign in meanings.signs(line, level) if not (frame and sign == "log.exception"))
            for line, level, frame in read
        ]  # fmt: skip


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
