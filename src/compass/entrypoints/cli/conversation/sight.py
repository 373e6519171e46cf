"""What a person has before them: the list as it was painted, and since when it says what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from compass.domain.board import Board
from compass.entrypoints.cli.conversation.ranks import Ranks
from compass.investigation.commanding import Desk


@dataclass(slots=True)
class Sight:
    """`lay` makes a desk of a board; `clock`: monotonic, in seconds. `desk`: what keys are decided against; None before
    there is anything."""

    lay: Callable[[Board], Desk]
    clock: Callable[[], float]
    desk: Desk | None = None
    ranks: Ranks = field(init=False)
    _shown: tuple[str, ...] = ()
    _shown_s: float | None = None

    def __post_init__(self) -> None:
        self.ranks = Ranks(self.clock)

    def look(self, board: Board, *, still: bool) -> bool:
        """Take in the board, where it is another one; whether it was. `still`: a number is awaited or may be written,
        and the list stands as it is: 2 stays what was 2."""
        if board.incident is None or (self.desk is not None and (still or self.desk.board is board)):
            return False
        self.desk = self.lay(board)
        return True

    def expect(self, desk: Desk) -> None:
        """As it will be when what was ordered is committed: the next key is meant after it."""
        self.desk = desk

    def painted(self, shown: tuple[str, ...] | None) -> None:
        """The lines of accounts as they stand on the screen now; None: no list is in sight."""
        if shown is not None and shown != self._shown:
            self._shown, self._shown_s = shown, self.clock()
        if self.desk is None:
            return
        if self.desk.shown != self._shown:
            self.desk = replace(self.desk, shown=self._shown)
        if shown is not None:
            self.ranks.painted(self.desk.listed)

    def took_s(self) -> float | None:
        """How long the list has said what it says; None where none was shown."""
        return self.clock() - self._shown_s if self._shown_s is not None else None
