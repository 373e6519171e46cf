"""A team's files on their way into the database: validated, compared with what holds, kept as the next version."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from compass.domain.documents import DocumentsChange
from compass.domain.team import TeamKnowledge
from compass.domain.team_version import TeamVersion
from compass.entrypoints.config import Config
from compass.entrypoints.documents import ReadDocuments, compare, keep, read_folder, root_of
from compass.entrypoints.repository import origin_of
from compass.entrypoints.settings import Settings
from compass.mechanisms.loader import load_catalogue
from compass.ports.chronicle import Chronicle
from compass.ports.clock import Clock
from compass.ports.errors import BadInputError, NotFoundError
from compass.ports.team import TeamStore
from compass.team.canonical import digest_of, entries_of
from compass.team.compare import Change, differences
from compass.team.folder import DOCUMENTS
from compass.team.problems import Gravity, Problem
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
class Files:
    """What a folder says: its knowledge, and its documents where it has a folder of them. `gone`: it has none (any
    more: git removes one with its last file), so that what was kept of it goes, and `documents` are none."""

    folder: Path
    knowledge: TeamKnowledge
    documents: ReadDocuments | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Commits:
    """`now` is what the folder's repository is at, with "+" where files of the folder differ from it, "" where there is
    none; `uncommitted` are those files, documents too. `held` is the commit of the version that holds."""

    now: str = ""
    uncommitted: tuple[str, ...] = ()
    held: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """From the version that holds (`based_on`, 0: none) to a folder, or to an older version. Documents have no
    versions; `documents` None: the folder holds none."""

    based_on: int
    changes: tuple[Change, ...]
    documents: DocumentsChange | None = None
    commits: Commits = Commits()

    @property
    def nothing(self) -> bool:
        found = self.documents
        return not self.changes and not (found and (found.added or found.changed or found.removed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """`version` is the one that holds now; None where there is none. `applied`: something was changed."""

    applied: bool
    version: TeamVersion | None
    changes: tuple[Change, ...]
    documents: DocumentsChange | None = None
    commits: Commits = Commits()


Agree = Callable[[Difference], Awaitable[bool]]
"""Shown what would change: whether it is meant."""


def folder_of(given: Path | None, chosen: Config) -> Path:
    """The folder a person names, or the one of compass.toml, which is relative to it."""
    return given if given is not None else chosen.base / chosen.knowledge.folder


def committing(folder: Path) -> bool:
    """Whether the folder is in a repository that has a commit."""
    return bool(origin_of(folder).commit)


def read_files(folder: Path, settings: Settings, clock: Clock) -> Reading:
    """Raises BadInputError where there is no such folder, or the mechanisms of COMPASS_MECHANISMS are wrong."""
    today = datetime.fromtimestamp(clock.now_ns() / 1e9, UTC).date()
    return read_knowledge(folder, load_catalogue(settings.mechanisms), today)


def validated(folder: Path, reading: Reading) -> Validated:
    """With what is wrong with the documents, which are read as they would be applied."""
    problems = reading.problems
    try:
        files_of(folder, reading)
    except BadInputError as error:
        problems = (*problems, Problem(path=DOCUMENTS, line=0, what=error.what))
    return Validated(
        folder=str(folder), files=reading.files, entries=sum(1 for _ in entries_of(reading.knowledge)),
        errors=sum(one.gravity is Gravity.ERROR for one in problems), problems=problems,
    )  # fmt: skip


def files_of(folder: Path, reading: Reading) -> Files:
    """With the documents below the folder. Raises BadInputError where one of them is wrong."""
    below = folder / DOCUMENTS
    if below.is_dir():
        return Files(folder=folder, knowledge=reading.knowledge, documents=read_folder(below))
    if below.is_symlink() or below.exists():  # to a place that is not there now, perhaps: nothing is known of it
        return Files(folder=folder, knowledge=reading.knowledge)
    none = ReadDocuments(documents={}, roots=(root_of(below),))
    return Files(folder=folder, knowledge=reading.knowledge, documents=none, gone=True)


async def compared(chronicle: Chronicle, wanted: Files) -> Difference:
    """What `wanted` would change."""
    found, origin = await _difference(chronicle.team_knowledge, wanted.knowledge), origin_of(wanted.folder)
    commits = replace(found.commits, now=origin.commit, uncommitted=origin.uncommitted)
    found = replace(found, commits=commits)
    if wanted.documents is None:
        return found
    documents = compare(await chronicle.documents.kept(), wanted.documents)
    return found if wanted.gone and not documents.removed else replace(found, documents=documents)


async def apply(chronicle: Chronicle, wanted: Files, agree: Agree) -> Done:
    """Keep what a folder says as the next version, and its documents, where it says anything new and that is meant.

    The knowledge comes first: whoever was outrun has changed no document either. What a crash leaves between the two is
    done by the next call. Raises OutrunError where somebody else was quicker.
    """
    found, store = await compared(chronicle, wanted), chronicle.team_knowledge
    version, documents = await store.latest(), found.documents
    if found.nothing and wanted.documents is not None:  # they may have been committed since
        await keep(chronicle.documents, wanted.documents)
    if found.nothing or not await agree(found):
        return Done(
            applied=False, version=version, changes=found.changes, documents=documents, commits=found.commits
        )  # fmt: skip
    if found.changes:
        origin = origin_of(wanted.folder)  # as it is now: whoever was asked may have committed meanwhile
        knowledge = replace(wanted.knowledge, commit=origin.commit)
        version = await store.apply(knowledge, based_on=found.based_on, by=origin.by)
    if wanted.documents is not None and found.documents is not None:
        documents = await keep(chronicle.documents, wanted.documents)
    return Done(applied=True, version=version, changes=found.changes, documents=documents, commits=found.commits)


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
    found = await _difference(store, old)
    if found.nothing or not await agree(found):
        return Done(applied=False, version=latest, changes=found.changes)
    version = await store.apply(old, based_on=found.based_on, by=origin_of(here).by, restores=wanted)
    return Done(applied=True, version=version, changes=found.changes)


async def _difference(store: TeamStore, wanted: TeamKnowledge) -> Difference:
    held = await store.read() or TeamKnowledge(digest=digest_of(TeamKnowledge()))
    return Difference(
        based_on=held.version, changes=differences(held, wanted), commits=Commits(held=held.commit)
    )  # fmt: skip
