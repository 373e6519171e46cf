"""Replies of language models that the team keeps: what was read once is not asked, or paid for, again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReply:
    """`text` is the JSON of a typed reply, after the gate; `model` is "provider:model".

    `at` is when it was kept, set by whoever keeps it.
    """

    text: str
    model: str
    at: datetime | None = None


class Replies(Protocol):
    """By the id of the call: a digest of prompt, model, reply type and prompt version. What series mean is kept by the
    series as well (`series_key`). Errors: StorageError."""

    async def find(self, key: str) -> KeptReply | None: ...

    async def find_all(self, keys: Sequence[str]) -> Mapping[str, KeptReply]:
        """Those of `keys` that are kept, in one request."""
        ...

    async def keep(self, key: str, reply: KeptReply) -> None:
        """The first reply of a key stays: the same question has one answer for everybody."""
        ...
