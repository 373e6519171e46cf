"""The knowledge port: what the team learned, found again; and the embedder that finding goes by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import numpy as np
import numpy.typing as npt

from compass.domain.entity import EntityRef
from compass.domain.knowledge import KnownGap, Learned, Lesson, Neighbour, PastIncident
from compass.domain.learned import Signature

Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Texts to unit vectors, shape (texts, dimensions). `name` and `version` are stored with every vector: vectors of
    another embedder are never compared, and are made again."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors: ...


class Knowledge(Protocol):
    """By team. Errors: StorageError, NotFoundError."""

    async def learn(self, learned: Sequence[Learned]) -> None:
        """Keep what investigations teach, each replacing what it taught before, in one transaction."""
        ...

    async def behind(self) -> tuple[UUID, ...]:
        """Investigations that ended, or of which people said something, since they were last learned from."""
        ...

    async def nearest(self, signature: Signature, limit: int = 50) -> tuple[Neighbour, ...]:
        """Past incidents whose words are nearest, nearest first; without pgvector or an embedder the latest ones, with
        cosine 0."""
        ...

    async def incidents(self, limit: int = 1000) -> tuple[PastIncident, ...]:
        """Latest first."""
        ...

    async def lessons(self, entities: Sequence[EntityRef] | None = None) -> tuple[Lesson, ...]:
        """Lessons that are not undone, oldest first: all, or those about one of `entities`."""
        ...

    async def gaps(self) -> tuple[KnownGap, ...]: ...

    async def count(self) -> int:
        """How many past incidents there are."""
        ...

    async def forget(self, investigation: UUID) -> None:
        """Delete everything that came of one investigation: incident, lessons, gaps, vectors."""
        ...
