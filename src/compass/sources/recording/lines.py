"""Log lines, with the thing that wrote them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.telemetry import Answer, Coverage, LogQuery, NativeQuery
from compass.domain.time import Window
from compass.signals.entities import EntityIndex, Resolved
from compass.signals.severity import BAD_LEVELS, BAD_LINE, GOOD_LEVELS, stream_level
from compass.sources.recording.cover import CensusTaker, absent, holes, outside_note, received
from compass.sources.recording.engine import Engine, integers, quoted, text
from compass.sources.recording.layout import LINES, LOGS_PART
from compass.sources.recording.slices import fetch
from compass.sources.recording.world import World, among
from compass.tables.logs import LogTable, empty_logs

_UNKNOWN = EntityRef(kind=EntityKind.SERVICE, name="unknown_service")  # OpenTelemetry's name for a missing one


def read_logs(
    query: LogQuery, window: Window, closed: bool, source: str, engine: Engine, world: World, census: CensusTaker,
    sampling: float,
) -> Answer[LogTable]:  # fmt: skip
    """Answer `query` in `window`, the part of its window that the recording covers."""
    if not world.has(LOGS_PART):
        return Answer(
            data=empty_logs(), coverage=absent(query.window, LOGS_PART),
            query=NativeQuery(language="duckdb", text=""), source=source,
        )  # fmt: skip
    world.need(LOGS_PART)
    counted = census.of(LOGS_PART)
    streams, index = world.streams, world.index
    about = {number: index.of_labels(labels) for number, labels in streams.labels.items()}
    chosen, silent = _streams_about(query.entities, about, index)
    most = max(0, query.limit) + 1

    def sql(part: Window, end: bool, left: int) -> str:
        return _sql(query, part, end, engine, chosen, streams.labels, left)

    # a line has a quarter of the texts of a span, so a slice may hold as many more
    found = fetch(engine, sql, window, closed, counted.rows // 4, most)
    table = _table(found, about, streams.labels)
    truncated = len(table) > query.limit
    if truncated:
        table = table.select(np.arange(len(table)) < query.limit)
    missing = (
        *holes(counted, window, LOGS_PART.noun),
        *(f"no logs from {entity}" for entity in silent),
        *streams.skipped,
        *outside_note(counted, "lines"),
    )
    return Answer(
        data=table,
        coverage=Coverage(
            requested=query.window, received=received(table.times_ns, window), truncated=truncated, sampling=sampling,
            missing=missing,
        ),
        query=NativeQuery(language="duckdb", text=sql(window, closed, most)),
        source=source,
    )  # fmt: skip


def streams_of(
    entities: tuple[EntityRef, ...], labels: Mapping[int, Mapping[str, str]], index: EntityIndex
) -> tuple[list[int] | None, list[EntityRef]]:
    """The streams (by number) written by `entities` (None: all), and the entities that have none."""
    return _streams_about(entities, {number: index.of_labels(found) for number, found in labels.items()}, index)


def _streams_about(
    entities: tuple[EntityRef, ...], about: Mapping[int, Resolved | None], index: EntityIndex
) -> tuple[list[int] | None, list[EntityRef]]:
    """The streams written by `entities` (None: all), and the entities that have none."""
    if not entities:
        return None, []
    chosen: set[int] = set()
    silent = []
    for entity in entities:
        known = index.ref(entity.kind, entity.name, entity.namespace, entity.cluster)
        inside = index.members(known)
        own = {
            number for number, found in about.items()
            if found is not None and (
                found.entity in inside or found.service in inside
                or (known.kind is EntityKind.NODE and index.node_of(found.entity) == known)
            )
        }  # fmt: skip
        chosen |= own
        if not own:
            silent.append(entity)
    return sorted(chosen), silent


def _sql(
    query: LogQuery, window: Window, closed: bool, engine: Engine, chosen: Sequence[int] | None,
    labels: Mapping[int, Mapping[str, str]], most: int,
) -> str:  # fmt: skip
    types = engine.types(LINES)
    ids = ", ".join(column if column in types else f"'' AS {column}" for column in ("trace_id", "span_id"))
    where = [engine.between(LINES, "time", window, closed=closed)]
    if chosen is not None:
        where.append(among("stream", chosen))
    if query.contains is not None:
        where.append(f"contains(line, {quoted(query.contains)})")
    if query.errors_only:
        levels = {number: stream_level(found) for number, found in labels.items()}
        bad = sorted(number for number, level in levels.items() if level in BAD_LEVELS)
        good = sorted(number for number, level in levels.items() if level in GOOD_LEVELS)
        unsaid = f"regexp_matches(line, {quoted(BAD_LINE)})"
        unsaid = f"(NOT {among('stream', good)} AND {unsaid})" if good else unsaid
        where.append(f"({among('stream', bad)} OR {unsaid})" if bad else unsaid)
    return (
        f"SELECT stream, epoch_ns(time) AS time_ns, line, {ids} FROM read_parquet('{LINES}')"  # noqa: S608
        f" WHERE {' AND '.join(where)} ORDER BY time, stream, line LIMIT {most}"
    )


def _table(
    found: Mapping[str, np.ndarray[tuple[int], np.dtype[np.generic]]],
    about: Mapping[int, Resolved | None],
    labels: Mapping[int, Mapping[str, str]],
) -> LogTable:
    stream = integers(found["stream"], null=-1)
    numbers, at = np.unique(stream, return_inverse=True)
    resolved = [about.get(int(number)) for number in numbers]
    named = {ref for one in resolved for ref in ((one.entity, one.service) if one else (_UNKNOWN,))}
    entities = tuple(sorted(named))
    place = {entity: i for i, entity in enumerate(entities)}
    entity = np.array([place[one.entity if one else _UNKNOWN] for one in resolved], dtype=np.int32)
    service = np.array([place[one.service if one else _UNKNOWN] for one in resolved], dtype=np.int32)
    weight = np.array([_weight(labels.get(int(number), {})) for number in numbers], dtype=np.float64)
    return LogTable(
        entities=entities,
        times_ns=integers(found["time_ns"]),
        entity=entity[at],
        service=service[at],
        line=text(found["line"]),
        trace_id=text(found["trace_id"]),
        span_id=text(found["span_id"]),
        weight=weight[at],
    )


def _weight(labels: Mapping[str, str]) -> float:
    """How many lines one of a stream stands for: a stream that keeps an excerpt of a pattern says so."""
    try:
        count = float(labels.get("pattern_count", "1"))
    except ValueError:
        return 1.0
    return count if np.isfinite(count) and count >= 1.0 else 1.0
