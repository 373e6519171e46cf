"""DuckDB over the Parquet files of one recording: read-only, bounded, from any thread, with errors people can use."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from compass.domain.time import NS_PER_S, Window
from compass.ports.errors import SourceRefusedError
from compass.sources.recording.layout import COLUMNS, OPTIONAL

THREADS = 2
MEMORY = "512MB"
SPILL = "compass-spill-"
AGAIN_S = 0.05
Column = npt.NDArray[np.generic]
_FILE = re.compile(r"read_parquet\('([a-z/]+\.parquet)'\)")
_GLOB = re.compile(r"[\[*?]")


class Engine:
    """One in-memory DuckDB; a cursor of its own for every query. Nothing is imported or copied into it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._freed = threading.Condition(self._lock)
        self._reading: set[duckdb.DuckDBPyConnection] = set()
        self._root: duckdb.DuckDBPyConnection | None = None
        self._types: dict[str, dict[str, str]] = {}
        self._spill: Callable[[], object] | None = None

    def close(self) -> None:
        """Give everything back. Whoever still reads is interrupted first: DuckDB does not close under a reader.

        That happens at Ctrl-C: what awaited an answer is gone, the thread that reads it is not.
        """
        with self._lock:
            while self._reading:
                for cursor in self._reading:
                    cursor.interrupt()
                self._freed.wait(AGAIN_S)  # an interrupt that came before the query began is lost
            if self._root is not None:
                self._root.close()
                self._root = None
            if self._spill is not None:
                self._spill()
                self._spill = None

    def query(self, sql: str) -> Mapping[str, Column]:
        """Run `sql`, in which files appear as `read_parquet('metrics/samples.parquet')`, relative to the recording.

        Raises SourceRefusedError when a file cannot be read.
        """
        file = _FILE.search(sql)
        where = file[1] if file else ""
        try:
            cursor = self._cursor()
            try:
                found: Mapping[str, Column] = cursor.execute(_FILE.sub(self._absolute, sql)).fetchnumpy()
            finally:
                self._done(cursor)
        except duckdb.InterruptException as error:
            raise SourceRefusedError(
                "the recording was closed while it was read", where=where, hint="ask again"
            ) from error
        except duckdb.OutOfMemoryException as error:
            raise SourceRefusedError(
                f"the answer needs more than {MEMORY}", where=where, hint="ask for a shorter window or fewer entities"
            ) from error
        except (duckdb.Error, UnicodeDecodeError) as error:
            raise SourceRefusedError(
                f"the file cannot be read: {_short(error, self._folder)}", where=where,
                hint="it may be damaged or cut off; record or copy it again",
            ) from error  # fmt: skip
        return found

    def types(self, file: str) -> Mapping[str, str]:
        """Column → type, checked against the format. Raises SourceRefusedError naming the column that is wrong."""
        known = self._types.get(file)
        if known is not None:
            return known
        described = self.query(f"DESCRIBE SELECT * FROM read_parquet('{file}')")  # noqa: S608
        names, kinds = text(described["column_name"]), text(described["column_type"])
        types = {str(name): str(kind) for name, kind in zip(names, kinds, strict=True)}
        for column, allowed in COLUMNS[file].items():
            if column not in types:
                raise SourceRefusedError(
                    f"the column {column!r} is missing", where=file, hint=f"columns found: {', '.join(types)}"
                )
            _check_type(file, column, types[column], allowed)
        for column, allowed in OPTIONAL.get(file, {}).items():
            if column in types:
                _check_type(file, column, types[column], allowed)
        self._types[file] = types
        return types

    def between(self, file: str, column: str, window: Window, *, closed: bool = False) -> str:
        """SQL for `column` in the window, as literals of the column's own type so that row groups are pruned."""
        kind = self.types(file)[column]
        upper = "<=" if closed else "<"
        return f"{column} >= {_literal(window.start_ns, kind)} AND {column} {upper} {_literal(window.end_ns, kind)}"

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._root is None:
                # What does not fit is spilled, never into the person's working folder, and for this user's eyes alone.
                spill = tempfile.mkdtemp(prefix=SPILL)
                self._spill = weakref.finalize(self, shutil.rmtree, spill, ignore_errors=True)
                self._root = duckdb.connect(
                    ":memory:",
                    config={
                        "threads": THREADS,
                        "memory_limit": MEMORY,
                        # Memory that a query no longer needs goes back at once, not after half a gigabyte of it.
                        "allocator_flush_threshold": "16MB",
                        "allocator_bulk_deallocation_flush_threshold": "32MB",
                        "temp_directory": spill,
                        "autoinstall_known_extensions": "false",
                        "autoload_known_extensions": "false",
                    },
                )
            cursor = self._root.cursor()
            self._reading.add(cursor)
            return cursor

    def _done(self, cursor: duckdb.DuckDBPyConnection) -> None:
        with self._lock:
            cursor.close()
            self._reading.discard(cursor)
            self._freed.notify_all()

    def _absolute(self, found: re.Match[str]) -> str:
        path = _GLOB.sub(lambda mark: f"[{mark[0]}]", str(self._folder / found[1]))
        return f"read_parquet('{path.replace(chr(39), chr(39) * 2)}')"


def text(column: Column) -> npt.NDArray[np.object_]:
    """A text column with "" for NULL."""
    if isinstance(column, np.ma.MaskedArray):
        column = column.filled("")
    return column.astype(object, copy=False)


def integers(column: Column, null: int = 0) -> npt.NDArray[np.int64]:
    """An integer column with `null` for NULL."""
    if isinstance(column, np.ma.MaskedArray):
        column = column.filled(null)
    return column.astype(np.int64, copy=False)


def floats(column: Column) -> npt.NDArray[np.float64]:
    """A number column with NaN for NULL."""
    if isinstance(column, np.ma.MaskedArray):
        filled: npt.NDArray[np.float64] = np.asarray(column.data, dtype=np.float64).copy()
        filled[np.ma.getmaskarray(column)] = np.nan
        return filled
    return column.astype(np.float64, copy=False)


def quoted(value: str) -> str:
    """A SQL string literal. A NUL ends the text: no database literal can hold one."""
    return "'" + value.split("\0", 1)[0].replace("'", "''") + "'"


def _check_type(file: str, column: str, kind: str, allowed: frozenset[str]) -> None:
    if kind not in allowed:
        raise SourceRefusedError(
            f"the column {column!r} is of type {kind}", where=file, hint=f"expected: {', '.join(sorted(allowed))}"
        )


def _literal(ns: int, kind: str) -> str:
    stamp = np.datetime_as_string(np.datetime64(ns, "ns"), unit="ns").replace("T", " ")
    if kind == "TIMESTAMP_NS":
        return f"TIMESTAMP_NS '{stamp}'"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"TIMESTAMPTZ '{stamp[:-3]}+00'"
    whole = ns % NS_PER_S == 0
    return f"TIMESTAMP '{stamp[:19] if whole else stamp[:26]}'"


def _short(error: Exception, folder: Path) -> str:
    """The first line of a driver's message, without this machine's path."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return line.replace(f"{folder}/", "").replace(str(folder), "")[:240]
