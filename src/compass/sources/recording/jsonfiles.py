"""The JSON files of a recording, read with a bound; a bad line is skipped and counted, never fatal alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from compass.domain.time import from_datetime
from compass.ports.errors import SourceRefusedError
from compass.tables.objects import Json

MAX_LINE_CHARS = 8_000_000
MAX_BAD_LINES = 20
JsonObject = dict[str, Json]
_BEYOND_NS = 1 << 63


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines:
    """The objects of a file with the line each stood on; `skipped` says what was left out, in words."""

    objects: tuple[tuple[int, JsonObject], ...]
    skipped: tuple[str, ...] = ()


def read_lines(folder: Path, file: str) -> JsonLines:
    """Every JSON object of a JSON-lines file. Raises SourceRefusedError when it cannot be read or is mostly wrong."""
    objects: list[tuple[int, JsonObject]] = []
    bad: list[tuple[int, str]] = []
    for number, line in _lines(folder / file, file):
        if not line.strip():
            continue
        parsed, what = _object(line)
        if parsed is not None:
            objects.append((number, parsed))
        else:
            bad.append((number, what))
    if bad and (len(bad) > MAX_BAD_LINES or len(bad) > len(objects)):
        raise SourceRefusedError(
            f"{len(bad)} of {len(bad) + len(objects)} lines are not JSON objects; line {bad[0][0]}: {bad[0][1]}",
            where=file, hint="each line holds one complete JSON object",
        )  # fmt: skip
    return JsonLines(
        objects=tuple(objects), skipped=tuple(f"{file} line {number} was skipped: {what}" for number, what in bad)
    )


def read_list(folder: Path, file: str) -> JsonLines:
    """The objects of a file that holds one JSON list. Raises SourceRefusedError when it is not one."""
    try:
        raw = json.loads((folder / file).read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceRefusedError(f"it cannot be read: {error.strerror}", where=file) from error
    except (ValueError, RecursionError) as error:
        raise SourceRefusedError(f"it is not valid JSON: {_first_line(error)}", where=file) from error
    if isinstance(raw, dict):  # the envelope of Alertmanager's first API
        raw = raw.get("data", raw.get("alerts"))
    if not isinstance(raw, list):
        raise SourceRefusedError("it holds no list", where=file, hint="a list of alerts as Alertmanager gives it")
    objects = tuple((number, entry) for number, entry in enumerate(raw, start=1) if isinstance(entry, dict))
    wrong = len(raw) - len(objects)
    return JsonLines(
        objects=objects, skipped=(f"{wrong} entries of {file} were skipped: not objects",) if wrong else ()
    )


def time_of(raw: Json | None) -> int | None:
    """An RFC 3339 time, or seconds since the epoch, as nanoseconds; None when it is neither. No zone means UTC.

    None as well for times that 64 bits do not hold: year 1 is how Go writes a time that was never set.
    """
    ns = _time_of(raw)
    return ns if ns is not None and abs(ns) < _BEYOND_NS else None


def _time_of(raw: Json | None) -> int | None:
    if isinstance(raw, bool) or raw is None:
        return None
    try:
        if isinstance(raw, int | float):
            return from_datetime(datetime.fromtimestamp(raw, tz=UTC))
        if not isinstance(raw, str):
            return None
        moment = datetime.fromisoformat(raw.strip())
        return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError, OSError):
        return None


def string(raw: Json | None) -> str:
    """A scalar as text; "" for anything else."""
    if isinstance(raw, bool):
        return str(raw).lower()
    return str(raw) if isinstance(raw, str | int | float) else ""


def mapping(raw: Json | None) -> JsonObject:
    """A JSON object, or an empty one."""
    return raw if isinstance(raw, dict) else {}


def strings(raw: Json | None) -> dict[str, str]:
    """A JSON object as text to text; nested values as compact JSON."""
    return {
        key: string(value) if not isinstance(value, dict | list) else json.dumps(value, sort_keys=True)
        for key, value in mapping(raw).items()
        if value is not None
    }


def _object(line: str) -> tuple[JsonObject | None, str]:
    if len(line) > MAX_LINE_CHARS:
        return None, f"longer than {MAX_LINE_CHARS} characters"
    try:
        parsed = json.loads(line)
    except (ValueError, RecursionError) as error:
        return None, _first_line(error)
    return (parsed, "") if isinstance(parsed, dict) else (None, "not an object")


def _lines(path: Path, file: str) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            number = 0
            while line := lines.readline(MAX_LINE_CHARS + 1):
                number += 1
                yield number, line
                while len(line) > MAX_LINE_CHARS and not line.endswith("\n"):
                    line = lines.readline(MAX_LINE_CHARS + 1)
    except OSError as error:
        raise SourceRefusedError(f"it cannot be read: {error.strerror}", where=file) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
