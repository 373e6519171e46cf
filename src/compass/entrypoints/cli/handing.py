"""`compass knowledge export|import|push|reembed`."""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from compass.domain.knowledge import Learned
from compass.entrypoints.cli import session
from compass.entrypoints.cli.render.output import say, show_json, tell
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.documents import embed_all as embed_passages
from compass.entrypoints.learning import catch_up
from compass.entrypoints.live import config
from compass.entrypoints.retaining import EVERY
from compass.entrypoints.sharing import Imported, anonymised, embed_all, everything, from_elsewhere, take_in
from compass.exports.learned import read, written
from compass.mechanisms.loader import load_catalogue
from compass.ports.chronicle import Chronicle
from compass.ports.errors import BadInputError, StorageError
from compass.ports.replies import KeptReply
from compass.redaction.secret import Secrets

PSEUDONYMS = "key of pseudonyms"


def run_export(file: str, *, anonymise: bool) -> int:
    """Write the file as a whole or not at all."""
    learned = session.run(lambda: _learned(anonymise=anonymise))
    lines = written(learned, "", _now(), anonymised=anonymise)
    if file == "-":
        sys.stdout.buffer.writelines(lines)
        return 0
    path, part = Path(file), Path(f"{file}.part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.writelines(lines)
        part.replace(path)
    except OSError as error:
        raise BadInputError(f"it cannot be written: {error.strerror}", where=file) from error
    say(f"{len(learned)} incidents written to {path}{'' if anonymise else ', with the names of your systems'}")
    return 0


def run_import(file: Path, source: str, *, as_json: bool) -> int:
    """Raises BadInputError for a file that is none, before anything is kept of it."""
    try:
        with file.open("rb") as opened:
            _, incoming = read(opened, str(file), _now(), source or file.stem)
    except OSError as error:
        raise BadInputError(f"it cannot be read: {error.strerror}", where=str(file)) from error
    chosen = session.settings()

    async def work() -> Imported:
        async with session.open_chronicle(chosen) as chronicle:
            await catch_up(chronicle, at_once=EVERY)  # what is not derived yet cannot be known to be the same
            return await take_in(chronicle.knowledge, incoming)

    return _said(session.run(work), as_json=as_json)


def run_push(to: str, team: str, *, anonymise: bool, as_json: bool) -> int:
    """Merge into the database behind a reference. Its URL holds a password: it is named, never written."""
    url = Secrets(os.environ, config().base).get(to, "compass knowledge push").reveal()
    here = session.settings()
    there = replace(here, database_url=url, team=team)

    async def work() -> Imported:
        learned = await _learned(anonymise=anonymise)
        foreign = [from_elsewhere(one, "pushed" if anonymise else f"pushed by {here.team}") for one in learned]
        async with session.open_chronicle(there) as chronicle:
            return await take_in(chronicle.knowledge, foreign)

    return _said(session.run(work), as_json=as_json)


def run_reembed(*, as_json: bool) -> int:
    """0 when every vector is there, 1 when the embedder failed."""
    chosen = session.settings()

    async def work() -> Imported:
        async with session.open_chronicle(chosen) as chronicle:
            left, problem = await embed_all(chronicle.knowledge)
            passages, passages_problem = await embed_passages(chronicle.documents)
            left, problem = left + passages, problem or passages_problem
            known = await chronicle.knowledge.count()
            return Imported(taken=0, replaced=0, known=known, unembedded=left, problem=problem)

    found = session.run(work)
    if as_json:
        show_json(found)
    elif not found.problem:
        say(f"the words of all {found.known} incidents, and all documents, can be searched")
    if found.problem and not as_json:
        tell(f"compass: {found.unembedded} vectors are missing: {found.problem}")
    return 1 if found.problem else 0


async def _learned(*, anonymise: bool) -> tuple[Learned, ...]:
    chosen = session.settings()
    async with session.open_chronicle(chosen) as chronicle:
        await catch_up(chronicle, at_once=EVERY)
        learned = await everything(chronicle.knowledge)
        if not anonymise:
            return learned
        mechanisms = [mechanism.id for mechanism in load_catalogue(()).mechanisms]
        return anonymised(learned, await _pseudonym_key(chronicle), mechanisms)


async def _pseudonym_key(chronicle: Chronicle) -> bytes:
    """A secret of the team: the next export has the same pseudonyms, and nobody else can try names against them."""
    await chronicle.replies.keep(PSEUDONYMS, KeptReply(text=secrets.token_hex(32), model=""))
    found = await chronicle.replies.find(PSEUDONYMS)
    if found is None:
        raise StorageError("a secret that was just kept is not there", where="replies of models")
    return bytes.fromhex(found.text)


def _said(found: Imported, *, as_json: bool) -> int:
    if as_json:
        show_json(found)
        return 0
    over = f" ({found.replaced} in place of one that said less)" if found.replaced else ""
    say(f"{found.taken} incidents taken in{over}, {found.known} were known")
    if found.unembedded:
        tell(f"compass: {found.unembedded} vectors are missing: {found.problem}; compass knowledge reembed")
    return 0


def _now() -> datetime:
    return datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC)
