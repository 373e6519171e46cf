"""A feed that gives what a recording holds, as a live server would: to test what is above feeds without any server."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import duckdb
import numpy as np

from compass.ports.clock import Deadline
from compass.sources.live.feed import Found, Scope
from compass.sources.live.gathered import Gathered, Logs, Metrics, Objects, Span, Spans
from compass.sources.recording import layout
from compass.sources.recording.header import read_header


class RecordedFeed:
    """All parts of `folder` but `without`. `fails` maps a part to the error it raises; `delay_s` goes before each."""

    def __init__(
        self, folder: Path, *, without: frozenset[str] = frozenset(), fails: dict[str, Exception] | None = None,
        delay_s: float = 0.0, name: str = "recorded",
    ) -> None:  # fmt: skip
        self._folder, self._fails, self._delay_s, self.name = folder, fails or {}, delay_s, name
        there = {part.name for part in layout.PARTS if any((folder / file).is_file() for file in part.files)}
        self.parts = frozenset(there - without)
        self.asked: list[str] = []
        self.closed = False

    async def gather(self, part: str, scope: Scope, *, deadline: Deadline) -> Gathered:
        self.asked.append(part)
        await asyncio.sleep(self._delay_s)
        if part in self._fails:
            raise self._fails[part]
        match part:
            case "metrics":
                return Gathered(data=self._metrics())
            case "logs":
                return Gathered(data=self._logs())
            case "traces":
                return Gathered(data=self._spans(), sampling=read_header(self._folder).span_sampling)
            case _:
                file = self._folder / next(p.files[0] for p in layout.PARTS if p.name == part)
                text = file.read_text()
                objects = json.loads(text) if file.suffix == ".json" else [json.loads(li) for li in text.splitlines()]
                return Gathered(data=Objects(objects=objects))

    async def look(self, part: str, *, deadline: Deadline) -> Found:
        return Found(detail=f"{part} of a recording")

    async def aclose(self) -> None:
        self.closed = True

    def _rows(self, file: str, select: str) -> dict[str, np.ndarray]:
        with duckdb.connect() as connection:
            return connection.execute(f"SELECT {select} FROM read_parquet('{self._folder / file}')").fetchnumpy()

    def _metrics(self) -> Metrics:
        series = self._rows(layout.SERIES, "series, name, labels")
        samples = self._rows(layout.SAMPLES, "series, epoch_ns(time) AS stamp, value")
        place = {int(number): i for i, number in enumerate(series["series"])}
        return Metrics(
            names=list(series["name"]), labels=[json.loads(labels) for labels in series["labels"]],
            series=np.array([place[int(number)] for number in samples["series"]], dtype=np.int64),
            time_ns=samples["stamp"].astype(np.int64), value=samples["value"].astype(np.float64),
        )  # fmt: skip

    def _logs(self) -> Logs:
        streams = self._rows(layout.STREAMS, "stream, labels")
        lines = self._rows(
            layout.LINES,
            "stream, epoch_ns(time) AS stamp, line, coalesce(trace_id, '') AS t, coalesce(span_id, '') AS s",
        )
        place = {int(number): i for i, number in enumerate(streams["stream"])}
        return Logs(
            labels=[json.loads(labels) for labels in streams["labels"]],
            stream=np.array([place[int(number)] for number in lines["stream"]], dtype=np.int64),
            time_ns=lines["stamp"].astype(np.int64), line=list(lines["line"]), trace_id=list(lines["t"]),
            span_id=list(lines["s"]),
        )  # fmt: skip

    def _spans(self) -> Spans:
        rows = self._rows(
            layout.SPANS,
            "trace_id, span_id, coalesce(parent_span_id, '') AS parent_span_id, coalesce(service, '') AS service, name,"
            " coalesce(kind, '') AS kind, epoch_ns(start) AS start_ns, duration_ns, status, resource, attributes",
        )
        return Spans(
            spans=[
                Span(
                    trace_id=str(rows["trace_id"][i]), span_id=str(rows["span_id"][i]),
                    parent_span_id=str(rows["parent_span_id"][i]), service=str(rows["service"][i]),
                    name=str(rows["name"][i]), kind=str(rows["kind"][i]), start_ns=int(rows["start_ns"][i]),
                    duration_ns=int(rows["duration_ns"][i]), status=str(rows["status"][i]),
                    resource=json.loads(rows["resource"][i]), attributes=json.loads(rows["attributes"][i]),
                )
                for i in range(len(rows["name"]))
            ]
        )  # fmt: skip
