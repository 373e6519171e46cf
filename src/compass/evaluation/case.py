"""Run one labelled recording: the investigation as a person would run it, in memory.

Nothing here reads the truth. Where a scripted model is measured, its script carries what the model is told of it, past
the investigation, which sees replies alone.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from compass.domain.board import Board
from compass.evaluation.answer import Answer, answer_of
from compass.evaluation.models.record import Heard, ModelRecord
from compass.evaluation.models.script import Script
from compass.investigation.recorder import Listener, Recorder, show_nothing
from compass.investigation.runner import Means, investigate, open_investigation
from compass.ports.errors import CompassError
from compass.sources.recording import RecordingSource
from compass.storage.memory import MemoryChronicle

T = TypeVar("T")
Prepare = Callable[[Path], Means]
"""Gives the means for a recording. A function of a module (or a partial of one): it is called in another process."""
LEASE_S = 3600.0  # nobody else can want an investigation that lives in this process


class CaseRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `error` says why there is no answer. `seconds`: from the page to the final list, by a process that
    has imported what it needs; `peak_mb`: memory; `model`: what a scripted model did, where there was one."""

    id: str
    answer: Answer = Answer()
    seconds: float = 0.0
    peak_mb: float = 0.0
    error: str | None = None
    model: ModelRecord | None = None


def run_case(folder: Path, prepare: Prepare, scripts: Mapping[Path, Script] | None = None) -> CaseRun:
    """Investigate one recording from cold. What goes wrong on the way is in `error`: a miss, never a gap in n."""
    script = (scripts or {}).get(folder)
    heard = Heard()
    began = time.perf_counter()
    try:
        board = to_end(board_of(folder, prepare, script, heard if script is not None else show_nothing))
    except Exception as error:  # noqa: BLE001  # the boundary of a case: one defect must not hide the other results
        return CaseRun(id=folder.name, error=why(error), seconds=time.perf_counter() - began, peak_mb=peak_mb())
    seconds = time.perf_counter() - began
    return CaseRun(
        id=folder.name, answer=answer_of(board), seconds=seconds, peak_mb=peak_mb(), error=_failed(board),
        model=heard.record(board) if script is not None else None,
    )  # fmt: skip


def to_end(work: Coroutine[object, object, T]) -> T:
    """`asyncio.run` for what returns much: when that gives SIGINT back, Python writes out its task with all that it
    returned, which takes a twentieth of the time of a whole investigation."""
    found: list[T] = []

    async def main() -> None:
        found.append(await work)

    asyncio.run(main())
    return found[0]


async def board_of(
    folder: Path, prepare: Prepare, script: Script | None = None, listener: Listener = show_nothing
) -> Board:
    """The final board of an investigation of one recording. Raises CompassError for what is wrong with the input."""
    using = prepare(folder) if script is None else script.join(prepare(folder))
    incident = RecordingSource.open(folder).incident()
    chronicle = MemoryChronicle(clock=using.clock)
    recorder = Recorder(chronicle, await chronicle.create(incident.title), "evaluation", listener)
    await recorder.claim(LEASE_S)
    await open_investigation(recorder, incident, using, source_uri=f"recording:{folder.name}")
    try:
        return await investigate(recorder, using)
    finally:
        if using.model is not None:
            await using.model.aclose()


def why(error: Exception) -> str:
    """What went wrong, in words; a defect is named by its type, too."""
    return str(error) if isinstance(error, CompassError) else f"{type(error).__name__}: {error}"


def peak_mb() -> float:
    """The most memory this process has held, in MB (10^6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def _failed(board: Board) -> str | None:
    """Steps that failed with an error of their own: the answer stands, but it is not all that it should be."""
    if not board.failed:
        return None
    agent, step, error = board.failed[0]
    more = f" (and {len(board.failed) - 1} more)" if len(board.failed) > 1 else ""
    return f"{agent} failed at {step}: {error}{more}"
