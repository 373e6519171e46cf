"""Log files of the services, PostgreSQL and Redis, as logs/streams.parquet and logs/lines.parquet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lab.recorder import parquet
from lab.recorder.cleaning import clean
from lab.recorder.window import Window, epoch_ns

STREAMS = (parquet.int32("stream"), parquet.text("labels"))
LINES = (
    parquet.int32("stream"),
    parquet.time_ns("time"),
    parquet.text("line"),
    parquet.text("trace_id"),
    parquet.text("span_id"),
)
POSTGRES_LINE = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) UTC \[\d+\] (\S*) *([A-Z]+):  (.*)$")
REDIS_LINE = re.compile(r"^\d+:[A-Z] (\d\d \w{3} \d{4} \d\d:\d\d:\d\d\.\d{3}) ([.*#-]) (.*)$")
POSTGRES_LEVELS = {"LOG": "info", "WARNING": "warning", "ERROR": "error", "FATAL": "error", "PANIC": "error"}
REDIS_LEVELS = {".": "debug", "-": "info", "*": "info", "#": "warning"}


@dataclass(frozen=True)
class LogLine:
    """One line of one service."""

    service: str
    level: str
    time_ns: int
    line: str
    trace_id: str | None = None
    span_id: str | None = None


def read_service(service: str, path: Path) -> Iterator[LogLine]:
    """The structured lines of a service's standard output."""
    for text in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(text)
        # The time, level and name as a console shows them; ids stay beside the line, as in Loki.
        line = f"{entry['time']} {entry['level'].upper()} {entry['logger']}: {clean(entry['message'])}"
        yield LogLine(service, entry["level"], int(entry["time_ns"]), line, entry.get("trace_id"), entry.get("span_id"))


def read_postgres(service: str, path: Path) -> Iterator[LogLine]:
    """PostgreSQL's own log, with the zone and prefix that the lab configures."""
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        match = POSTGRES_LINE.match(text)
        if match:
            instant = datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
            yield LogLine(service, POSTGRES_LEVELS.get(match[3], "info"), epoch_ns(instant), f"{match[3]}:  {match[4]}")


def read_redis(service: str, path: Path) -> Iterator[LogLine]:
    """Redis's own log; its times are local, and the lab starts it with the zone UTC."""
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        match = REDIS_LINE.match(text)
        if match:
            instant = datetime.strptime(match[1], "%d %b %Y %H:%M:%S.%f").replace(tzinfo=UTC)
            yield LogLine(service, REDIS_LEVELS[match[2]], epoch_ns(instant), match[3])


def write(folder: Path, lines: Iterable[LogLine], window: Window) -> int:
    """One stream for each service and level; return the number of lines."""
    kept = [line for line in lines if window.holds_ns(line.time_ns)]
    streams = {key: number for number, key in enumerate(sorted({(line.service, line.level) for line in kept}))}
    labels: list[Mapping[str, parquet.Cell]] = [
        {"stream": number, "labels": json.dumps({"service_name": service, "level": level, "job": "shop-logs"})}
        for (service, level), number in streams.items()
    ]
    parquet.write(folder / "logs" / "streams.parquet", STREAMS, labels, ("stream",))
    rows = (
        {
            "stream": streams[line.service, line.level],
            "time": line.time_ns,
            "line": line.line,
            "trace_id": line.trace_id,
            "span_id": line.span_id,
        }
        for line in kept
    )
    return parquet.write(folder / "logs" / "lines.parquet", LINES, rows, ("stream", "time"))
