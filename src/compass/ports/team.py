"""The port of a team's knowledge: versions of what was applied, none of which is ever changed."""

from __future__ import annotations

from typing import Protocol

from compass.domain.team import TeamKnowledge
from compass.domain.team_version import TeamVersion
from compass.ports.errors import StorageError


class OutrunError(StorageError):
    """Somebody else applied a version meanwhile: what this one was compared with is not what holds. Nothing was kept.

    `latest` is theirs.
    """

    def __init__(self, latest: TeamVersion, based_on: int) -> None:
        was = f"version {based_on}" if based_on else "nothing applied yet"
        super().__init__(
            f"version {latest.number} was applied by {latest.by} meanwhile, and you were shown what differs from {was}",
            where="team knowledge", hint="nothing was changed: look at compass knowledge diff, then apply again",
        )  # fmt: skip
        self.latest = latest


class TeamStore(Protocol):
    """By team. Errors: StorageError."""

    async def latest(self) -> TeamVersion | None:
        """The version that holds; None where nothing was applied yet."""
        ...

    async def read(self, number: int | None = None) -> TeamKnowledge | None:
        """What a version says, the latest where none is given, with its `version` and `commit`; None: no such one."""
        ...

    async def versions(self, limit: int = 50) -> tuple[TeamVersion, ...]:
        """Latest first."""
        ...

    async def apply(
        self, knowledge: TeamKnowledge, *, based_on: int, by: str, restores: int | None = None
    ) -> TeamVersion:
        """Keep `knowledge` as the next version after `based_on` (0: the first), which has to be the latest still.

        Raises OutrunError where it is not, and StorageError for what could not be read again.
        """
        ...
