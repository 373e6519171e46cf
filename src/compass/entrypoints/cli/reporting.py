"""Write the post-mortem draft, to the terminal or to a file, all or nothing."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from compass.domain.chronicle import NewEvent, Reported
from compass.entrypoints.cli import session
from compass.exports.markdown import FORMAT, postmortem
from compass.ports.errors import BadInputError
from compass.redaction import redact


def write_postmortem(reference: str | None, output: Path | None, *, force: bool) -> str:
    """The draft itself without `output`, else one line about the file. The report is an event of its own."""
    if output is not None:
        _check_target(output, force=force)
    chosen = session.settings()

    async def work() -> tuple[str, int]:
        async with session.open_chronicle(chosen) as chronicle:
            loaded = await session.load(chronicle, chosen, reference)
            text = _redacted(
                postmortem(loaded.events, session.mechanisms_of(chosen), id=str(loaded.id), number=loaded.number)
            )
            if output is not None:
                _replace(output, text)
            digest = hashlib.sha256(text.encode()).hexdigest()
            event = NewEvent(
                key=f"report/{FORMAT}/{digest}", payload=Reported(format=FORMAT, sha256=digest), actor="human"
            )
            await chronicle.append(loaded.id, None, [event])
            return text, loaded.number

    text, number = session.run(work)
    if output is None:
        return text
    return f"post-mortem draft of #{number} written to {output}"


def _check_target(output: Path, *, force: bool) -> None:
    if output.is_dir():
        raise BadInputError("this is a folder", where=str(output), hint="name a file, e.g. postmortem.md")
    if output.exists() and not force:
        raise BadInputError("the file exists", where=str(output), hint="--force overwrites it")
    if not output.parent.is_dir():
        raise BadInputError("the folder does not exist", where=str(output.parent), hint="create it first")


def _redacted(text: str) -> str:
    """A line at a time: the gate cuts what is very long, and a long draft is made of short lines."""
    return "\n".join(redact(line) for line in text.split("\n"))


def _replace(output: Path, text: str) -> None:
    """Write beside it and rename: an interrupted write leaves the old file or none."""
    try:
        _write(output, text)
    except OSError as error:
        raise BadInputError(f"it cannot be written: {error.strerror}", where=str(output)) from error


def _write(output: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, output)
    except OSError:
        os.unlink(name)
        raise
