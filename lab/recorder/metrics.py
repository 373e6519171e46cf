"""Collected metric samples, in memory and as metrics/series.parquet and metrics/samples.parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.recorder import parquet
from lab.recorder.parquet import Cell
from lab.recorder.window import Window

SERIES = (parquet.int32("series"), parquet.text("name"), parquet.text("labels"))
SAMPLES = (parquet.int32("series"), parquet.time_ms("time"), parquet.double("value"))


@dataclass(frozen=True)
class Reading:
    """One sample as a target showed it."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Point:
    """A value at a time in milliseconds."""

    time_ms: int
    value: float


class MetricStore:
    """Every sample of the recording. Written by one thread."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
        self._points: list[list[Point]] = []

    def add(self, readings: Iterable[Reading], extra: Mapping[str, str], time_ms: int) -> None:
        """Keep readings of one scrape, with the labels that the scrape adds."""
        for reading in readings:
            key = (reading.name, tuple(sorted({**reading.labels, **extra}.items())))
            series = self._ids.setdefault(key, len(self._ids))
            if series == len(self._points):
                self._points.append([])
            self._points[series].append(Point(time_ms, reading.value))

    def select(self, name: str, **labels: str) -> Iterator[tuple[Mapping[str, str], list[Point]]]:
        """The series of a name whose labels match, with their points in time order."""
        for (found, pairs), series in self._ids.items():
            own = dict(pairs)
            if found == name and all(own.get(label) == value for label, value in labels.items()):
                yield own, self._points[series]

    def write(self, folder: Path, window: Window) -> int:
        """Write the series that have samples in the window; return the number of samples."""
        kept = {
            series: [point for point in self._points[series] if window.holds_ms(point.time_ms)]
            for series in range(len(self._points))
        }
        ordered = sorted((key, series) for key, series in self._ids.items() if kept[series])
        parquet.write(folder / "metrics" / "series.parquet", SERIES, _series_rows(ordered), ("series",))
        rows: Iterator[Mapping[str, Cell]] = (
            {"series": number, "time": point.time_ms, "value": repr(point.value)}
            for number, (_, series) in enumerate(ordered)
            for point in kept[series]
        )
        return parquet.write(folder / "metrics" / "samples.parquet", SAMPLES, rows, ("series", "time"))


def _series_rows(
    ordered: list[tuple[tuple[str, tuple[tuple[str, str], ...]], int]],
) -> Iterator[Mapping[str, Cell]]:
    for number, ((name, pairs), _) in enumerate(ordered):
        yield {"series": number, "name": name, "labels": json.dumps(dict(pairs))}
