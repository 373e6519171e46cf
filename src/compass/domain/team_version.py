"""A version of a team's knowledge: what was applied, when and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamVersion:
    """One `compass knowledge apply` or `rollback`. `number` counts from 1 in a team's database.

    `commit` is that of the repository it came from, with "+" where files differed from it, "" where there was none;
    `digest` that of its content (`compass.team.canonical`); `restores` the version whose content it has again.
    """

    number: int
    at: datetime
    by: str
    commit: str
    digest: str
    entries: int
    restores: int | None = None
