"""What is not understood, as a person is shown it."""

from __future__ import annotations

from compass.domain.board import Board
from compass.projections.view import UnreadLine, UnreadPart


def unread_part(board: Board) -> UnreadPart | None:
    """None where every series is understood, and in investigations of an older COMPASS."""
    unread = board.unread
    if unread is None:
        return None
    most = tuple(
        UnreadLine(
            label=f"U{at}", name=one.name, entity=one.entity, text=f"{one.words} at {one.entity}", series=one.series,
            moved=one.moved,
        )
        for at, one in enumerate(unread.most, start=1)
    )  # fmt: skip
    return UnreadPart(names=unread.names, series=unread.series, moved=unread.moved, most=most)
