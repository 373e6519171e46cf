"""`compass knowledge init|validate|diff|apply|rollback|versions|show`: what a team wrote down, from files into use."""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path

from compass.domain.documents import KeptDocument
from compass.domain.team import TeamKnowledge
from compass.domain.team_version import TeamVersion
from compass.entrypoints import teaming
from compass.entrypoints.cli import session
from compass.entrypoints.cli.asked import said_yes
from compass.entrypoints.cli.render.output import console, say, show, show_json, tell
from compass.entrypoints.cli.render.team_files import (
    commit_lines,
    commit_words,
    difference,
    differing,
    plural,
    undocumented,
    validation,
    version_line,
    versions,
)
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.live import config
from compass.ports.errors import BadInputError, NotFoundError
from compass.team.problems import Gravity
from compass.team.reading import Reading
from compass.team.written import as_files

MOST_VERSIONS = 1000


def run_init(given: Path | None) -> int:
    """Write the example. Raises BadInputError rather than write over anything."""
    folder = teaming.folder_of(given, config())
    example = resources.files("compass.team") / "example"
    texts = {one.name: one.read_bytes() for one in example.iterdir() if one.name.endswith(".yaml")}
    there = [name for name in sorted(texts) if (folder / name).exists()]
    if there:
        raise BadInputError(f"{there[0]} is there already", where=str(folder), hint="nothing was written over")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in sorted(texts.items()):
            with (folder / name).open("xb") as out:
                out.write(data)
    except OSError as error:
        raise BadInputError(f"it cannot be written: {error.strerror}", where=str(folder)) from error
    for name in sorted(texts):
        say(str(folder / name))
    say(f"Copy and change them, then: compass knowledge validate {folder}")
    return 0


def run_validate(given: Path | None, *, as_json: bool) -> int:
    """0 where nothing has to be mended, 1 otherwise: for CI."""
    folder = teaming.folder_of(given, config())
    found = teaming.validated(folder, teaming.read_files(folder, session.settings(), SystemClock()))
    if as_json:
        show_json(found)
    else:
        show(console(), validation(found))
    return 1 if found.errors else 0


def run_diff(given: Path | None, *, as_json: bool) -> int:
    """0 also where something differs: that is no failure. 1 where the folder has to be mended first."""
    chosen = session.settings()
    folder = teaming.folder_of(given, config())
    reading = teaming.read_files(folder, chosen, SystemClock())
    if _refused(folder, reading):
        return 1
    wanted = teaming.files_of(folder, reading)

    async def work() -> teaming.Difference:
        async with session.open_chronicle(chosen) as chronicle:
            return await teaming.compared(chronicle, wanted)

    found = session.run(work)
    if as_json:
        show_json(found)
    else:
        show(console(), difference(found))
    return 0


def run_apply(given: Path | None, *, yes: bool, as_json: bool) -> int:
    """Nothing is applied of a folder in which anything has to be mended."""
    chosen = session.settings()
    folder = teaming.folder_of(given, config())
    reading = teaming.read_files(folder, chosen, SystemClock())
    if _refused(folder, reading):
        return 1
    wanted = teaming.files_of(folder, reading)
    ask = _Asking("compass knowledge apply", yes=yes, quiet=as_json)

    async def work() -> teaming.Done:
        async with session.open_chronicle(chosen) as chronicle:
            return await teaming.apply(chronicle, wanted, ask)

    return _said(session.run(work), as_json=as_json)


def run_rollback(number: int | None, *, yes: bool, as_json: bool) -> int:
    """Let version `number` (None: the one before the latest) hold again, as a version of its own. Asks first unless
    `yes`; files are not touched. Raises NotFoundError where there is no such version."""
    chosen = session.settings()
    ask = _Asking("compass knowledge rollback", yes=yes, quiet=as_json)

    async def work() -> teaming.Done:
        async with session.open_chronicle(chosen) as chronicle:
            return await teaming.rollback(chronicle.team_knowledge, number, Path.cwd(), ask)

    done = session.run(work)
    code = _said(done, as_json=as_json)
    if done.applied:
        tell("The files are as they were: git revert what should not hold, or the next apply brings it back.")
    return code


def run_versions(*, as_json: bool) -> int:
    """The MOST_VERSIONS latest, latest first. Always exit code 0: none is an answer too."""
    chosen = session.settings()

    async def work() -> tuple[tuple[TeamVersion, ...], tuple[KeptDocument, ...]]:
        async with session.open_chronicle(chosen) as chronicle:
            return await chronicle.team_knowledge.versions(MOST_VERSIONS), tuple(await chronicle.documents.kept())

    found, documents = session.run(work)
    if as_json:
        show_json(found)
    elif found:
        show(console(), versions(found))
        committing = any(one.commit for one in found) or teaming.committing(teaming.folder_of(None, config()))
        show(console(), undocumented(documents, committing=committing))
    else:
        say("nothing was applied yet: compass knowledge apply")
    return 0


def run_show(number: int | None, *, as_json: bool) -> int:
    """Raises NotFoundError where there is no such version."""
    chosen = session.settings()

    async def work() -> TeamKnowledge | None:
        async with session.open_chronicle(chosen) as chronicle:
            return await chronicle.team_knowledge.read(number)

    found = session.run(work)
    if found is None:
        what = "nothing was applied yet" if number is None else f"no version {number} of the team's knowledge"
        raise NotFoundError(what, hint="compass knowledge versions")
    if as_json:
        show_json(found)
    else:
        say(f"# version {found.version}, {commit_words(found.commit)}")
        sys.stdout.write(as_files(found))
    return 0


class _Asking:
    """Shows what would change, and asks whether it is meant."""

    def __init__(self, command: str, *, yes: bool, quiet: bool) -> None:
        self._command, self._yes, self._quiet = command, yes, quiet

    async def __call__(self, found: teaming.Difference) -> bool:
        if not self._quiet:
            show(console(), difference(found))
        if self._yes:
            return True
        if self._quiet or not sys.stdin.isatty():
            raise BadInputError("nobody can be asked whether it is meant", where=self._command, hint="--yes")
        return said_yes("Let it hold from the next investigation on? y/N ")


def _refused(folder: Path, reading: Reading) -> bool:
    """Whether it has to be mended first, which is then said; warnings do not stop anything and are said, too."""
    serious = tuple(one for one in reading.problems if one.gravity is not Gravity.NOTE)
    for problem in serious:
        tell(str(problem))
    if reading.errors:
        tell(f"compass: nothing was done: {plural(reading.errors, 'error')} in {folder}")
    return reading.errors > 0


def _said(done: teaming.Done, *, as_json: bool) -> int:
    if as_json:
        show_json(done)
        return 0
    held = f"version {done.version.number} holds" if done.version else "no version holds"
    nothing = not done.changes and not (done.documents and differing(done.documents))
    if done.applied and done.changes and done.version:
        say(f"{version_line(done.version)}: it holds from the next investigation on")
    elif not done.applied:
        say(f"nothing differs: {held}" if nothing else f"nothing was changed: {held}")
    if nothing and done.version:
        show(console(), commit_lines(done.commits, done.version.number, nothing=True))
    if done.applied and done.documents and (number := differing(done.documents)):
        say(f"{plural(number, 'document')} kept, changed or removed")
    if done.applied and done.documents and done.documents.problem:
        left = f"compass: {done.documents.unembedded} vectors are missing: {done.documents.problem}"
        tell(f"{left}; words find without, compass knowledge reembed makes them")
    return 0
