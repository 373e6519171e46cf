"""What was asked of servers: every request with its time, size and how it was answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Answered(StrEnum):
    """Where an answer came from."""

    SERVER = "server"
    SHARED = "shared"  # the same question was asked already, here or by another specialist
    NOT = "not"  # it failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request, or one question that needed none. `status` 0: there was no answer.

    `size`: bytes of the answer as they came, compressed or not; `ended_ns`: when, UTC.
    """

    source: str
    method: str
    path: str
    params: tuple[tuple[str, str], ...]
    answered: Answered
    status: int = 0
    size: int = 0
    seconds: float = 0.0
    error: str = ""
    ended_ns: int = 0


@dataclass(slots=True)
class Ledger:
    """All requests of one investigation, in the order they ended."""

    sent: list[Sent] = field(default_factory=list)

    def add(self, item: Sent) -> None:
        self.sent.append(item)

    @property
    def requests(self) -> int:
        """How many went to a server."""
        return sum(item.answered is not Answered.SHARED for item in self.sent)

    @property
    def size(self) -> int:
        """Bytes of all answers, as they came."""
        return sum(item.size for item in self.sent if item.answered is not Answered.SHARED)
