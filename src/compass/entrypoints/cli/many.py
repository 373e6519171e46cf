"""One recording, or a folder of them, from request to screen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from compass.domain.failure import ExitCode
from compass.entrypoints.cli import session
from compass.entrypoints.cli.investigating import Request, Result, incident_of, investigate_recording
from compass.entrypoints.cli.render.listing import NO_MODEL
from compass.entrypoints.cli.render.output import console, page, progress, show, show_json, tell
from compass.entrypoints.cli.render.screen import first_screen
from compass.entrypoints.cli.render.words import cut, percent
from compass.ports.errors import BadInputError, CompassError, ConfigurationError, NotFoundError
from compass.sources.recording.discover import find_recordings

USAGE_ERRORS = (BadInputError, ConfigurationError, NotFoundError)
SEVEREST = (ExitCode.STOPPED, ExitCode.USAGE, ExitCode.FAILED, ExitCode.INCONCLUSIVE, ExitCode.DONE)


def investigate_all(path: Path, request: Request, *, as_json: bool) -> int:
    """Investigate `path`; several recordings one after another, a line each. Returns the severest exit code."""
    folders = find_recordings(path)
    if not folders:
        raise BadInputError(
            "this is not a recording, and it holds none: no recording.yaml in it or below", where=str(path),
            hint="compass investigate --recording DIR with a folder that holds recording.yaml",
        )  # fmt: skip
    if len(folders) == 1:
        result = _one(folders[0], request)
        if as_json:
            show_json(result.view)
        else:
            out = console()
            show(out, first_screen(result.view, page(out, of=result.of)))
        return int(result.exit_code)
    return _several(folders, request, as_json=as_json)


def _one(folder: Path, request: Request) -> Result:
    incident_of(folder, request)  # what is wrong with the input is said before a server is started
    chosen = session.settings()

    async def work() -> Result:
        async with session.open_chronicle(chosen) as chronicle:
            return await investigate_recording(chronicle, chosen, folder, request)

    return session.run(work)


def _several(folders: tuple[Path, ...], request: Request, *, as_json: bool) -> int:
    codes: list[ExitCode] = []
    views = []
    out = console()
    tell(f"{len(folders)} recordings; Ctrl-C stops")
    for done, folder in enumerate(folders, start=1):
        progress(f"{done}/{len(folders)}")
        try:
            result = _one(folder, replace(request, quiet=True))
        except CompassError as error:  # one bad recording must not hide the others
            codes.append(ExitCode.USAGE if isinstance(error, USAGE_ERRORS) else ExitCode.FAILED)
            tell(f"{folder.name}: {error}")
            continue
        codes.append(result.exit_code)
        views.append(result.view)
        if not as_json:
            leader = result.view.accounts[0] if result.view.accounts else None
            said = f"{percent(leader.confidence)} {leader.claim}" if leader else result.view.said
            said = f"{NO_MODEL}; {said}" if result.view.model_lost else said
            out.print(cut(f"#{result.view.number} {folder.name}: {said}", max(60, out.width)))
        if result.exit_code is ExitCode.STOPPED:
            break
    if as_json:
        show_json(views)
    return int(next(code for code in SEVEREST if code in codes))
