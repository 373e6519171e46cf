"""Write the post-mortem draft, to the terminal or to a file, all or nothing."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from compass.domain.advised import ModelAsked, ModelSent
from compass.domain.chronicle import NewEvent, Reported
from compass.domain.mechanism import Mechanism
from compass.entrypoints.cli import session
from compass.entrypoints.cli.consulting import OpenModel, no_model
from compass.entrypoints.cli.render.costs import BILLED, money
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.settings import Settings
from compass.exports.markdown import FORMAT, postmortem, prose_facts
from compass.exports.told import ModelProse, question_of, take
from compass.investigation.advising.hear import UNAVAILABLE
from compass.investigation.advising.sent import asked
from compass.ports.chronicle import Chronicle
from compass.ports.errors import BadInputError, ConfigurationError
from compass.redaction import redact


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The draft, or one line about the file it was written to; `told` is for the person beside it."""

    text: str
    told: str = ""


def write_postmortem(
    reference: str | None, output: Path | None, *, force: bool, prose: bool = False, open_model: OpenModel = no_model
) -> Written:
    """The draft itself without `output`. The report is an event of its own. Raises ConfigurationError where prose is
    wanted and no model is chosen."""
    if output is not None:
        _check_target(output, force=force)
    chosen = session.settings()

    async def work() -> Written:
        async with session.open_chronicle(chosen) as chronicle:
            loaded = await session.load(chronicle, chosen, reference)
            return await written(chronicle, chosen, loaded, output, open_model if prose else None)

    return session.run(work)


async def written(
    chronicle: Chronicle, chosen: Settings, loaded: session.Loaded, output: Path | None, open_model: OpenModel | None
) -> Written:
    """The draft of an open chronicle; `open_model` None: no prose is wanted."""
    mechanisms = session.mechanisms_for(chosen, loaded.board)
    made = await _prose(chronicle, loaded, mechanisms, open_model) if open_model is not None else None
    events = await chronicle.read(loaded.id)
    text = _redacted(postmortem(events, mechanisms, id=str(loaded.id), number=loaded.number, prose=made))
    if output is not None:
        _replace(output, text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    event = NewEvent(key=f"report/{FORMAT}/{digest}", payload=Reported(format=FORMAT, sha256=digest), actor="human")
    await chronicle.append(loaded.id, None, [event])
    told = _told(made)
    if output is None:
        return Written(text=text, told=told)
    return Written(text=f"post-mortem draft of #{loaded.number} written to {output}", told=told)


async def _prose(
    chronicle: Chronicle, loaded: session.Loaded, mechanisms: Mapping[str, Mechanism], open_model: OpenModel
) -> ModelProse:
    """What a model writes of the draft's own lines. That it fails is said in the draft and ends nothing."""
    try:
        model = await open_model(chronicle, loaded)
    except ConfigurationError as error:
        from compass.entrypoints.models import not_usable

        return ModelProse(by="the language model", failed=f"{UNAVAILABLE} ({not_usable(error)})", usd=0.0)
    if model is None:
        raise ConfigurationError("no language model is chosen", where="--prose", hint="compass llm use")
    own = f"prose/{SystemClock().now_ns()}"

    async def record(key: str, payload: ModelSent | ModelAsked) -> None:
        await chronicle.append(loaded.id, None, [NewEvent(key=key, payload=payload, actor="human")])

    try:
        facts = prose_facts(loaded.events, mechanisms, id=str(loaded.id), number=loaded.number)
        reply = await asked(model, question_of(facts), record, own, f"{own}/sent")
    finally:
        await model.aclose()
    call = reply.call
    usd = None if call.cost_usd is None and not call.reused else call.charged_usd
    if reply.value is None:
        return ModelProse(by=model.name, failed=f"{UNAVAILABLE} ({call.said})", usd=usd)
    return take(facts, reply.value, model.name, usd, call.dropped)


def _told(made: ModelProse | None) -> str:
    """What a person is told beside the draft: who wrote, and what it cost."""
    if made is None:
        return ""
    price = "at a price that is not known" if made.usd is None else money(made.usd)
    return f"prose by {made.by}: {made.failed or f'{made.dropped} sentences dropped'}; {price}. {BILLED}"


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
