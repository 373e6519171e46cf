"""Whole recordings of a chosen size, written by DuckDB from hashes of row numbers: the same for the same sizes.

Twenty services call each other in chains of five. In the last quarter of the hour `service-03` answers ten times as
slowly, needs more memory and writes errors.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks.making.lines import generate

START = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)
SECONDS = 3600
STEP_S = 15
POINTS = SECONDS // STEP_S
ONSET_S = 2700
SERVICES = 20
SLOW = 3
DEPTH = 5
DIFFERENT_LINES = 200_000
METRICS = (
    "process_resident_memory_bytes", "process_open_fds", "http_server_active_requests", "process_threads",
    "db_client_connections_usage", "queue_depth", "go_goroutines", "container_memory_working_set_bytes",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many of each."""

    series: int = 400
    lines: int = 2_000
    spans: int = 2_000


def write(path: Path, size: Size, seed: int = 1) -> Path:
    """A recording in `path`, which is made."""
    (path / "metrics").mkdir(parents=True)
    (path / "logs").mkdir()
    header = {
        "format": 1, "id": path.name, "system": "generated", "title": "service-00 is slow", "service": "service-00",
        "window": {"start": _iso(0), "end": _iso(SECONDS)}, "detected_at": _iso(ONSET_S + 300), "symptom": "p90 up",
        "provenance": {"dataset": "generated", "case": path.name, "licence": "Apache-2.0"},
    }  # fmt: skip
    (path / "recording.yaml").write_text(json.dumps(header))  # JSON is YAML
    with duckdb.connect() as db:
        db.execute("SET threads = 1")
        _series(db, path, size.series)
        _lines(db, path, size.lines, seed)
        _spans(db, path, size.spans)
    return path


def _iso(at_s: float) -> str:
    return (START + timedelta(seconds=at_s)).isoformat().replace("+00:00", "Z")


def _copy(db: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    target = str(path).replace("'", "''")
    db.execute(f"COPY ({select}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


def _noise(of: str) -> str:
    """A number in [0, 1) from a hash."""
    return f"((hash({of}) % 1000003) / 1000003.0)"


def _series(db: duckdb.DuckDBPyConnection, path: Path, count: int) -> None:
    names = "[" + ", ".join(f"'{name}'" for name in METRICS) + "]"
    _copy(
        db,
        f"SELECT i::INTEGER AS series, {names}[1 + (i // {SERVICES}) % {len(METRICS)}] AS name,"
        f' format(\'{{{{"service_name": "service-{{:02d}}", "k8s_namespace_name": "shop", "shard": "{{}}"}}}}\','
        f" i % {SERVICES}, i // {SERVICES * len(METRICS)}) AS labels FROM range({count}) r(i) ORDER BY i",
        path / "metrics" / "series.parquet",
    )
    late = f"t * {STEP_S} >= {ONSET_S} AND i % {SERVICES} = {SLOW}"
    _copy(
        db,
        f"SELECT i::INTEGER AS series, make_timestamp_ms({START_MS} + t * {STEP_S * 1000})::TIMESTAMP_MS AS time,"
        f" (100 + hash(i) % 900) * (1 + 0.1 * {_noise('i * 100003 + t')}) * CASE WHEN {late} THEN 4 ELSE 1 END AS value"
        f" FROM range({count}) r(i), range({POINTS}) p(t) ORDER BY i, t",
        path / "metrics" / "samples.parquet",
    )


def _lines(db: duckdb.DuckDBPyConnection, path: Path, count: int, seed: int) -> None:
    texts = generate(seed, min(count, DIFFERENT_LINES))[0]
    source = path / "texts.ndjson"
    source.write_text("".join(json.dumps({"n": n, "line": line}) + "\n" for n, line in enumerate(texts)))
    _copy(
        db,
        f'SELECT i::INTEGER AS stream, format(\'{{{{"service_name": "service-{{:02d}}"}}}}\', i) AS labels'
        f" FROM range({SERVICES}) r(i) ORDER BY i",
        path / "logs" / "streams.parquet",
    )
    _copy(
        db,
        f"SELECT (i % {SERVICES})::INTEGER AS stream,"
        f" make_timestamp_ns(({START_MS} * 1000000 + i * ({SECONDS}000000000 // {max(count, 1)}))::BIGINT) AS time,"
        f" line, md5(i::VARCHAR) AS trace_id, left(md5((i + 1)::VARCHAR), 16) AS span_id"
        f" FROM range({count}) r(i) JOIN read_json('{source}', format = 'newline_delimited',"
        f" columns = {{'n': 'BIGINT', 'line': 'VARCHAR'}}) t ON t.n = i % {max(len(texts), 1)} ORDER BY stream, time",
        path / "logs" / "lines.parquet",
    )
    source.unlink()


def _spans(db: duckdb.DuckDBPyConnection, path: Path, count: int) -> None:
    service = f"((k * 7 + j) % {SERVICES})"
    at_ms = f"(k * ({SECONDS}000.0 / {max(count // DEPTH, 1)}))"
    below = f"[(k * 7 + x) % {SERVICES} FOR x IN range(j, {DEPTH})]"
    slow = f"CASE WHEN {at_ms} >= {ONSET_S * 1000} AND list_contains({below}, {SLOW})"
    _copy(
        db,
        f"SELECT md5(k::VARCHAR) AS trace_id, left(md5(format('{{}}/{{}}', k, j)), 16) AS span_id,"
        f" CASE WHEN j > 0 THEN left(md5(format('{{}}/{{}}', k, j - 1)), 16) END AS parent_span_id,"
        f" format('service-{{:02d}}', {service}) AS service, format('GET /{{}}', {service}) AS name, 'server' AS kind,"
        f" make_timestamp_ns(({START_MS} * 1000000 + ({at_ms} + j) * 1000000)::BIGINT) AS start,"
        f" (({DEPTH} - j) * 10000000 * (1 + 0.2 * {_noise('k * 10 + j')}) + {slow} THEN 300000000 ELSE 0 END)::BIGINT"
        " AS duration_ns, 'unset' AS status, '{}' AS resource,"
        ' format(\'{{"http.request.method": "GET", "server.address": "{}"}}\', k % 97) AS attributes'
        f" FROM range({count // DEPTH}) r(k), range({DEPTH}) d(j) ORDER BY start",
        path / "spans.parquet",
    )
