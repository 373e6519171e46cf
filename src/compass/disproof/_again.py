"""What strategies counted from spans and error lines, counted in the same way in a later window."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from compass.analysis.graph import ServiceGraph
from compass.disproof._bins import bin_errors, bin_spans
from compass.disproof._measure import numbers_of
from compass.domain.board import Board
from compass.domain.incident import Onset
from compass.domain.observation import Observation
from compass.domain.telemetry import LogQuery, SpanQuery
from compass.domain.time import Instant, Window
from compass.ports.clock import Deadline
from compass.ports.errors import SourceError
from compass.ports.telemetry import Telemetry
from compass.tables.series import SeriesTable

SPANS, LOGS = "spans: ", "logs: "
"""How the keys of such series begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """By what `counted` says of an observation, the median over the window. What could not be asked is in `lost`."""

    levels: dict[str, float]
    lost: tuple[SourceError, ...] = ()


def counted(o: Observation) -> str:
    """The series that counts what it counts, from spans or error lines; "" where none does.

    What a specialist reads from failing visits is the share of failing spans that were served. What it reads from
    lines it counts otherwise than a strategy does: see `agents.screens.lines_again`.
    """
    if o.sign == "trace.errors_up":
        return f"{SPANS}share failing of {o.entity}{{}}"
    return o.series if o.series.startswith((SPANS, LOGS)) else ""


async def count_again(
    telemetry: Telemetry, observations: Sequence[Observation], board: Board, graph: ServiceGraph, window: Window,
    deadline: Deadline,
) -> Again:  # fmt: skip
    """Count what `observations` count, all over `window`. What nobody measures any more is not among the levels.

    No error line at all counts as none written, where the answer is complete: absence is what is hoped for.
    """
    of_spans = [o for o in observations if counted(o).startswith(SPANS)]
    of_lines = [o for o in observations if counted(o).startswith(LOGS)]
    later = _board_of(board, window)
    levels: dict[str, float] = {}
    lost: list[SourceError] = []
    if of_spans:
        try:
            spans = (await telemetry.spans(SpanQuery(window=window), deadline=deadline)).data
            levels |= await asyncio.to_thread(
                _levels, of_spans,
                lambda o: bin_spans(spans, numbers_of(spans.entities, o.entity, graph), o.entity, later),
            )  # fmt: skip
        except SourceError as error:
            lost.append(error)
    if of_lines:
        try:
            answer = await telemetry.logs(LogQuery(window=window, errors_only=True), deadline=deadline)
            lines, coverage = answer.data, answer.coverage
            found = await asyncio.to_thread(
                _levels, of_lines,
                lambda o: bin_errors(lines, numbers_of(lines.entities, o.entity, graph), o.entity, later, coverage),
            )  # fmt: skip
            levels |= ({counted(o): 0.0 for o in of_lines} if coverage.complete else {}) | found
        except SourceError as error:
            lost.append(error)
    return Again(levels=levels, lost=tuple(lost))


def _levels(observations: Sequence[Observation], count: Callable[[Observation], SeriesTable]) -> dict[str, float]:
    levels: dict[str, float] = {}
    for o in observations:
        table = count(o)
        for row, values in zip(table.rows, table.values, strict=True):
            if row.key == counted(o) and np.isfinite(values).any():
                levels[row.key] = float(np.nanmedian(values[np.isfinite(values)]))
    return levels


def _board_of(board: Board, window: Window) -> Board:
    """The board as if all of `window` were since the onset: steps are then as long as they were for its length."""
    if board.incident is None:
        raise ValueError("nothing was opened yet")
    incident = replace(board.incident, window=window, now_ns=window.end_ns, detected_ns=window.end_ns)
    return replace(board, incident=incident, onset=Onset(instant=Instant(ns=window.start_ns), method="given"))
