"""The knowledge port: what the team learned, found again; and the embedder that finding goes by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from compass.domain.entity import EntityRef
from compass.domain.knowledge import Judgement, KnownGap, Learned, Lesson, Neighbour, PastIncident
from compass.domain.learned import Signature

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Texts to unit vectors, shape (texts, dimensions). `name` and `version` are stored with every vector: vectors of
    another embedder are never compared, and are made again.

    Constructing one loads nothing; `embed` does, and blocks: it is called off the event loop. Errors: EmbeddingError.
    """

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors: ...


class Knowledge(Protocol):
    """By team. Errors: StorageError, and where it is said EmbeddingError."""

    async def learn(self, learned: Sequence[Learned], instead_of: Collection[UUID] = ()) -> None:
        """Keep what investigations teach, each replacing what it taught before, in one transaction, in which the
        imports among `instead_of` go.

        What was derived from fewer events than what stands there replaces nothing, nor does an import what this
        database derived itself; what it derives itself replaces an import. Of an investigation that was forgotten here
        meanwhile nothing is kept, unless it is an import. A signature that says nothing leaves the one that was kept:
        retention may have erased what it came from.
        """
        ...

    async def behind(self) -> tuple[UUID, ...]:
        """Investigations that ended, or of which people said something, since they were last learned from; not those
        that were forgotten."""
        ...

    async def nearest(self, signature: Signature, limit: int = 50) -> tuple[Neighbour, ...]:
        """Past incidents whose words are nearest, nearest first; those without a vector come behind, the latest first,
        with cosine 0. Raises EmbeddingError: `incidents` has them all the same."""
        ...

    async def prepare(self) -> None:
        """Load what `nearest` would, where there is something to compare: to be done beside other work, as an embedder
        takes a while to load. Raises EmbeddingError."""
        ...

    async def embed(self, limit: int = 256) -> int:
        """Make at most `limit` of the vectors that are missing or another embedder's; how many are missing then.

        Raises EmbeddingError; what was made before stays.
        """
        ...

    async def incidents(self, limit: int = 1000) -> tuple[PastIncident, ...]:
        """Latest first."""
        ...

    async def lessons(self, entities: Sequence[EntityRef] | None = None) -> tuple[Lesson, ...]:
        """Lessons that are not undone, oldest first: all, or those about one of `entities`."""
        ...

    async def gaps(self) -> tuple[KnownGap, ...]: ...

    async def judgements(self) -> tuple[Judgement, ...]:
        """What people said of patterns, oldest first, also what was taken back."""
        ...

    async def taught(self, investigation: UUID) -> Learned | None:
        """All that one investigation teaches, also what was undone; None where it teaches nothing yet."""
        ...

    async def count(self) -> int:
        """How many past incidents there are."""
        ...

    async def forget(self, investigation: UUID) -> None:
        """Delete everything that came of one investigation: incident, lessons, gaps, judgements, vectors."""
        ...
