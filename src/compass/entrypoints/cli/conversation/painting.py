"""What is on the screen of a conversation: a list above, what is being said below, the keys in the last line. Pure."""

from __future__ import annotations

from rich.text import Text

from compass.entrypoints.cli.conversation import modes as m
from compass.entrypoints.cli.conversation.above import above, shown
from compass.entrypoints.cli.conversation.below import below, keys_row
from compass.entrypoints.cli.conversation.scene import LEAST_ABOVE, Frame, Row, Scene
from compass.entrypoints.cli.render.page import Page


def frame(scene: Scene) -> Frame:
    """The whole screen, exactly as high as the page."""
    width, height = scene.page.width, scene.page.height
    if isinstance(scene.mode, m.Reading):
        return Frame(tuple(_narrowed(row, width) for row in _reading(scene, scene.mode)), None)
    under = below(scene)
    while sum(row.height(width) for row in under) > max(1, height - LEAST_ABOVE) and len(under) > 2:
        under.pop(_least(scene.mode, len(under)))
    room = height - sum(row.height(width) for row in under)
    over = above(scene, room)[:room]
    rows = [*map(Row, over), *(Row(Text("")) for _ in range(room - len(over))), *under]
    return Frame(tuple(_narrowed(row, width) for row in rows), shown(scene, over))


def _least(mode: m.Mode, rows: int) -> int:
    """Which of the lines below goes first where there is no room for all: what was said first, while what was asked
    last and the keys stay. Of what is to be said yes to, its beginning says what it is and its end what it does."""
    return max(1, rows - 5) if isinstance(mode, m.Agreeing) and rows > 3 else 0


def _narrowed(row: Row, width: int) -> Row:
    """Nothing but what is to be copied goes over the edge."""
    if row.whole or row.text.cell_len <= width:
        return row
    text = row.text.copy()
    text.truncate(width, overflow="ellipsis")
    return Row(text)


def reading_rows(page: Page) -> int:
    """How many lines of a long text are in sight."""
    return max(1, page.height - 1)


def _reading(scene: Scene, mode: m.Reading) -> tuple[Row, ...]:
    rows = reading_rows(scene.page)
    seen = list(scene.reading[mode.top : mode.top + rows])
    more = len(scene.reading) - mode.top - len(seen)
    keys = f"Space: on ({more} more lines) · b: back · Esc: the list" if more > 0 else "b: back · Esc: the list"
    blank = [Text("")] * (rows - len(seen))
    return (*map(Row, [*seen, *blank]), keys_row(keys))
