"""Benchmark: what 1,000 past incidents cost an investigation, as a person starts it, against a database without any."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import numpy as np

from benchmarks.base import Figure, Options, Result
from benchmarks.knowledge import texts
from compass.data import __path__ as data_path
from compass.domain.chronicle import Event
from compass.domain.knowledge import Learned, Lesson, PastStatus
from compass.domain.learned import Cause, Signature
from compass.entrypoints.clock import SystemClock
from compass.projections.board import fold_all
from compass.projections.lessons import learned_of
from compass.sources.recording.discover import find_recordings
from compass.storage.connect import connections_of, open_chronicle
from compass.storage.embedded import EmbeddedServer
from compass.storage.embedding.wordllama import WordLlama
from compass.storage.postgres import PostgresChronicle

PAST, QUICK_PAST = 1_000, 100
ROUNDS, QUICK_ROUNDS = 9, 2
FULL, EMPTY = "full", "empty"
MOMENTS = ("opened", "recalled", "first list", "end of the process")
AIM_RATIO = 1.05
COPY = """
insert into compass.investigation (team, id, number, title, status, next_seq, head_digest, opened_at, last_event_at)
select team, md5(n::text)::uuid, number + n, title, status, next_seq, head_digest, opened_at, last_event_at
from compass.investigation, generate_series(1, {n}) n;
insert into compass.event (team, investigation, seq, id, epoch, key, kind, version, actor, cause, occurred_at,
                           recorded_at, payload_digest, digest)
select team, md5(n::text)::uuid, seq, id, epoch, key, kind, version, actor, cause, occurred_at, recorded_at,
       payload_digest, digest
from compass.event, generate_series(1, {n}) n where investigation = '{of}';
insert into compass.payload (team, investigation, seq, salt, data)
select team, md5(n::text)::uuid, seq, salt, data from compass.payload, generate_series(1, {n}) n
where investigation = '{of}';
update compass.team set next_number = next_number + {n};
vacuum analyze;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Seconds since the process began, by moment; processor time of the process alone, without the database's."""

    at: dict[str, float]
    cpu_s: float


class Past:
    id = "past"
    summary = "An investigation as a person starts it, with 1,000 past incidents in the database and without any."

    def run(self, options: Options) -> Result:
        count = QUICK_PAST if options.quick else PAST
        rounds = QUICK_ROUNDS if options.quick else max(ROUNDS, options.repeats)
        recording = next(iter(find_recordings(Path(next(iter(data_path))))))
        place = Path(tempfile.mkdtemp(prefix="compass-bench-", dir="/tmp"))
        place.chmod(0o711)
        data = {name: place / name for name in (EMPTY, FULL)}
        try:
            events = asyncio.run(_prepare(data, recording, count))
            runs: dict[str, list[_Run]] = {name: [] for name in data}
            for number in range(rounds + 1):
                for name, folder in data.items():
                    run = asyncio.run(_one(folder, recording))
                    if number:  # the first of each warms the caches of database and file system
                        runs[name].append(run)
        finally:
            for folder in data.values():
                EmbeddedServer(folder, server_user=_user()).stop()
            shutil.rmtree(place, ignore_errors=True)
        return Result(
            benchmark=self.id, figures=_figures(runs),
            measured=f"{count:,} investigations of {events} events each, learned from; {rounds} runs each, in turn",
            notes=(
                "The packaged demo, a new process each time, embedded PostgreSQL that runs; no language model.",
                "Moments: when the database recorded the event, after the process began. Ratios: full / empty.",
                "The past ones are copies of one; each has words, signs and a lesson of its own about something in it.",
            ),
        )  # fmt: skip


def _figures(runs: dict[str, list[_Run]]) -> tuple[Figure, ...]:
    found = []
    for moment in MOMENTS:
        found += _compared(f"{moment}", {name: [run.at[moment] for run in own] for name, own in runs.items()})
    return (*found, *_compared("processor time", {name: [run.cpu_s for run in own] for name, own in runs.items()}))


def _compared(name: str, seconds: dict[str, list[float]]) -> list[Figure]:
    """Medians, and the ratio of each pair of neighbours in time: its median and where the middle half lies."""
    ratios = [full / empty for full, empty in zip(seconds[FULL], seconds[EMPTY], strict=True)]
    low, middle, high = (float(value) for value in np.quantile(ratios, [0.25, 0.5, 0.75]))
    return [
        *(Figure(name=f"{name}, {which}", value=statistics.median(own), unit="s") for which, own in seconds.items()),
        Figure(
            name=f"{name}, ratio (quartiles {low:.3f} to {high:.3f})", value=middle, unit="x",
            aim=f"at most {AIM_RATIO}", met=middle <= AIM_RATIO,
        ),
    ]  # fmt: skip


async def _prepare(data: dict[str, Path], recording: Path, count: int) -> int:
    """One investigation in each database, and in one of them `count` copies of it, learned from; events in each."""
    for folder in data.values():
        await (await _open(folder)).close()
        await asyncio.to_thread(_investigate, folder, recording)
    chronicle = await _open(data[FULL])
    try:
        (one,) = await chronicle.list()
        events = await chronicle.read(one.id)
        await _copy(data[FULL], one.id, count)
        taught = _taught(events, count)
        for start in range(0, count, 200):
            await chronicle.knowledge.learn(taught[start : start + 200])
        while await chronicle.knowledge.embed(256):
            pass
        behind = await chronicle.knowledge.behind()
        if set(behind) - {one.id} or await chronicle.knowledge.count() < count:
            raise RuntimeError("the copies are not learned from: what would be measured is something else")
    finally:
        await chronicle.close()
    return len(events)


async def _copy(folder: Path, of: UUID, count: int) -> None:
    _, connections = connections_of(database_url=None, data_dir=folder, server_user=_user())
    try:
        async with connections.dedicated() as connection:
            for statement in COPY.format(n=count, of=of).split(";"):
                if statement.strip():
                    await connection.execute(statement.encode())
    finally:
        await connections.close()


def _taught(events: Sequence[Event], count: int) -> list[Learned]:
    """What the copies teach: other words and signs each, and a lesson about one of the entities of the first."""
    learned = learned_of(events, 1)
    board = fold_all(events)
    if learned is None:
        raise RuntimeError("the first investigation teaches nothing")
    rng = np.random.default_rng(3)
    entities, mechanisms = board.entities, sorted({h.mechanism for h in board.hypotheses.values()})
    signs = learned.incident.signature.signs
    found = []
    for number, words in enumerate(texts(count, seed=4), 1):
        identity = UUID(_md5(number))
        kept = {key: value for key, value in signs.items() if rng.random() < 0.7}
        signature = Signature(signs=kept, services=learned.incident.signature.services, words=words)
        cause = Cause(
            mechanism=mechanisms[int(rng.integers(len(mechanisms)))], entity=entities[int(rng.integers(len(entities)))]
        )
        at = learned.incident.at - timedelta(days=float(rng.uniform(1, 700)))
        incident = replace(
            learned.incident, investigation=identity, number=number + 1, at=at, status=PastStatus.SOLVED,
            signature=signature, cause=cause, seq=events[-1].seq,
        )  # fmt: skip
        assert cause.entity is not None
        lesson = Lesson(
            id=f"#{number + 1}/for", investigation=identity, right=True, mechanism=cause.mechanism,
            entity=cause.entity, signature=signature, at=at, by="benchmark",
        )  # fmt: skip
        found.append(Learned(incident=incident, lessons=(lesson,)))
    return found


def _md5(number: int) -> str:
    import hashlib

    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()


async def _one(folder: Path, recording: Path) -> _Run:
    began, cpu_s, ended = await asyncio.to_thread(_investigate, folder, recording)
    chronicle = await _open(folder)
    try:
        (latest, *_) = await chronicle.list(limit=1)
        events = await chronicle.read(latest.id)
    finally:
        await chronicle.close()
    first = {event.kind: event.recorded_at.timestamp() for event in reversed(events)}
    moments = (first["investigation.opened"], first["memory.recalled"], first["posterior.updated"], ended)
    return _Run(at={name: at - began for name, at in zip(MOMENTS, moments, strict=True)}, cpu_s=cpu_s)


def _investigate(folder: Path, recording: Path) -> tuple[float, float, float]:
    """When the process began (Unix time), its processor time, and when it had ended."""
    command = [sys.executable, "-m", "compass.entrypoints.cli.main", "investigate", "-r", str(recording), "--no-model"]
    environment = {**os.environ, "COMPASS_DATA_DIR": str(folder)}
    environment.pop("COMPASS_DATABASE_URL", None)
    began = time.time()
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    ended = time.time()
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        raise RuntimeError(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return began, used.ru_utime + used.ru_stime, ended


async def _open(folder: Path) -> PostgresChronicle:
    return await open_chronicle(clock=SystemClock(), data_dir=folder, server_user=_user(), embedder=WordLlama())


def _user() -> str | None:
    return pwd.getpwnam("nobody").pw_name if os.geteuid() == 0 else None
