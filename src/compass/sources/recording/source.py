"""A recording as a telemetry source."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from compass.domain.entity import EntityRef
from compass.domain.incident import Incident
from compass.domain.observation import Observation
from compass.domain.telemetry import (
    Answer,
    Asked,
    Capability,
    Health,
    HealthStatus,
    LogQuery,
    Loss,
    NativeQuery,
    ObjectKind,
    ObjectQuery,
    SignalKind,
    SignalQuery,
    SpanQuery,
)
from compass.domain.time import Window
from compass.ports.clock import Deadline
from compass.ports.errors import BadInputError, SourceRefusedError
from compass.signals.catalogue import RawRule, builtin
from compass.sources.recording.header import Header, read_header
from compass.sources.recording.layout import PARTS, Part
from compass.tables.logs import LogTable
from compass.tables.objects import ObjectTable
from compass.tables.series import SeriesTable
from compass.tables.spans import SpanTable

if TYPE_CHECKING:
    from compass.signals.entities import EntityIndex
    from compass.sources.recording.answers import Answers
    from compass.sources.recording.signals import ServiceSignals

Labels = Mapping[str, str]


class RecordingSource:
    """Implements `ports.telemetry.Telemetry` on a folder. Safe to use from several threads and tasks.

    Answers are computed in worker threads; a local file has no use for a deadline, so it is not looked at.
    """

    def __init__(self, folder: Path, header: Header, metric_rules: Sequence[RawRule] = ()) -> None:
        self._folder, self._header, self._rules = folder, header, tuple(metric_rules)
        self._lock = threading.Lock()
        self._made: Answers | None = None

    @classmethod
    def open(cls, path: Path, metric_rules: Sequence[RawRule] = ()) -> RecordingSource:
        """Open the recording in `path`. Only `recording.yaml` is read now.

        `metric_rules` are a team's own rules for the signal catalogue (`signals/catalogue.yaml` describes the form).
        Raises BadInputError when it is no recording, its header is wrong or a rule is.
        """
        header = read_header(path)
        if metric_rules:
            try:
                builtin().extended(metric_rules)
            except ValueError as error:
                raise BadInputError(str(error), where="metric names", hint="see signals/catalogue.yaml") from error
        return cls(path.resolve(), header, metric_rules)

    @property
    def name(self) -> str:
        return f"recording {self._header.id}"

    @property
    def folder(self) -> Path:
        return self._folder

    def incident(self) -> Incident:
        """The incident as the page told it; `now` is the end of the recording."""
        return self._header.incident

    @cached_property
    def capabilities(self) -> frozenset[Capability]:
        """The parts the folder holds, as part names and object kinds; every signal kind where it holds metrics."""
        parts = {part.name for part in PARTS if _present(self._folder, part)}
        kinds: set[Capability] = {kind for kind in ObjectKind if kind.value in parts}
        signals: set[Capability] = set(SignalKind) if "metrics" in parts else set()
        return frozenset({*parts, *kinds, *signals})

    async def series(self, query: SignalQuery, *, deadline: Deadline) -> Answer[SeriesTable]:  # noqa: ARG002
        return await asyncio.to_thread(lambda: self._answers().series(query))

    async def logs(self, query: LogQuery, *, deadline: Deadline) -> Answer[LogTable]:  # noqa: ARG002
        return await asyncio.to_thread(lambda: self._answers().logs(query))

    async def spans(self, query: SpanQuery, *, deadline: Deadline) -> Answer[SpanTable]:  # noqa: ARG002
        return await asyncio.to_thread(lambda: self._answers().spans(query))

    async def objects(self, query: ObjectQuery, *, deadline: Deadline) -> Answer[ObjectTable]:  # noqa: ARG002
        return await asyncio.to_thread(lambda: self._answers().objects(query))

    async def check(self) -> tuple[Health, ...]:
        """One Health a part: absent parts are not connected, damaged ones lost, partly readable ones degraded."""
        return await asyncio.to_thread(lambda: tuple(self._health(part) for part in PARTS))

    def signals(self, service: str, window: Window | None = None) -> ServiceSignals:
        """What is understood of a service, and what is not and why. Blocks; raises NotFoundError with near names."""
        return self._answers().signals(service, window or self._header.window)

    def index(self) -> EntityIndex:
        """The entity index of this recording (reads it on first use)."""
        return self._answers().world.index

    def containment(self) -> tuple[tuple[EntityRef, EntityRef], ...]:
        """(child, parent): pods in workloads in services in namespaces. Where pods run is `index().node_of`."""
        return tuple((child, parent) for child, parent, kind in self.index().containment() if kind == "part_of")

    def native(self, observation: Observation) -> NativeQuery:
        return observation.query

    def streams(self, entity: EntityRef) -> tuple[Sequence[Labels], Sequence[Labels]]:
        """Labels of the log streams written by `entity` or what is in it, and those of all others."""
        return self._answers().streams(entity)

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Nothing: files are read, no server is asked."""
        return ()

    async def aclose(self) -> None:
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Release DuckDB. Safe to call twice; a later question opens it again."""
        with self._lock:
            if self._made is not None:
                self._made.close()

    def _answers(self) -> Answers:
        # DuckDB and numpy are imported with the first question: `compass --help` and a list of recordings need neither.
        from compass.sources.recording.answers import Answers

        with self._lock:
            if self._made is None:
                self._made = Answers(self._folder, self._header, builtin().extended(self._rules), self.name)
            return self._made

    def _health(self, part: Part) -> Health:
        if not _present(self._folder, part):
            return Health(
                source=self.name, part=part.name, status=HealthStatus.NOT_CONNECTED,
                detail=f"no {part.noun} were recorded", hides=part.hides,
            )  # fmt: skip
        try:
            detail, missing, covered, kinds = self._answers().survey(part)
        except SourceRefusedError as error:
            return Health(
                source=self.name,
                part=part.name,
                status=HealthStatus.LOST,
                detail=str(error),
                hides=part.hides,
                lost=(Loss(source=self.name, why=str(error), hides=part.hides),),
            )
        status = HealthStatus.DEGRADED if missing else HealthStatus.OK
        return Health(
            source=self.name, part=part.name, status=status, detail="; ".join([detail, *missing]),
            hides="; ".join(missing), covered=covered, entities=kinds,
        )  # fmt: skip


def _present(folder: Path, part: Part) -> bool:
    return any((folder / file).is_file() for file in part.files)
