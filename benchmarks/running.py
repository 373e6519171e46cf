"""A whole investigation in this process, without a database and without anything kept from an earlier one."""

from __future__ import annotations

import asyncio
from pathlib import Path

from compass.domain.board import Board
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.settings import Settings
from compass.entrypoints.wiring import means, recording_choice
from compass.evaluation.rivals import Rival, Scene
from compass.investigation.recorder import Recorder, show_nothing
from compass.investigation.runner import investigate, open_investigation
from compass.investigation.settings import Limits
from compass.sources.recording import RecordingSource
from compass.storage.memory import MemoryChronicle


def investigated(folder: Path) -> Board:
    """The board at the end."""
    return asyncio.run(_investigate(folder))


async def _investigate(folder: Path) -> Board:
    chronicle = MemoryChronicle(clock=SystemClock())
    incident = RecordingSource.open(folder).incident()
    using = means(Settings(), recording_choice(folder), Limits())
    recorder = Recorder(chronicle, await chronicle.create(incident.title), "benchmark", show_nothing)
    await recorder.claim(600)
    await open_investigation(recorder, incident, using, source_uri="recording:benchmark")
    return await investigate(recorder, using)


def ranked(rival: Rival, folder: Path) -> int:
    """How many places a rival names; it knows the page only, so it has to find the onset itself."""
    source = RecordingSource.open(folder)
    incident = source.incident()
    scene = Scene(telemetry=source, incident=incident, onset_ns=incident.detected_ns, seed=1)
    found = asyncio.run(rival.rank(scene))
    source.close()
    return len(found)
