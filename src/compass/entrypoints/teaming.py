"""A team's files on their way into the database: validated, compared with what holds, kept as the next version."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from compass.domain.team import TeamKnowledge
from compass.domain.team_version import TeamVersion
from compass.entrypoints.config import Config
from compass.entrypoints.repository import origin_of
from compass.entrypoints.settings import Settings
from compass.mechanisms.loader import load_catalogue
from compass.ports.clock import Clock
from compass.ports.errors import NotFoundError
from compass.ports.team import TeamStore
from compass.team.canonical import digest_of, entries_of
from compass.team.compare import Change, differences
from compass.team.problems import Problem
from compass.team.reading import Reading, read_knowledge


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """What is wrong in a folder; `errors` of the problems have to be mended before it can be applied."""

    folder: str
    files: int
    entries: int
    errors: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """From the version that holds (`based_on`, 0: none) to a folder, or to an older version."""

    based_on: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """`version` is the one that holds now; None where there is none. `applied`: it is new."""

    applied: bool
    version: TeamVersion | None
    changes: tuple[Change, ...]


Agree = Callable[[Difference], Awaitable[bool]]
"""Shown what would change: whether it is meant."""


def folder_of(given: Path | None, chosen: Config) -> Path:
    """The folder a person names, or the one of compass.toml, which is relative to it."""
    return given if given is not None else chosen.base / chosen.knowledge.folder


def read_files(folder: Path, settings: Settings, clock: Clock) -> Reading:
    """Raises BadInputError where there is no such folder, or the mechanisms of COMPASS_MECHANISMS are wrong."""
    today = datetime.fromtimestamp(clock.now_ns() / 1e9, UTC).date()
    return read_knowledge(folder, load_catalogue(settings.mechanisms), today)


def validated(folder: Path, reading: Reading) -> Validated:
    return Validated(
        folder=str(folder), files=reading.files, entries=sum(1 for _ in entries_of(reading.knowledge)),
        errors=reading.errors, problems=reading.problems,
    )  # fmt: skip


async def compared(store: TeamStore, wanted: TeamKnowledge) -> Difference:
    """What `wanted` would change."""
    held = await store.read() or TeamKnowledge(digest=digest_of(TeamKnowledge()))
    return Difference(based_on=held.version, changes=differences(held, wanted))


async def apply(store: TeamStore, wanted: TeamKnowledge, folder: Path, agree: Agree) -> Done:
    """Keep what a folder says as the next version, where it says anything new and that is meant.

    Raises OutrunError where somebody else was quicker.
    """
    origin = origin_of(folder)
    return await _kept(store, replace(wanted, commit=origin.commit), origin.by, agree)


async def rollback(store: TeamStore, number: int | None, here: Path, agree: Agree) -> Done:
    """Let an older version hold again, as a new one: the one before the latest where none is named.

    Raises NotFoundError where there is no such version.
    """
    latest = await store.latest()
    if latest is None:
        raise NotFoundError("nothing was applied yet", hint="compass knowledge apply")
    wanted = latest.number - 1 if number is None else number
    old = await store.read(wanted)
    if old is None:
        what = f"no version {wanted}" if wanted else "no version before the first"
        raise NotFoundError(f"there is {what} of the team's knowledge", hint=f"there are 1 to {latest.number}")
    return await _kept(store, old, origin_of(here).by, agree, restores=wanted)


async def _kept(store: TeamStore, wanted: TeamKnowledge, by: str, agree: Agree, restores: int | None = None) -> Done:
    difference = await compared(store, wanted)
    if not difference.changes or not await agree(difference):
        return Done(applied=False, version=await store.latest(), changes=difference.changes)
    version = await store.apply(wanted, based_on=difference.based_on, by=by, restores=restores)
    return Done(applied=True, version=version, changes=difference.changes)
