"""A team's knowledge in memory: the twin for tests and dry runs, gone with the process."""

from __future__ import annotations

from compass.domain.team import TeamKnowledge
from compass.domain.team_version import TeamVersion
from compass.domain.time import to_datetime
from compass.ports.clock import Clock
from compass.ports.errors import StorageError
from compass.ports.team import OutrunError
from compass.storage.team_rows import decoded, encode, entries_in


class MemoryTeamStore:
    """Implements `compass.ports.team.TeamStore`. Content is kept encoded, as PostgreSQL keeps it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: list[tuple[TeamVersion, str]] = []

    async def latest(self) -> TeamVersion | None:
        return self._kept[-1][0] if self._kept else None

    async def read(self, number: int | None = None) -> TeamKnowledge | None:
        wanted = len(self._kept) if number is None else number
        if not 1 <= wanted <= len(self._kept):
            return None
        version, data = self._kept[wanted - 1]
        return decoded(data, version)

    async def versions(self, limit: int = 50) -> tuple[TeamVersion, ...]:
        return tuple(version for version, _ in reversed(self._kept))[:limit]

    async def apply(
        self, knowledge: TeamKnowledge, *, based_on: int, by: str, restores: int | None = None
    ) -> TeamVersion:
        """Numbers run from 1 without gaps, so that how many there are is the number of the latest."""
        data = encode(knowledge)
        if based_on and not self._kept:
            raise StorageError(f"there is no version {based_on} to build on", where="team knowledge")
        if based_on != len(self._kept):
            raise OutrunError(self._kept[-1][0], based_on)
        version = TeamVersion(
            number=based_on + 1, at=to_datetime(self._clock.now_ns()), by=by, commit=knowledge.commit,
            digest=knowledge.digest, entries=entries_in(knowledge), restores=restores,
        )  # fmt: skip
        self._kept.append((version, data))
        return version
