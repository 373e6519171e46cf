"""The team's applied knowledge, for the start of an investigation."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from compass.domain.team import TeamKnowledge
from compass.ports.chronicle import Chronicle
from compass.ports.errors import StorageError

ASK_S = 5.0
"""What a team wrote down may not hold up an investigation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """`knowledge` None: nothing was applied, or (`lost` says why) it could not be read: the investigation goes on
    without, and says so on the screen."""

    knowledge: TeamKnowledge | None = None
    lost: str = ""


async def applied_knowledge(chronicle: Chronicle, *, within_s: float = ASK_S) -> Applied:
    """What holds now, within the deadline. Never fails."""
    try:
        async with asyncio.timeout(within_s):
            return Applied(knowledge=await chronicle.team_knowledge.read())
    except (StorageError, TimeoutError) as error:
        return Applied(lost=str(error) or f"no answer within {within_s:.0f} s")
