"""The questions of the telemetry port, answered synchronously from one recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.telemetry import Answer, LogQuery, ObjectKind, ObjectQuery, SignalQuery, SpanQuery
from compass.domain.time import Window
from compass.ports.errors import SourceRefusedError
from compass.signals.catalogue import Catalogue
from compass.sources.recording.cover import CensusTaker, beyond, holes, outside_note
from compass.sources.recording.engine import Engine
from compass.sources.recording.facts import PART_OF, read_objects
from compass.sources.recording.header import Header
from compass.sources.recording.layout import LOGS_PART, METRICS_PART, TRACES_PART, Part
from compass.sources.recording.lines import read_logs, streams_of
from compass.sources.recording.metrics import read_series
from compass.sources.recording.signals import ServiceSignals, signals_of
from compass.sources.recording.spans import read_spans
from compass.sources.recording.turns import Turns
from compass.sources.recording.world import World
from compass.tables.logs import LogTable
from compass.tables.objects import ObjectTable
from compass.tables.series import SeriesTable
from compass.tables.spans import SpanTable

T = TypeVar("T")
Survey = tuple[str, tuple[str, ...], Window | None, tuple[EntityKind, ...]]


class Answers:
    """Everything that needs DuckDB. One a recording; its methods may run in several threads at once."""

    def __init__(self, folder: Path, header: Header, catalogue: Catalogue, source: str) -> None:
        self._folder, self._header, self._source = folder, header, source
        self._engine = Engine(folder)
        self.world = World(folder, self._engine, catalogue)
        self._census = CensusTaker(self._engine, header.window)
        self._turns = Turns()

    def close(self) -> None:
        self._engine.close()

    def series(self, query: SignalQuery) -> Answer[SeriesTable]:
        window, closed = self._clip(query.window)
        if query.step_s is not None and not query.step_s > 0:
            raise SourceRefusedError(f"a step of {query.step_s} s is not possible", where=self._source)
        with self._turns.turn(self._rows(METRICS_PART)):
            answer = read_series(query, window, closed, self._source, self._engine, self.world, self._census)
        return self._honest(answer, query.window)

    def logs(self, query: LogQuery) -> Answer[LogTable]:
        window, closed = self._clip(query.window)
        sampling = self._header.log_sampling
        with self._turns.turn(self._rows(LOGS_PART)):
            answer = read_logs(query, window, closed, self._source, self._engine, self.world, self._census, sampling)
        return self._honest(answer, query.window)

    def spans(self, query: SpanQuery) -> Answer[SpanTable]:
        window, closed = self._clip(query.window)
        sampling = self._header.span_sampling
        with self._turns.turn(self._rows(TRACES_PART)):
            answer = read_spans(query, window, closed, self._source, self._engine, self.world, self._census, sampling)
        return self._honest(answer, query.window)

    def objects(self, query: ObjectQuery) -> Answer[ObjectTable]:
        return read_objects(query, self._header.window, self._source, self._folder, self.world)

    def streams(self, entity: EntityRef) -> tuple[list[Mapping[str, str]], list[Mapping[str, str]]]:
        """Labels of the streams of `entity`, and of all others. Raises SourceRefusedError where logs are damaged."""
        if not self.world.has(LOGS_PART):
            return [], []
        labels = self.world.streams.labels
        chosen = set(streams_of((entity,), labels, self.world.index)[0] or ())
        own = [labels[number] for number in sorted(chosen)]
        return own, [found for number, found in sorted(labels.items()) if number not in chosen]

    def signals(self, name: str, asked: Window) -> ServiceSignals:
        """What is understood of a service in the part of a window that was recorded. Raises NotFoundError."""
        with self._turns.turn(self._rows(METRICS_PART)):
            return signals_of(name, asked.clip(self._header.window), self._engine, self.world)

    def survey(self, part: Part) -> Survey:
        """(what there is, what is missing, the range covered, kinds of entity). Raises SourceRefusedError."""
        window = self._header.window
        if part in (METRICS_PART, LOGS_PART, TRACES_PART):
            self.world.need(part)
            census = self._census.of(part)
            if not census.rows:
                return f"no {part.noun} inside the window", (f"no {part.noun}",), None, ()
            missing = (*holes(census, window, part.noun), *outside_note(census, part.noun))
            covered = Window(start_ns=census.first_ns, end_ns=census.last_ns + 1)
            return self._counted(part, census.rows), missing, covered, self._kinds(part)
        kind = next(kind for kind, its in PART_OF.items() if its is part)
        answer = self.objects(ObjectQuery(kind=ObjectKind(kind), window=Window(start_ns=0, end_ns=window.end_ns)))
        table = answer.data
        count = sum(map(len, (table.kubernetes, table.changes, table.alerts, table.probes, table.dependencies)))
        return f"{count} {part.noun}", answer.coverage.missing, None, ()

    def _rows(self, part: Part) -> int:
        """About how much reading `part` takes; 0 where it cannot be read, of which the reader itself will tell."""
        try:
            return self._census.of(part).rows if self.world.has(part) else 0
        except SourceRefusedError:
            return 0

    def _counted(self, part: Part, rows: int) -> str:
        if part is METRICS_PART:
            series = sum(len(group.members) for group in self.world.groups)
            return f"{rows} samples of {series} series"
        return f"{rows} {'lines' if part is LOGS_PART else 'spans'}"

    def _kinds(self, part: Part) -> tuple[EntityKind, ...]:
        if part is not METRICS_PART:
            return ()
        return tuple(sorted({group.entity.kind for group in self.world.groups}))

    def _honest(self, answer: Answer[T], asked: Window) -> Answer[T]:
        """The answer, saying also what lies outside the recording."""
        notes = beyond(asked, self._header.window)
        if not notes:
            return answer
        return replace(answer, coverage=replace(answer.coverage, missing=(*notes, *answer.coverage.missing)))

    def _clip(self, asked: Window) -> tuple[Window, bool]:
        """The part of a window that was recorded. Its end belongs to it where it is the recording's end: "now"."""
        recorded = self._header.window
        return asked.clip(recorded), asked.end_ns >= recorded.end_ns
