"""Run one rival on one recording. It gets the labelled onset where there is one, which COMPASS has to find."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from compass.domain.entity import EntityRef
from compass.evaluation.case import why
from compass.evaluation.rivals import Rival, Scene
from compass.sources.recording import RecordingSource


class RivalRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run: (kind, name) of entities, best first; `error` says why there are none."""

    id: str
    rival: str
    ranked: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    error: str | None = None


def run_rival(folder: Path, rival: Rival, onsets: Mapping[Path, int | None], seeds: Mapping[Path, int]) -> RivalRun:
    """Rank the entities of one recording. What goes wrong is in `error`: a miss for the rival, as for COMPASS."""
    began = time.perf_counter()
    try:
        ranked = asyncio.run(_rank(folder, rival, onsets[folder], seeds[folder]))
    except Exception as error:  # noqa: BLE001  # as in case.run_case: one defect must not hide the other results
        return RivalRun(id=folder.name, rival=rival.id, error=why(error), seconds=time.perf_counter() - began)
    places = tuple((entity.kind.value, entity.name) for entity in ranked)
    return RivalRun(id=folder.name, rival=rival.id, ranked=places, seconds=time.perf_counter() - began)


async def _rank(folder: Path, rival: Rival, onset_ns: int | None, seed: int) -> tuple[EntityRef, ...]:
    source = RecordingSource.open(folder)
    try:
        incident = source.incident()
        at = onset_ns if onset_ns is not None else incident.detected_ns
        return await rival.rank(Scene(telemetry=source, incident=incident, onset_ns=at, seed=seed))
    finally:
        source.close()
