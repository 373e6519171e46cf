"""What is read in a conversation: everything that can be asked for, from the same board and chronicle."""

from __future__ import annotations

import pytest
from rich.text import Text

from compass.domain.chronicle import NewEvent
from compass.entrypoints.cli.conversation import reading
from compass.entrypoints.cli.conversation.reading import Shelf, at_once, fetched, wrapped
from compass.entrypoints.cli.conversation.wanted import NAMES, Show
from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.clock import SystemClock
from compass.investigation.commanding import desk_of
from compass.ports.errors import NotFoundError
from compass.storage.memory import MemoryChronicle
from tests.support.boards import INCIDENT, opening
from tests.support.commanding import catalogue, listed

PAGE = Page(width=80, height=24, full=True)
FIRST = {
    "why": "Why H1 has 50 %", "evidence": "for (", "accounts": "H3", "cost": "No language model", "show": "WHERE",
    "timeline": "In the investigation", "status": "Working theory H1", "review": "Nothing was decided", "ask": "orders",
}  # fmt: skip
ABOUT = {"why": "H1", "evidence": "H1", "ask": "is orders out of connections?"}


async def shelf() -> Shelf:
    chronicle = MemoryChronicle(clock=SystemClock())
    id_ = await chronicle.create(INCIDENT.title)
    began = [NewEvent(key=f"k{at}", payload=payload, actor="test") for at, payload in enumerate(opening())]
    await chronicle.append(id_, None, began)
    return Shelf(desk=desk_of(listed(), catalogue(), id=str(id_), number=1), chronicle=chronicle, page=PAGE)


def test_whatever_words_ask_to_read_can_be_read() -> None:
    assert NAMES | {"keys", "said"} == reading.READS
    assert set(FIRST) == NAMES


@pytest.mark.parametrize("what", sorted(NAMES))
async def test_each_of_them_is_read_in_lines_that_fit(what: str) -> None:
    there, show = await shelf(), Show(what, ABOUT.get(what, ""))
    lines = at_once(show, there)
    fitted = wrapped(lines if lines is not None else await fetched(show, there), 79)
    assert FIRST[what] in "\n".join(line.plain for line in fitted)
    assert max(line.cell_len for line in fitted) <= 79


async def test_what_is_not_there_is_said() -> None:
    there = await shelf()
    for show in (Show("why", "9"), Show("evidence", "e999"), Show("evidence", "d9"), Show("accounts", "H77")):
        with pytest.raises(NotFoundError):
            at_once(show, there)


def test_what_goes_on_stands_below_its_text() -> None:
    line = Text("  +2.00      ×7.4  ", style="green").append("word " * 30)
    first, *more = wrapped([line], 60)
    assert first.plain.startswith("  +2.00      ×7.4  word")
    assert {len(one.plain) - len(one.plain.lstrip()) for one in more} == {19}
    narrow = wrapped([line], 40)
    assert max(one.cell_len for one in narrow) <= 40
    assert {len(one.plain) - len(one.plain.lstrip()) for one in narrow[1:]} == {2}
    assert wrapped([Text("short")], 40) == (Text("short"),)
    assert "".join(one.plain for one in wrapped([Text("x" * 100)], 40)) == "x" * 100
