"""What one task of advice is made of: questions from the board, and events from a typed reply. Both are pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.investigation.settings import Crew
from compass.ports.language_model import Question

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of one reply: events by key, and counts. `dropped`: claims citing what is not there."""

    payloads: tuple[tuple[str, c.Payload], ...] = ()
    suggested: int = 0
    entered: int = 0
    dropped: int = 0


class Adviser(Protocol[T]):
    """One task. It reads a board and never telemetry; what it returns are proposals and readings, never outcomes."""

    @property
    def id(self) -> str: ...

    @property
    def always(self) -> bool:
        """It asks everything after every round, whether or not an answer could help: to measure what asking only what
        could help saves. False in every investigation."""
        ...

    @property
    def searches(self) -> bool:
        """Its replies are for finding the answer, and nothing where there is one; other replies are for reading."""
        ...

    def questions(self, board: Board, crew: Crew) -> tuple[Question[T], ...]:
        """What to ask after the board's current round; nothing where the answer could not help."""
        ...

    def take(self, board: Board, crew: Crew, question: Question[T], value: T, by: str) -> Taken:
        """The events of one reply. `by` is the model's name, for the record. Anything may stand in `value`: every id
        and every word of it is checked here."""
        ...
