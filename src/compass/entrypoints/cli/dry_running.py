"""`compass knowledge dry-run`: which past incidents would have ended differently. Nothing is written anywhere."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from compass.analysis.likelihood import load_table
from compass.domain.board import Board
from compass.domain.chronicle import Event, Opened, Tombstone
from compass.domain.failure import ExitCode, Status
from compass.domain.team import TeamKnowledge
from compass.entrypoints import teaming
from compass.entrypoints.briefed import Told, mechanisms_for, mechanisms_with, rules_with
from compass.entrypoints.cli import session
from compass.entrypoints.cli.render.dry_run import dry_run_lines
from compass.entrypoints.cli.render.output import console, page, progress, show, show_json, tell
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.live import config
from compass.entrypoints.settings import Settings
from compass.entrypoints.wiring import means, recording_choice
from compass.evaluation.answer import answer_of
from compass.evaluation.case import board_of
from compass.evaluation.evaluate import label_of
from compass.evaluation.labels import load_labels
from compass.evaluation.ranks import place_of
from compass.evaluation.truth import Truth, load_truth
from compass.investigation.dry_run import (
    Effect,
    Rethought,
    cause_of,
    compared,
    deeds,
    effect_of,
    ending_of,
    unjudged,
)
from compass.investigation.rethinking import rethought
from compass.investigation.runner import Means
from compass.investigation.settings import Limits
from compass.ports.chronicle import Chronicle
from compass.ports.errors import BadInputError, CompassError, NotFoundError
from compass.projections.board import fold_all
from compass.sources.recording import RecordingSource
from compass.sources.recording.discover import find_recordings
from compass.team.problems import Gravity

MOST_LISTED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asked for. `folder` None: that of compass.toml where there is one, else what was applied."""

    folder: Path | None = None
    version: int | None = None
    last: int = 20
    recordings: tuple[Path, ...] = ()
    truth: Path | None = None
    as_json: bool = False
    fail_if_worse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """`knowledge` says which; `skipped` are (past incident, why it could not be looked at)."""

    knowledge: str
    looked_at: int
    different: int
    better: int
    worse: int
    incidents: tuple[Rethought, ...]
    skipped: tuple[tuple[str, str], ...] = ()


def run_dry(wish: Wish) -> int:
    """0, or with `fail_if_worse` 1 where anything ended worse and 3 where nothing could be looked at though there was
    something; 1 where the folder has to be mended first."""
    chosen = session.settings()
    named, team = _from_files(wish, chosen)
    if named and team is None:
        return int(ExitCode.FAILED)

    async def work() -> DryRun:
        if wish.recordings and team is not None:
            return await _over_recordings(wish, chosen, named, team)
        async with session.open_chronicle(chosen) as chronicle:
            name, knowledge = (named, team) if team is not None else await _applied(chronicle, wish.version)
            if wish.recordings:
                return await _over_recordings(wish, chosen, name, knowledge)
            return await over_past(chronicle, chosen, name, knowledge, wish.last)

    found = session.run(work)
    if wish.as_json:
        show_json(found)
    else:
        out = console()
        show(out, dry_run_lines(found, page(out, full=True)))
    if not wish.fail_if_worse:
        return int(ExitCode.DONE)
    return int(_judged(found))


def _judged(found: DryRun) -> ExitCode:
    if found.worse:
        return ExitCode.FAILED
    return ExitCode.INCONCLUSIVE if found.skipped and not found.looked_at else ExitCode.DONE


def _from_files(wish: Wish, chosen: Settings) -> tuple[str, TeamKnowledge | None]:
    """What a folder says; a name and None where it has to be mended first, "" and None where no folder is meant."""
    if wish.version is not None:
        if wish.folder is not None:
            raise BadInputError("either a folder or a version", where="--version", hint="leave one out")
        return "", None
    folder = teaming.folder_of(wish.folder, config())
    if wish.folder is None and not folder.is_dir():
        return "", None
    reading = teaming.read_files(folder, chosen, SystemClock())
    for problem in reading.problems:
        if problem.gravity is not Gravity.NOTE:
            tell(str(problem))
    if reading.errors:
        tell(f"compass: {reading.errors} of these have to be mended first")
        return str(folder), None
    return str(folder), reading.knowledge


async def _applied(chronicle: Chronicle, number: int | None) -> tuple[str, TeamKnowledge]:
    knowledge = await chronicle.team_knowledge.read(number)
    if knowledge is None:
        what = f"there is no version {number} of the team's knowledge" if number is not None else "nothing was applied"
        raise NotFoundError(what, hint="compass knowledge dry-run FOLDER")
    return f"version {knowledge.version}", knowledge


async def over_past(
    chronicle: Chronicle, chosen: Settings, name: str, team: TeamKnowledge, last: int
) -> DryRun:  # fmt: skip
    """The latest investigations of the team that have ended. The chronicle is read, and nothing else."""
    found: list[Rethought] = []
    skipped: list[tuple[str, str]] = []
    listed = [one for one in await chronicle.list(limit=MOST_LISTED) if one.status != Status.RUNNING.value]
    for number, one in enumerate(listed[:last], start=1):
        progress(f"{number}/{min(last, len(listed))}")
        events = await chronicle.read(one.id)
        why = _unusable(events)
        if why:
            skipped.append((f"#{one.number}", why))
            continue
        found.append(await asyncio.to_thread(_rethink, f"#{one.number}", events, chosen, team))
    return _summed(name, found, skipped)


def _unusable(events: tuple[Event, ...]) -> str:
    if any(isinstance(event.payload, Tombstone) for event in events):
        return "its evidence was erased"
    return "" if any(isinstance(event.payload, Opened) for event in events) else "it never began"


def _rethink(name: str, events: tuple[Event, ...], chosen: Settings, team: TeamKnowledge) -> Rethought:
    """Both endings by this engine: what differs is the knowledge alone."""
    board = fold_all(events)
    table, before_with = load_table(), mechanisms_for(chosen, board)
    now_ns = board.incident.now_ns if board.incident is not None else 0
    after_with = mechanisms_with(chosen, team, now_ns)
    before = rethought(events, board.team, before_with, table)
    after = rethought(events, team, after_with, table)
    mechanisms = {**board.advice.stated, **before_with, **after_with}
    cause = cause_of(after, mechanisms)
    return Rethought(
        name=name, title=board.incident.title if board.incident is not None else "",
        before=ending_of(before, mechanisms), after=ending_of(after, mechanisms),
        deeds=deeds(before, after, mechanisms), effect=effect_of(before, after), was=cause,
        unjudged=unjudged(before, team, after),
    )  # fmt: skip


async def _over_recordings(wish: Wish, chosen: Settings, name: str, team: TeamKnowledge) -> DryRun:
    """Whole investigations of recordings, with and without: everything is measured anew, in memory."""
    folders = list(dict.fromkeys(f for place in wish.recordings for f in find_recordings(place)))
    if not folders:
        raise BadInputError("no recording is here", where=", ".join(map(str, wish.recordings)),
                            hint="give a folder that holds recording.yaml")  # fmt: skip
    found: list[Rethought] = []
    skipped: list[tuple[str, str]] = []
    for number, folder in enumerate(folders, start=1):
        progress(f"{number}/{len(folders)}")
        try:
            found.append(await _recorded(folder, chosen, team, wish.truth))
        except CompassError as error:
            skipped.append((folder.name, str(error)))
    return _summed(name, found, skipped)


async def _recorded(folder: Path, chosen: Settings, team: TeamKnowledge, truths: Path | None) -> Rethought:
    incident = RecordingSource.open(folder).incident()
    label = label_of(folder, truths)
    truth = load_truth(label) if label is not None else None

    def prepare(told: TeamKnowledge | None) -> Means:
        rules, wrong = rules_with(config().signals, told, incident.now_ns)
        choice = recording_choice(folder, rules)
        return means(chosen, choice, Limits(), told=Told(knowledge=told, lost=wrong), now_ns=incident.now_ns)

    plain, using = prepare(None), prepare(team)
    before = await board_of(folder, lambda _folder: plain)
    after = await board_of(folder, lambda _folder: using)
    mechanisms = {**plain.crew.mechanisms, **using.crew.mechanisms}
    return Rethought(
        name=folder.name, title=incident.title, before=ending_of(before, mechanisms),
        after=ending_of(after, mechanisms), deeds=deeds(before, after, mechanisms),
        effect=_effect(before, after, truth, chosen), was=_was(truth),
    )  # fmt: skip


def _was(truth: Truth | None) -> str:
    if truth is None:
        return ""
    return f"{truth.fault_type} at {truth.accepted[0].name}" if truth.accepted else "nothing was wrong"


def _effect(before: Board, after: Board, truth: Truth | None, chosen: Settings) -> Effect:
    if truth is None:
        return Effect.UNKNOWN
    right = load_labels(session.mechanisms_of(chosen).keys(), None).get(truth.fault_type, ())
    placed = []
    for board in (before, after):
        one = place_of(answer_of(board), truth, right)
        rank = (one.diagnosis if one.diagnosis_labelled else one.entity) or MOST_LISTED
        placed.append((rank, one.confidence if one.right else 0.0))
    return compared(*placed[0], *placed[1])


def _summed(name: str, found: list[Rethought], skipped: list[tuple[str, str]]) -> DryRun:
    progress("")
    effects = [one.effect for one in found]
    return DryRun(
        knowledge=name, looked_at=len(found), different=sum(one.different for one in found),
        better=effects.count(Effect.BETTER), worse=effects.count(Effect.WORSE), incidents=tuple(found),
        skipped=tuple(skipped),
    )  # fmt: skip
