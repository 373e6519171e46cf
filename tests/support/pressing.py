"""Keys pressed against a board of three theories, without a terminal."""

from __future__ import annotations

from compass.domain.board import Orders
from compass.domain.commanded import DataRequested
from compass.entrypoints.cli.conversation.keys import Key
from compass.entrypoints.cli.conversation.meaning import press
from compass.entrypoints.cli.conversation.modes import Mode, Table, Turn, Watching
from tests.support.commanding import desk, listed

NAMED = {"\n": "enter", "\x1b": "esc", "\x04": "end", "\x7f": "backspace", "\x15": "kill"}
TABLE = Table(desk=desk())


def typed(keys: str, table: Table = TABLE, mode: Mode | None = None) -> Turn:
    """What the last of these keys came to."""
    turn = Turn(mode=mode or Watching())
    for one in keys:
        turn = press(turn.mode, Key(NAMED[one]) if one in NAMED else Key(text=one), table)
    return turn


def asking(*requests: DataRequested) -> Table:
    return Table(desk=desk(listed(orders=Orders(requested={one.id: one for one in requests}))))


def said(turn: Turn) -> str:
    return " ".join(turn.say or ())
