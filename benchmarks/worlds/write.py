# ruff: noqa: E501 - tables of names and texts read better in one line; recipes share one form
"""Writes one world as a recording of format 1, with its truth beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import yaml

from benchmarks.worlds.meter import Series
from benchmarks.worlds.shape import World
from benchmarks.worlds.spans import Span
from benchmarks.worlds.texts import Line

Columns = Mapping[str, np.ndarray[tuple[int], np.dtype[np.generic]]]


def iso(start: datetime, at_s: float) -> str:
    """RFC 3339 in UTC."""
    return (start + timedelta(seconds=round(at_s, 3))).isoformat().replace("+00:00", "Z")


def write_metrics(folder: Path, found: Sequence[Series], world: World, start: datetime, until_s: float) -> None:
    """series.parquet and samples.parquet."""
    zero = int(start.timestamp() * 1000)
    numbers, times, values = [], [], []
    for number, series in enumerate(found):
        kept = np.isfinite(series.values) & (world.times_s + series.offset_s < until_s)
        numbers.append(np.full(int(kept.sum()), number, dtype=np.int32))
        times.append(zero + np.round(1000 * (world.times_s[kept] + series.offset_s)).astype(np.int64))
        values.append(series.values[kept])
    names: Columns = {
        "series": np.arange(len(found), dtype=np.int32), "name": np.array([s.name for s in found], dtype=object),
        "labels": np.array([json.dumps(dict(s.labels)) for s in found], dtype=object),
    }  # fmt: skip
    samples: Columns = {
        "series": np.concatenate(numbers),
        "time": np.concatenate(times),
        "value": np.concatenate(values),
    }
    (folder / "metrics").mkdir(parents=True, exist_ok=True)
    _copy(folder / "metrics/series.parquet", "series, name, labels", names)
    _copy(folder / "metrics/samples.parquet", "series, make_timestamp_ms(time)::TIMESTAMP_MS AS time, value", samples)


def write_logs(folder: Path, lines: Sequence[Line], world: World, start: datetime, until_s: float) -> None:
    """streams.parquet and lines.parquet."""
    kept = [line for line in lines if line.time_s < until_s]
    zero = int(start.timestamp()) * 10**9
    streams: Columns = {
        "stream": np.arange(len(world.services), dtype=np.int32),
        "labels": np.array([json.dumps({"service_name": s.name}) for s in world.services], dtype=object),
    }
    rows: Columns = {
        "stream": np.array([line.service for line in kept], dtype=np.int32),
        "time": np.array([zero + int(line.time_s * 1e9) for line in kept], dtype=np.int64),
        "line": np.array([line.text for line in kept], dtype=object),
    }
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    _copy(folder / "logs/streams.parquet", "stream, labels", streams)
    select = "stream, make_timestamp_ns(time) AS time, line, NULL::VARCHAR AS trace_id, NULL::VARCHAR AS span_id"
    _copy(folder / "logs/lines.parquet", select, rows)


def write_spans(folder: Path, spans: Sequence[Span], world: World, start: datetime, until_s: float) -> None:
    """spans.parquet."""
    kept = sorted((s for s in spans if s.start_s < until_s), key=lambda s: s.start_s)
    zero = int(start.timestamp()) * 10**9

    def text(values: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
        return np.array(list(values), dtype=object)

    def attributes(span: Span) -> str:
        if span.peer < 0:
            return "{}"
        peer = world.services[span.peer]
        return json.dumps({"server.address": peer.name, **({"db.system": peer.engine} if peer.store else {})})

    rows: Columns = {
        "trace_id": text([s.trace for s in kept]), "span_id": text([s.id for s in kept]),
        "parent_span_id": text([s.parent for s in kept]), "service": text([world.services[s.service].name for s in kept]),
        "name": text([s.name for s in kept]), "kind": text([s.kind for s in kept]),
        "start": np.array([zero + int(s.start_s * 1e9) for s in kept], dtype=np.int64),
        "duration_ns": np.array([int(s.seconds * 1e9) for s in kept], dtype=np.int64),
        "status": text(["error" if s.failed else "unset" for s in kept]),
        "resource": text([json.dumps({"service.name": world.services[s.service].name}) for s in kept]),
        "attributes": text([attributes(s) for s in kept]),
    }  # fmt: skip
    select = (
        "trace_id, span_id, nullif(parent_span_id, '') AS parent_span_id, service, name, kind, "
        "make_timestamp_ns(start) AS start, duration_ns, status, resource, attributes"
    )
    _copy(folder / "spans.parquet", select, rows)


def write_lines_of(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """One JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_yaml(path: Path, body: Mapping[str, object]) -> None:
    """A YAML file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(body), sort_keys=False, allow_unicode=True), encoding="utf-8")


def _copy(path: Path, select: str, rows: Columns) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.register("written", dict(rows))
        connection.execute(f"COPY (SELECT {select} FROM written) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
