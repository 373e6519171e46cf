"""Keep what investigations teach up with their chronicles, and give a run its memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from uuid import UUID

from compass.domain.knowledge import Learned
from compass.investigation.runner import Means
from compass.ports.chronicle import Chronicle
from compass.ports.errors import EmbeddingError, StorageError
from compass.projections.lessons import learned_of

AT_ONCE = 200
"""Investigations derived by one command: the first after an upgrade of a large database must not take minutes."""
BESIDE = 20
"""The same while an investigation runs."""
EMBED_AT_ONCE = 256


def remembering(prepared: Means, chronicle: Chronicle) -> Means:
    """`prepared` with the team's past and its documents, each asked once, after screening."""
    crew = replace(prepared.crew, memory=True, documents=True)
    return replace(prepared, knowledge=chronicle.knowledge, documents=chronicle.documents, crew=crew)


async def catch_up(chronicle: Chronicle, *, at_once: int = AT_ONCE) -> int:
    """Learn from every investigation that ended, or of which people said something, since: how many there were.

    A crash between a person's word and this costs nothing: the word is in the chronicle, and the next command comes by
    here. An embedder that fails costs the likeness of words only; the next command tries again. Vectors that another
    embedder made are renewed here too, so many at once.
    """
    behind = (await chronicle.knowledge.behind())[:at_once]
    found: list[Learned] = []
    if behind:
        found = [one for id_ in behind if (one := await _learned(chronicle, id_)) is not None]
        await chronicle.knowledge.learn(found)
    try:
        await chronicle.knowledge.embed(EMBED_AT_ONCE)
        await chronicle.documents.embed(EMBED_AT_ONCE)
    except EmbeddingError:
        return len(found)
    return len(found)


async def _learned(chronicle: Chronicle, investigation: UUID) -> Learned | None:
    events = await chronicle.read(investigation)
    return await asyncio.to_thread(learned_of, events, await chronicle.number(investigation))


@asynccontextmanager
async def catching_up(chronicle: Chronicle, tell: Callable[[str], None]) -> AsyncIterator[None]:
    """Load what the recall of an investigation will need, and catch up, beside it. What goes wrong is told and ends
    nothing: it is done by the next command."""

    async def work() -> None:
        for step in (
            chronicle.knowledge.prepare,
            chronicle.documents.prepare,
            partial(catch_up, chronicle, at_once=BESIDE),
        ):
            try:
                await step()
            except StorageError as error:
                tell(f"compass: what earlier incidents teach is not up to date: {error}")

    task = asyncio.create_task(work())
    try:
        yield
    finally:
        if not task.done():
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
