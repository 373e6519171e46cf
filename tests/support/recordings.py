"""Synthetic recordings in format 1, for tests. Times are seconds after the start of the window."""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from compass.domain.time import NS_PER_S, Window

START = datetime(2026, 1, 5, 10, 0, 0, tzinfo=UTC)
START_NS = int(START.timestamp()) * NS_PER_S
Raw = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series: `values[i]` at `first_s + i * step_s` (None: no sample), or at `times_s[i]` when given."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    values: Sequence[float | None]
    step_s: float = 15.0
    first_s: float = 0.0
    times_s: Sequence[float] | None = None
    help: str = ""

    def points(self) -> Iterable[tuple[float, float]]:
        for i, value in enumerate(self.values):
            if value is not None:
                yield (self.times_s[i] if self.times_s is not None else self.first_s + i * self.step_s), value


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One log line; lines with equal labels share a stream."""

    at_s: float
    line: str
    labels: Mapping[str, str] = field(default_factory=lambda: {"service_name": "web"})
    trace_id: str | None = None
    span_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    at_s: float
    trace: str
    id: str
    service: str | None = "web"
    name: str = "GET /"
    parent: str | None = None
    kind: str | None = None
    duration_ms: float = 10.0
    status: str = "unset"
    resource: Mapping[str, object] = field(default_factory=dict)
    attributes: Mapping[str, object] = field(default_factory=dict)


def ns(at_s: float) -> int:
    """Nanoseconds since the epoch."""
    return START_NS + round(at_s * NS_PER_S)


def iso(at_s: float) -> str:
    """RFC 3339."""
    return (START + timedelta(seconds=at_s)).isoformat().replace("+00:00", "Z")


def window(start_s: float, end_s: float) -> Window:
    return Window(start_ns=ns(start_s), end_ns=ns(end_s))


def write_recording(
    path: Path,
    *,
    seconds: float = 3600.0,
    detected_s: float | None = None,
    header: Raw | None = None,
    series: Sequence[Series] | None = None,
    logs: Sequence[Line] | None = None,
    spans: Sequence[Span] | None = None,
    changes: Sequence[Raw] | None = None,
    kubernetes: Sequence[Raw] | None = None,
    alerts: Sequence[Raw] | None = None,
    probes: Sequence[Raw] | None = None,
    topology: Sequence[tuple[str, str] | tuple[str, str, str]] | None = None,
) -> Path:
    """Write a recording of `seconds` into `path` and return it. A part that is None is not written (not connected).

    `header` adds to recording.yaml or replaces its fields (None removes one). `changes`, `probes` may give `at_s`
    instead of `time`; `topology` is (caller, callee[, kind]).
    """
    path.mkdir(parents=True, exist_ok=True)
    fields: dict[str, object] = {
        "format": 1, "id": path.name, "system": "test-shop", "title": "Checkout is slow",
        "window": {"start": iso(0), "end": iso(seconds)},
        "detected_at": iso(seconds if detected_s is None else detected_s), "symptom": "p90 above 1 s",
        "provenance": {"dataset": "synthetic", "case": path.name, "licence": "Apache-2.0"},
    }  # fmt: skip
    fields.update(header or {})
    # JSON is YAML.
    (path / "recording.yaml").write_text(json.dumps({k: v for k, v in fields.items() if v is not None}, indent=1))
    if series is not None:
        write_series(path, series)
    if logs is not None:
        write_logs(path, logs)
    if spans is not None:
        write_spans(path, spans)
    for name, rows in (("changes", changes), ("kubernetes", kubernetes), ("probes", probes)):
        if rows is not None:
            _write_lines(path / f"{name}.jsonl", [_timed(row) for row in rows])
    if topology is not None:
        keys = ("caller", "callee", "kind")
        _write_lines(path / "topology.jsonl", [dict(zip(keys, edge, strict=False)) for edge in topology])
    if alerts is not None:
        (path / "alerts.json").write_text(json.dumps(list(alerts)))
    return path


def write_series(path: Path, series: Sequence[Series]) -> None:
    rows = [
        {"series": i, "name": s.name, "labels": json.dumps(dict(s.labels)), "help": s.help}
        for i, s in enumerate(series)
    ]
    select = "series::INTEGER AS series, name, labels" + (", help" if any(s.help for s in series) else "")
    write_parquet(path / "metrics" / "series.parquet", select, rows)
    samples = [
        {"series": i, "time": round((START_NS / NS_PER_S + at) * 1000), "value": repr(float(value))}
        for i, s in enumerate(series)
        for at, value in s.points()
    ]
    write_parquet(
        path / "metrics" / "samples.parquet",
        "series::INTEGER AS series, make_timestamp_ms(time::BIGINT)::TIMESTAMP_MS AS time, value::DOUBLE AS value",
        samples,
    )


def write_logs(path: Path, lines: Sequence[Line]) -> None:
    streams: dict[str, int] = {}
    for line in lines:
        streams.setdefault(json.dumps(dict(line.labels), sort_keys=True), len(streams))
    write_parquet(
        path / "logs" / "streams.parquet",
        "stream::INTEGER AS stream, labels",
        [{"stream": number, "labels": labels} for labels, number in streams.items()],
    )
    rows = [
        {"stream": streams[json.dumps(dict(line.labels), sort_keys=True)], "time": ns(line.at_s), "line": line.line,
         "trace_id": line.trace_id, "span_id": line.span_id}
        for line in lines
    ]  # fmt: skip
    write_parquet(
        path / "logs" / "lines.parquet",
        "stream::INTEGER AS stream, make_timestamp_ns(time::BIGINT) AS time, line, trace_id, span_id",
        rows,
    )


def write_spans(path: Path, spans: Sequence[Span]) -> None:
    rows = [
        {"trace_id": s.trace, "span_id": s.id, "parent_span_id": s.parent, "service": s.service, "name": s.name,
         "kind": s.kind, "start": ns(s.at_s), "duration_ns": round(s.duration_ms * 1e6), "status": s.status,
         "resource": json.dumps(dict(s.resource)), "attributes": json.dumps(dict(s.attributes))}
        for s in spans
    ]  # fmt: skip
    write_parquet(
        path / "spans.parquet",
        "trace_id, span_id, parent_span_id, service, name, kind, make_timestamp_ns(start::BIGINT) AS start,"
        " duration_ns::BIGINT AS duration_ns, status, resource, attributes",
        rows,
    )


def write_parquet(path: Path, select: str, rows: Sequence[Raw]) -> None:
    """Rows through JSON text columns and the `select` list that makes their types exact; `rows` may be empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = list(rows[0]) if rows else re.findall(r"(?<![:\w])[a-z_]+(?=::|,|$)", select)
    types = ", ".join(f"'{name}': 'VARCHAR'" for name in dict.fromkeys(names))
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        source = Path(folder) / "rows.ndjson"
        source.write_text("".join(json.dumps(row) + "\n" for row in rows) or "{}\n")
        nothing = "" if rows else " WHERE false"
        target = str(path).replace("'", "''")
        connection.execute(
            f"COPY (SELECT {select} FROM read_json('{source}', format = 'newline_delimited', columns = {{{types}}})"
            f"{nothing}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
        )


def sawtooth(values: Sequence[float]) -> list[float]:
    """The running total of `values`: a counter that grows by them."""
    total, out = 0.0, []
    for value in values:
        total += value
        out.append(total)
    return out


def histogram(
    name: str,
    labels: Mapping[str, str],
    bounds: Sequence[float],
    per_step: Sequence[Sequence[float]],
    *,
    step_s: float = 15.0,
    mean_s: float = 0.0,
) -> list[Series]:
    """The `_bucket`, `_sum` and `_count` series of a histogram; `per_step[i][b]` new observations in bucket b."""
    made = []
    for b, bound in enumerate((*bounds, math.inf)):
        grown = [sum(step[: b + 1]) for step in per_step]
        le = "+Inf" if math.isinf(bound) else repr(bound)
        made.append(Series(name=f"{name}_bucket", labels={**labels, "le": le}, values=sawtooth(grown), step_s=step_s))
    counts = [sum(step) for step in per_step]
    made.append(Series(name=f"{name}_count", labels=labels, values=sawtooth(counts), step_s=step_s))
    sums = [count * mean_s for count in counts]
    return [*made, Series(name=f"{name}_sum", labels=labels, values=sawtooth(sums), step_s=step_s)]


def _timed(row: Raw) -> dict[str, object]:
    out = dict(row)
    if "at_s" in out:
        out["time"] = iso(float(str(out.pop("at_s"))))
    return out


def _write_lines(path: Path, rows: Sequence[Raw]) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
