"""Commands that take an investigation up again, in the process of the test and over one chronicle."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.entrypoints.cli import session
from compass.entrypoints.cli.investigating import Begin, Request
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.settings import Settings
from compass.entrypoints.wiring import recording_choice, runner_name
from compass.investigation.recorder import Recorder, show_nothing
from compass.investigation.runner import Means, open_investigation
from compass.investigation.settings import Limits
from compass.ports.chronicle import Chronicle
from compass.projections.board import fold_all
from compass.sources.recording import RecordingSource
from compass.storage.memory import MemoryChronicle
from tests.support.running import prepared

SLOW_QUERY = Path(__file__).resolve().parents[1] / "data" / "lab" / "lab-002"


@dataclass(frozen=True, slots=True)
class Desk:
    """A chronicle that every command opens, with one investigation."""

    chronicle: MemoryChronicle
    id: UUID

    async def board(self) -> Board:
        return fold_all(await self.chronicle.read(self.id))


def at(desk: Desk, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Commands open this chronicle, and a compass.toml that chooses nothing."""

    @asynccontextmanager
    async def opened(_chosen: Settings) -> AsyncIterator[Chronicle]:
        yield desk.chronicle

    monkeypatch.setattr(session, "open_chronicle", opened)
    (folder / "compass.toml").write_text("")
    monkeypatch.setenv("COMPASS_CONFIG", str(folder / "compass.toml"))


@dataclass(slots=True)
class Noting:
    """What a resume would run with; nothing runs."""

    request: Request | None = None
    using: Means | None = None
    model: bool | None = None

    async def run(
        self, _chronicle: object, investigation: UUID, using: Means, request: Request, _begin: object
    ) -> None:
        self.request, self.using = request, using

    async def recorded(
        self, chronicle: Chronicle, investigation: UUID, using: Means, request: Request, begin: Begin
    ) -> None:
        """The same, and what it writes first is written."""
        await self.run(chronicle, investigation, using, request, begin)
        recorder = Recorder(chronicle, investigation, runner_name(), show_nothing)
        await recorder.claim(60)
        await recorder.catch_up()
        await begin(recorder, using)
        await recorder.release()

    async def advised(self, using: Means, *_more: object, use: bool, **_named: object) -> Means:
        self.model = use
        return using


async def begun(*later: c.Payload, limits: Limits, gated: bool = False, sequential: bool = False) -> Desk:
    """An investigation of which nothing but its opening is left, and what came later."""
    chronicle = MemoryChronicle(clock=SystemClock())
    desk = Desk(chronicle, await chronicle.create("test"))
    recorder = Recorder(chronicle, desk.id, "dead", show_nothing)
    await recorder.claim(0)
    using = prepared(SLOW_QUERY, limits=limits, sequential=sequential)

    async def gate(_board: Board) -> bool:
        return True

    using = replace(using, gate=gate if gated else None)
    incident = RecordingSource.open(SLOW_QUERY).incident()
    await open_investigation(recorder, incident, using, source_uri=recording_choice(SLOW_QUERY).uri)
    await recorder.append(*((f"later/{at}", one) for at, one in enumerate(later)), actor="test")
    return desk
