"""What is not understood, as a person is shown it."""

from __future__ import annotations

from compass.domain.board import Board
from compass.domain.unread import UnreadSeries
from compass.projections.view import UnreadLine, UnreadPart


def unread_part(board: Board) -> UnreadPart | None:
    """None where every series is understood, and in investigations of an older COMPASS."""
    unread = board.unread
    if unread is None:
        return None
    most = tuple(_line(board, label, one) for label, one in _labelled(board).items())
    return UnreadPart(names=unread.names, series=unread.series, moved=unread.moved, most=most)


def unread_labels(board: Board) -> dict[str, str]:
    """Labels (U1) by id of series."""
    return {one.id: label for label, one in _labelled(board).items()}


def _labelled(board: Board) -> dict[str, UnreadSeries]:
    return {f"U{at}": one for at, one in enumerate(board.unread.most, start=1)} if board.unread is not None else {}


def _line(board: Board, label: str, one: UnreadSeries) -> UnreadLine:
    read, fact = board.advice.names.get(one.id), board.advice.facts.get(one.id)
    known = read is not None and read.meaning
    return UnreadLine(
        label=label, name=one.name, entity=one.entity, text=f"{one.words} at {one.entity}", series=one.series,
        moved=one.moved, meaning=read.meaning if read is not None else "", why=read.why if read is not None else "",
        by=board.advice.readers.get(one.id, "") if known else "", sign=fact.sign if fact is not None else "",
        rejected=one.id in board.advice.rejected,
    )  # fmt: skip
