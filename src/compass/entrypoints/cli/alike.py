"""An earlier incident that looked like this one and was never solved: what this one was may be what that one was."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from uuid import UUID

from compass.domain.board import Board
from compass.domain.knowledge import PastStatus
from compass.domain.learned import Cause
from compass.entrypoints.cli.asked import said_yes
from compass.ports.chronicle import Chronicle
from compass.redaction import bound

MOST_TITLE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """An incident that is unsolved to this day. `on`: its date."""

    number: int
    title: str
    on: str


async def unsolved_alike(chronicle: Chronicle, board: Board) -> tuple[Alike, ...]:
    """Those that this investigation was reminded of and nobody has solved since; what was imported has no chronicle."""
    found = []
    for similar in board.memory.similar if board.memory is not None else ():
        if similar.cause is not None or similar.source:
            continue
        taught = await chronicle.knowledge.taught(UUID(similar.investigation))
        if taught is not None and taught.incident.status is PastStatus.UNSOLVED:
            found.append(Alike(number=similar.number, title=bound(similar.title, MOST_TITLE), on=similar.at[:10]))
    return tuple(found)


def same_of(one: Alike, cause: Cause, fix: str) -> str:
    """The command that says the same of it."""
    words = ["compass", "resolve", str(one.number), "--was", cause.said or cause.mechanism]
    words += ["--mechanism", cause.mechanism or "none"]
    words += ["--at", cause.entity.name] if cause.entity is not None else []
    words += ["--fix", fix] if fix else []
    return shlex.join(words)


def without_change(cause: Cause) -> Cause:
    """The cause as it can be another incident's: what set this one off is its own."""
    return replace(cause, change="")


def was_the_same(one: Alike) -> bool:
    """Ask a person at the terminal."""
    return said_yes(
        f"#{one.number} of {one.on} ({one.title}) looked like this one and was never solved. The same? y/N ",
        left="what was said before is recorded",
    )
