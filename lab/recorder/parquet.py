"""Writes rows to zstd-compressed Parquet with exact column types, through DuckDB."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

Cell = str | int | float | None
ZSTD_LEVEL = 15


@dataclass(frozen=True)
class Column:
    """A column: its name, the JSON-side type it is read as, and the SQL that makes it exact."""

    name: str
    read_as: str
    expression: str


def int32(name: str) -> Column:
    """A 32-bit integer."""
    return Column(name, "INTEGER", name)


def int64(name: str) -> Column:
    """A 64-bit integer."""
    return Column(name, "BIGINT", name)


def double(name: str) -> Column:
    """A double; NaN and infinities pass as text."""
    return Column(name, "VARCHAR", f"{name}::DOUBLE")


def text(name: str) -> Column:
    """A string."""
    return Column(name, "VARCHAR", name)


def time_ms(name: str) -> Column:
    """Milliseconds since the epoch, as timestamp[ms]."""
    return Column(name, "BIGINT", f"make_timestamp_ms({name})::TIMESTAMP_MS")


def time_ns(name: str) -> Column:
    """Nanoseconds since the epoch, as timestamp[ns]."""
    return Column(name, "BIGINT", f"make_timestamp_ns({name})")


def write(path: Path, columns: Sequence[Column], rows: Iterable[Mapping[str, Cell]], order: Sequence[str]) -> int:
    """Write the rows, sorted, and return how many there were."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with tempfile.TemporaryDirectory(prefix="lab-rows-") as folder:
        source = Path(folder) / "rows.ndjson"
        with source.open("w", encoding="utf-8") as lines:
            for row in rows:
                lines.write(json.dumps(dict(row)) + "\n")
                count += 1
        _copy(source, path, columns, order)
    return count


def _copy(source: Path, path: Path, columns: Sequence[Column], order: Sequence[str]) -> None:
    types = ", ".join(f"'{column.name}': '{column.read_as}'" for column in columns)
    # An expression may hide the column of the same name: the order goes by what was read.
    select = ", ".join(f'{column.expression} AS "{column.name}"' for column in columns)
    ordered = ", ".join(f"source_rows.{name}" for name in order)
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute(
            f"COPY (SELECT {select} FROM read_json('{source}', format = 'newline_delimited', "  # noqa: S608
            f"columns = {{{types}}}) AS source_rows ORDER BY {ordered}) "
            f"TO '{path}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {ZSTD_LEVEL})"
        )
