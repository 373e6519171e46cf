"""Write gathered parts as a recording (format 1): exact column types, sorted, zstd."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from compass.sources.live.folder import FILE, private_folder, private_text
from compass.sources.live.gathered import JsonObject, Logs, Metrics, Objects, Span, Spans
from compass.sources.recording import layout

_MS = 1_000_000
_SPAN_TEXTS = ("trace_id", "span_id", "service", "name", "status")
Column = npt.NDArray[np.generic]
Columns = Mapping[str, Column]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compression:
    """A private copy is read once and written fast; a recording that is kept is small."""

    level: int


PASSING = Compression(level=1)
KEPT = Compression(level=15)


def write_part(folder: Path, part: str, data: Sequence[Metrics | Logs | Spans | Objects], how: Compression) -> None:
    """Write what several feeds gave of one part, one after the other."""
    match part:
        case layout.METRICS_PART.name:
            _metrics(folder, _joined_metrics([one for one in data if isinstance(one, Metrics)]), how)
        case layout.LOGS_PART.name:
            _logs(folder, _joined_logs([one for one in data if isinstance(one, Logs)]), how)
        case layout.TRACES_PART.name:
            _spans(folder, [span for one in data if isinstance(one, Spans) for span in one.spans], how)
        case _:
            objects = [body for one in data if isinstance(one, Objects) for body in one.objects]
            file = next(known.files[0] for known in layout.PARTS if known.name == part)
            _objects(folder / file, objects)


def _objects(path: Path, objects: Sequence[JsonObject]) -> None:
    if path.suffix == ".json":
        private_text(path, json.dumps(list(objects), indent=1))
    else:
        private_text(path, "".join(f"{json.dumps(body)}\n" for body in objects))


def _joined_metrics(parts: Sequence[Metrics]) -> Metrics:
    shift, series = 0, []
    for one in parts:
        series.append(one.series + shift)
        shift += len(one.names)
    return Metrics(
        names=[name for one in parts for name in one.names],
        labels=[labels for one in parts for labels in one.labels],
        series=_joined(series), time_ns=_joined([one.time_ns for one in parts]),
        value=np.concatenate([one.value for one in parts]) if parts else np.empty(0),
        types=[kind for one in parts for kind in one.types or [""] * len(one.names)],
        helps=[said for one in parts for said in one.helps or [""] * len(one.names)],
    )  # fmt: skip


def _joined_logs(parts: Sequence[Logs]) -> Logs:
    shift, stream = 0, []
    for one in parts:
        stream.append(one.stream + shift)
        shift += len(one.labels)
    return Logs(
        labels=[labels for one in parts for labels in one.labels], stream=_joined(stream),
        time_ns=_joined([one.time_ns for one in parts]), line=[line for one in parts for line in one.line],
        trace_id=[i for one in parts for i in one.trace_id], span_id=[i for one in parts for i in one.span_id],
    )  # fmt: skip


def _joined(parts: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def _metrics(folder: Path, data: Metrics, how: Compression) -> None:
    series: dict[str, Column] = {
        "series": np.arange(len(data.names), dtype=np.int32), "name": _texts(data.names),
        "labels": _texts([_text(labels) for labels in data.labels]),
    }  # fmt: skip
    select = "series, name::VARCHAR AS name, labels::VARCHAR AS labels"
    if any(data.types):
        series["type"] = _texts(data.types)
        select += ", type::VARCHAR AS type"
    if any(data.helps):
        series["help"] = _texts(data.helps)
        select += ", help::VARCHAR AS help"
    _write(folder / layout.SERIES, series, select, "series", how)
    samples: dict[str, Column] = {
        "series": data.series.astype(np.int32),
        "stamp": data.time_ns // _MS,
        "value": data.value,
    }
    select = "series, make_timestamp_ms(stamp)::TIMESTAMP_MS AS time, value"
    _write(folder / layout.SAMPLES, samples, select, "series, stamp, value", how)


def _logs(folder: Path, data: Logs, how: Compression) -> None:
    streams: dict[str, Column] = {
        "stream": np.arange(len(data.labels), dtype=np.int32),
        "labels": _texts([_text(labels) for labels in data.labels]),
    }
    _write(folder / layout.STREAMS, streams, "stream, labels::VARCHAR AS labels", "stream", how)
    lines: dict[str, Column] = {
        "stream": data.stream.astype(np.int32), "stamp": data.time_ns, "line": _texts(data.line),
        "trace_id": _texts(data.trace_id), "span_id": _texts(data.span_id),
    }  # fmt: skip
    ids = ", ".join(f"nullif({name}::VARCHAR, '') AS {name}" for name in ("trace_id", "span_id"))
    select = f"stream, make_timestamp_ns(stamp) AS time, line::VARCHAR AS line, {ids}"
    _write(folder / layout.LINES, lines, select, "stream, stamp, gathered.line", how)


def _spans(folder: Path, spans: Sequence[Span], how: Compression) -> None:
    texts = {name: _texts([getattr(span, name) for span in spans]) for name in (*_SPAN_TEXTS, "parent_span_id", "kind")}
    columns: dict[str, Column] = {
        **texts,
        "stamp": np.array([span.start_ns for span in spans], dtype=np.int64),
        "duration_ns": np.array([span.duration_ns for span in spans], dtype=np.int64),
        "resource": _texts([_text(span.resource) for span in spans]),
        "attributes": _texts([_text(span.attributes) for span in spans]),
    }
    always = ", ".join(f"{name}::VARCHAR AS {name}" for name in (*_SPAN_TEXTS, "resource", "attributes"))
    maybe = ", ".join(f"nullif({name}::VARCHAR, '') AS {name}" for name in ("parent_span_id", "kind"))
    select = f"{always}, {maybe}, make_timestamp_ns(stamp) AS start, duration_ns"
    _write(folder / layout.SPANS, columns, select, "stamp, gathered.trace_id, gathered.span_id", how)


def _write(path: Path, columns: Columns, select: str, order: str, how: Compression) -> None:
    private_folder(path.parent)
    target = str(path).replace("'", "''")
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        connection.register("gathered", dict(columns))
        connection.execute(
            f"COPY (SELECT {select} FROM gathered ORDER BY {order})"  # noqa: S608 - columns and order are ours
            f" TO '{target}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {how.level})"
        )
    path.chmod(FILE)  # made by the library as the umask has it, in a folder that nobody else can enter


def _texts(values: Sequence[str]) -> Column:
    made = np.empty(len(values), dtype=object)
    made[:] = [value.replace("\0", "�") for value in values]
    return made


def _text(labels: Mapping[str, object]) -> str:
    return json.dumps(dict(labels), sort_keys=True, ensure_ascii=False)
