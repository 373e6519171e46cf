"""A long text while it is read: fetched beside the keys, in lines that fit the terminal as it is now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from rich.text import Text

from compass.entrypoints.cli.conversation.errands import Errands
from compass.entrypoints.cli.conversation.named import keys_lines
from compass.entrypoints.cli.conversation.reading import Shelf, at_once, fetched, parted
from compass.entrypoints.cli.conversation.wanted import Show
from compass.entrypoints.cli.render.page import Page
from compass.investigation.commanding import Desk
from compass.ports.chronicle import Chronicle
from compass.ports.errors import CompassError

COMES = (Text("One moment …", style="dim"),)


@dataclass(slots=True)
class Reader:
    """One text at a time. `changed` is called when one came that was fetched; `lines`: the text, wrapped."""

    chronicle: Chronicle
    errands: Errands
    changed: Callable[[], None]
    lines: tuple[Text, ...] = ()
    _heights: tuple[int, ...] = ()
    _text: tuple[Text, ...] = ()
    _show: Show | None = None
    _width: int = 80

    def open(self, show: Show, desk: Desk | None, page: Page) -> None:
        """Begin to read it; without a desk there is nothing but the keys. Raises NotFoundError where it names what is
        not there."""
        lines: list[Text] | None = list(keys_lines())
        if desk is not None:
            shelf = Shelf(desk=desk, chronicle=self.chronicle, page=replace(page, full=True))
            lines = at_once(show, shelf)
            if lines is None:
                self.errands.begin(self._fetch(show, shelf))
        self._show, self._text = show, COMES if lines is None else tuple(lines)
        self.fit(page.width)

    def close(self) -> None:
        """Nobody reads any more; what is still being fetched comes for nobody."""
        self._show = None

    def fit(self, width: int, top: int = 0) -> int:
        """The terminal is that wide. Where what stood at `top` stands now."""
        at, within, before = self._place(top)
        parts = parted(self._text, width - 1)
        self._width, self._heights = width, tuple(map(len, parts))
        self.lines = tuple(part for line in parts for part in line)
        now = self._heights[at] if at < len(self._heights) else 0
        return sum(self._heights[:at]) + within * now // before

    def _place(self, top: int) -> tuple[int, int, int]:
        """(which line of the text stands there, how far within it, how high it is)."""
        for at, height in enumerate(self._heights):
            if top < height:
                return at, top, height
            top -= height
        return len(self._heights), 0, 1

    def top(self, wanted: int, rows: int) -> int:
        """The first line in sight, so that none of these rows is empty below the end."""
        return min(wanted, max(0, len(self.lines) - rows))

    async def _fetch(self, show: Show, shelf: Shelf) -> None:
        try:
            lines = await fetched(show, shelf)
        except CompassError as error:
            lines = [Text(str(error), style="yellow")]
        if self._show is show:  # else nobody waits for it any more
            self._text = tuple(lines)
            self.fit(self._width)
            self.changed()
