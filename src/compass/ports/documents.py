"""The documents port: what a team wrote about its systems, found again by words and by meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from compass.domain.documents import Document, DocumentHead, FoundPassages, KeptDocument, Wanted


class Documents(Protocol):
    """By team. Errors: StorageError, and where it is said EmbeddingError."""

    async def change(
        self, keep: Sequence[Document] = (), drop: Sequence[str] = (), restate: Sequence[DocumentHead] = ()
    ) -> None:
        """In one transaction: `keep` replaces what stood under the same names, with its passages and vectors; `drop`
        goes with its own; of `restate` only what is said about the documents changes."""
        ...

    async def kept(self) -> tuple[KeptDocument, ...]:
        """Every document, by name."""
        ...

    async def find(self, wanted: Sequence[Wanted], limit: int = 10) -> FoundPassages:
        """At most `limit` passages for each. An embedder that fails or is slow is a `problem`: words find without."""
        ...

    async def prepare(self) -> None:
        """Load what `find` would, where there is something to find. Raises EmbeddingError."""
        ...

    async def embed(self, limit: int = 256) -> int:
        """Make at most `limit` of the vectors that are missing or another embedder's; how many are missing then.

        Raises EmbeddingError; what was made before stays.
        """
        ...
