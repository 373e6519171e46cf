"""A whole investigation in this process, without a database and without anything kept from an earlier one."""

from __future__ import annotations

import asyncio
from pathlib import Path

from compass.domain.board import Board
from compass.entrypoints.settings import Settings
from compass.entrypoints.wiring import means, recording_choice
from compass.evaluation.case import board_of
from compass.evaluation.rivals import Rival, Scene
from compass.investigation.settings import Limits
from compass.sources.recording import RecordingSource


def investigated(folder: Path) -> Board:
    """The board at the end."""
    return asyncio.run(board_of(folder, lambda place: means(Settings(), recording_choice(place), Limits())))


def ranked(rival: Rival, folder: Path) -> int:
    """How many places a rival names; it knows the page only, so it has to find the onset itself."""
    source = RecordingSource.open(folder)
    incident = source.incident()
    scene = Scene(telemetry=source, incident=incident, onset_ns=incident.detected_ns, seed=1)
    found = asyncio.run(rival.rank(scene))
    source.close()
    return len(found)
