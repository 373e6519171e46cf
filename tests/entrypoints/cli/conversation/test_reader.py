"""A text that is read: it comes when it comes, fits the terminal, and comes for nobody who backed out of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from rich.text import Text

from compass.entrypoints.cli.conversation import reader as reader_module
from compass.entrypoints.cli.conversation.errands import Errands
from compass.entrypoints.cli.conversation.named import keys_lines
from compass.entrypoints.cli.conversation.reader import COMES, Reader
from compass.entrypoints.cli.conversation.reading import Shelf
from compass.entrypoints.cli.conversation.wanted import Show
from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.clock import SystemClock
from compass.ports.errors import NotFoundError, StorageError
from compass.storage.memory import MemoryChronicle
from tests.support.commanding import desk

PAGE = Page(width=80, height=24)


@dataclass
class Lamp:
    """A reader, and what is fetched when it is let come."""

    came: asyncio.Event = field(default_factory=asyncio.Event)
    changes: int = 0
    failures: list[BaseException] = field(default_factory=list)
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(MemoryChronicle(clock=SystemClock()), Errands(self.failures.append), self.changed)

    def changed(self) -> None:
        self.changes += 1

    async def fetched(self, show: Show, _shelf: Shelf) -> list[Text]:
        await self.came.wait()
        if show.what == "cost":
            raise StorageError("the database is away")
        return [Text("word " * 30)]


@pytest.fixture
def lamp(monkeypatch: pytest.MonkeyPatch) -> Lamp:
    made = Lamp()
    monkeypatch.setattr(reader_module, "fetched", made.fetched)
    return made


def plain(reader: Reader) -> str:
    return "\n".join(line.plain for line in reader.lines)


async def test_what_is_fetched_comes_later_in_lines_as_wide_as_the_terminal_is_then(lamp: Lamp) -> None:
    lamp.reader.open(Show("timeline"), desk(), PAGE)
    assert lamp.reader.lines == COMES
    lamp.reader.fit(40)
    lamp.came.set()
    await lamp.reader.errands.done()
    assert lamp.changes == 1
    assert len(lamp.reader.lines) > 1
    assert max(line.cell_len for line in lamp.reader.lines) <= 39


async def test_what_cannot_be_fetched_is_said_in_its_place(lamp: Lamp) -> None:
    lamp.reader.open(Show("cost"), desk(), PAGE)
    lamp.came.set()
    await lamp.reader.errands.done()
    assert "the database is away" in plain(lamp.reader)


async def test_what_comes_after_it_was_closed_or_something_else_was_opened_comes_for_nobody(lamp: Lamp) -> None:
    lamp.reader.open(Show("timeline"), desk(), PAGE)
    lamp.reader.close()
    lamp.reader.open(Show("keys"), desk(), PAGE)
    lamp.came.set()
    await lamp.reader.errands.done()
    assert lamp.changes == 0
    assert keys_lines()[0].plain in plain(lamp.reader)


def test_before_anything_is_open_there_are_the_keys_and_what_is_not_there_is_not_read(lamp: Lamp) -> None:
    lamp.reader.open(Show("why", "1"), None, PAGE)
    assert lamp.reader.lines[0] == keys_lines()[0]
    with pytest.raises(NotFoundError):
        lamp.reader.open(Show("why", "77"), desk(), PAGE)
    assert lamp.reader.lines[0] == keys_lines()[0]


def test_no_row_is_empty_below_the_end_of_a_text(lamp: Lamp) -> None:
    lamp.reader.open(Show("said", lines=tuple("abcdefghij")), desk(), PAGE)
    assert [lamp.reader.top(wanted, 4) for wanted in (0, 5, 6, 7, 99)] == [0, 5, 6, 6, 6]
    assert lamp.reader.top(3, 20) == 0


def test_what_is_read_stays_in_sight_when_the_terminal_gets_another_size(lamp: Lamp) -> None:
    said = tuple(f"{n} " + "word " * (7 * (n % 5)) for n in range(40))
    lamp.reader.open(Show("said", lines=said), desk(), PAGE)
    top = next(at for at, line in enumerate(lamp.reader.lines) if line.plain.startswith("31 "))
    for width in (40, 24, 132, 80):
        top = lamp.reader.fit(width, top)
        assert lamp.reader.lines[top].plain.startswith("31 ")
    assert lamp.reader.fit(80, 10**6) == len(lamp.reader.lines)
