"""The talk on a terminal of its own: keys become events, questions get answers or time out, and it ends by itself."""

from __future__ import annotations

import asyncio
import os
import pty
import termios
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.commanded import CommandGiven, DataGiven, DataRequested, Decided, ScopeSet
from compass.domain.commands import command
from compass.entrypoints.cli.conversation import modes as m
from compass.entrypoints.cli.conversation import reader
from compass.entrypoints.cli.conversation.keys import ESC, Key
from compass.entrypoints.cli.conversation.meaning import MOVED
from compass.entrypoints.cli.conversation.named import keys_lines
from compass.entrypoints.cli.conversation.pasting import KEPT
from compass.entrypoints.cli.conversation.ranks import SETTLES_S, Ranks
from compass.entrypoints.cli.conversation.reading import wrapped
from compass.entrypoints.cli.conversation.sight import Sight
from compass.entrypoints.cli.conversation.talk import BROKEN, OWED, Conversation
from compass.entrypoints.clock import SystemClock
from compass.investigation.recorder import Recorder
from compass.investigation.settings import Limits
from compass.storage.memory import MemoryChronicle
from tests.support.boards import INCIDENT, LEDGER, ORDERS, believed, opening
from tests.support.cli import payloads
from tests.support.commanding import POOL, SLOW, catalogue, listed

LIMITS = Limits(gate_s=30.0, consent_s=30.0, linger_s=0.0, pause_s=30.0)
WAITS_S = 30.0


@dataclass(slots=True)
class Sitting:
    """Somebody at a terminal. What is drawn is read away, so that nobody who draws waits."""

    talk: Conversation
    chronicle: MemoryChronicle
    recorder: Recorder
    controller: int
    end: int
    drawn: bytearray = field(default_factory=bytearray)

    def type(self, keys: str) -> None:
        os.write(self.controller, keys.encode())

    async def until(self, so: Callable[[], bool]) -> None:
        async def wait() -> None:
            while not so():  # noqa: ASYNC110  # a state of the screen has no event
                await asyncio.sleep(0.01)

        await asyncio.wait_for(wait(), WAITS_S)

    async def committed(self) -> tuple[c.Event, ...]:
        return await self.chronicle.read(self.recorder.investigation)

    def read(self) -> None:
        self.drawn += os.read(self.controller, 65536)


@pytest.fixture
async def sitting() -> AsyncIterator[Sitting]:
    controller, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 80))
    chronicle = MemoryChronicle(clock=SystemClock())
    recorder = Recorder(chronicle, await chronicle.create(INCIDENT.title), "test", lambda event: talk(event))
    await recorder.claim(60)
    with os.fdopen(os.dup(end), "w") as file:
        talk = Conversation(
            console=Console(file=file, force_terminal=True, width=80), chronicle=chronicle, recorder=recorder,
            mechanisms=catalogue(), limits=LIMITS, terminal_file=end,
        )  # fmt: skip
        seat = Sitting(talk=talk, chronicle=chronicle, recorder=recorder, controller=controller, end=end)
        asyncio.get_running_loop().add_reader(controller, seat.read)
        yield seat
        asyncio.get_running_loop().remove_reader(controller)
    os.close(controller)
    os.close(end)


def sight_fails(*_arguments: object, **_named: object) -> bool:
    raise ZeroDivisionError


async def opened(seat: Sitting) -> None:
    """An investigation that has begun."""
    await seat.recorder.append(*((f"k{at}", payload) for at, payload in enumerate(opening())), actor="test")


async def test_a_key_becomes_an_order_with_the_record_of_its_decision(sitting: Sitting) -> None:
    await opened(sitting)
    with sitting.talk:
        sitting.type("p")
        await sitting.until(lambda: bool(sitting.talk.said) and sitting.talk.idle)
        (order,) = payloads(await sitting.committed(), CommandGiven)
        (decided,) = payloads(await sitting.committed(), Decided)
        assert order.command == "pause"
        assert decided.by == "human"
        assert decided.record is not None
        assert "Paused" in sitting.talk.said[0]


async def test_orders_pressed_at_once_are_committed_in_that_order_and_add_up(sitting: Sitting) -> None:
    await opened(sitting)
    with sitting.talk:
        asked = asyncio.create_task(sitting.talk.gate(sitting.recorder.board))
        await sitting.until(lambda: bool(sitting.talk.asking.words))
        sitting.type("lorders\nnledger\np\n")
        assert await asyncio.wait_for(asked, WAITS_S) is True
        events = await sitting.committed()
        look, both = payloads(events, ScopeSet)
        assert (look.look, look.avoid) == ((ORDERS,), ())
        assert (both.look, both.avoid) == ((ORDERS,), (LEDGER,)), "the first bound still holds"
        assert [one.command for one in payloads(events, CommandGiven)] == ["pause"]


async def test_a_key_pressed_at_once_with_another_is_meant_after_it(sitting: Sitting) -> None:
    await opened(sitting)
    with sitting.talk:
        sitting.type("pp")
        await sitting.until(lambda: "Going on." in sitting.talk.said and sitting.talk.idle)
        assert [one.command for one in payloads(await sitting.committed(), CommandGiven)] == ["pause", "continue"]


async def test_nobody_at_the_gate_leaves_it_to_the_policy_and_money_to_the_first_answer(sitting: Sitting) -> None:
    await opened(sitting)
    sitting.talk.limits = replace(LIMITS, gate_s=0.0)
    with sitting.talk:
        assert await sitting.talk.gate(sitting.recorder.board) is None
        asked = asyncio.create_task(sitting.talk.consent("The budget is reached."))
        await sitting.until(lambda: bool(sitting.talk.asking.words))
        sitting.type("y")
        assert await asyncio.wait_for(asked, WAITS_S) is True
        assert sitting.talk.asking.words == ""


async def test_whoever_pressed_nothing_is_not_waited_for_and_whoever_did_leaves_with_enter(sitting: Sitting) -> None:
    await opened(sitting)

    async def never() -> Board:
        raise AssertionError("nothing was ordered")

    with sitting.talk:
        await asyncio.wait_for(sitting.talk.after(never), WAITS_S)
        sitting.talk.limits = replace(LIMITS, linger_s=WAITS_S)
        staying = asyncio.create_task(sitting.talk.after(never))
        sitting.type("?")
        await sitting.until(lambda: bytes(keys_lines()[0].plain, "utf-8") in sitting.drawn)
        assert not staying.done()
        sitting.type("\x1b")
        await sitting.until(lambda: b"Enter: leave" in sitting.drawn.rpartition(b"The keys.")[2])
        sitting.type("\n")
        await asyncio.wait_for(staying, WAITS_S)


async def test_the_terminal_is_given_back_by_an_exception_with_what_was_painted_over(
    sitting: Sitting, capsys: pytest.CaptureFixture[str]
) -> None:
    before = termios.tcgetattr(sitting.end)

    def broken() -> None:
        with sitting.talk:
            sitting.talk.tell("compass: what earlier incidents teach is not up to date")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert termios.tcgetattr(sitting.end) == before
    await sitting.until(lambda: sitting.drawn.endswith(b"\x1b[?1049l"))
    assert "not up to date" in capsys.readouterr().err


async def test_what_is_ordered_after_the_end_is_committed_before_anybody_works_on_it(sitting: Sitting) -> None:
    await opened(sitting)
    sitting.talk.limits = replace(LIMITS, linger_s=WAITS_S)
    committed: list[list[str]] = []

    async def take_up() -> Board:
        committed.append([one.command for one in payloads(await sitting.committed(), CommandGiven)])
        sitting.talk.stay.leaving = True
        return sitting.recorder.board

    with sitting.talk:
        staying = asyncio.create_task(sitting.talk.after(take_up))
        sitting.type("timage pull denied on orders\n")
        await sitting.until(lambda: isinstance(sitting.talk.mode, m.Agreeing))
        sitting.type("y")
        await asyncio.wait_for(staying, WAITS_S)
    assert committed == [["test"]]


async def test_what_reads_is_shown_and_left_and_a_number_that_is_not_there_is_said(sitting: Sitting) -> None:
    await opened(sitting)
    with sitting.talk:
        sitting.type(":timeline\n")
        await sitting.until(lambda: b"In the investigation" in sitting.drawn)
        sitting.type("q:why 7\n")
        await sitting.until(lambda: any("no account 7" in line for line in sitting.talk.said))
        assert sitting.talk.mode == m.Watching()


async def test_a_text_that_was_backed_out_of_before_it_came_does_not_come_back(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(sitting)
    read, come = sitting.chronicle.read, asyncio.Event()

    async def slow(*arguments: Any, **named: Any) -> tuple[c.Event, ...]:
        await come.wait()
        return await read(*arguments, **named)

    with sitting.talk:
        monkeypatch.setattr(sitting.chronicle, "read", slow)
        sitting.type(":timeline\n")
        await sitting.until(lambda: b"One moment" in sitting.drawn)
        sitting.type("\x1b")
        await sitting.until(lambda: sitting.talk.mode == m.Watching())
        sitting.type("?")
        await sitting.until(lambda: isinstance(sitting.talk.mode, m.Reading))
        come.set()
        await sitting.until(lambda: sitting.talk.idle)
        assert sitting.talk.reader.lines == wrapped(keys_lines(), 79)


async def test_an_order_that_cannot_be_recorded_is_said(sitting: Sitting, monkeypatch: pytest.MonkeyPatch) -> None:
    from compass.ports.errors import StorageError

    async def fails(*_arguments: object) -> tuple[c.Event, ...]:
        raise StorageError("the database is away")

    await opened(sitting)
    with sitting.talk:
        monkeypatch.setattr(sitting.chronicle, "append", fails)
        sitting.type("p")
        await sitting.until(lambda: any("It was not recorded" in line for line in sitting.talk.said))


async def test_what_was_pasted_stays_until_it_is_recorded_and_what_else_was_pasted_stays_too(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    from compass.ports.errors import StorageError

    async def fails(*_arguments: object) -> tuple[c.Event, ...]:
        raise StorageError("the database is away")

    await opened(sitting)
    requests = [DataRequested(id=f"q{at}", hypothesis="", question=f"How full is {at}?") for at in (1, 2)]
    await sitting.recorder.append(*((one.id, one) for one in requests), actor="test")
    with sitting.talk:
        sitting.type("d2second\n\x1b")
        await sitting.until(lambda: "q2" in sitting.talk.giving.drafts)
        with monkeypatch.context() as away:
            away.setattr(sitting.chronicle, "append", fails)
            sitting.type("d1first\nlines\n.\ns")
            await sitting.until(lambda: any("It was not recorded" in line for line in sitting.talk.said))
        assert KEPT in sitting.talk.said
        assert sitting.talk.giving.drafts["q1"].lines == ("first", "lines")
        sitting.type("d1.\ns")
        await sitting.until(lambda: "q1" not in sitting.talk.giving.drafts)
        (given,) = payloads(await sitting.committed(), DataGiven)
        assert (given.request, given.text) == ("q1", "first\nlines")
        assert sitting.talk.giving.drafts["q2"].lines == ("second",), "it was not sent"


async def test_a_digit_right_after_a_swap_is_not_taken_and_a_list_that_a_line_is_written_about_stands_still(
    sitting: Sitting,
) -> None:
    now = 0.0
    sitting.talk.sight.ranks = Ranks(lambda: now)
    first, swapped = listed(), believed({POOL: 0.2, SLOW: 0.5}, entities=listed().entities)

    def ranks() -> list[str]:
        assert sitting.talk.sight.desk is not None
        return [line.label for line in sitting.talk.sight.desk.listed[:2]]

    sitting.recorder.board = first
    with sitting.talk:
        sitting.talk.pressed([Key(text=":")])
        sitting.recorder.board = swapped
        sitting.talk.paint()
        assert ranks() == ["H1", "H2"], "a number may be written about it"
        sitting.talk.pressed([Key(ESC)])
        assert ranks() == ["H2", "H1"]
        sitting.talk.pressed([Key(text="1")])
        assert sitting.talk.said == (MOVED,)
        assert sitting.talk.idle, "nothing was ordered"
        now = SETTLES_S
        sitting.talk.pressed([Key(text="1")])
        assert sitting.talk.said[0].startswith("Testing deeper: H2")


async def test_an_order_right_before_the_key_that_leaves_is_committed_and_said_to_be_owed(
    sitting: Sitting, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(sitting)
    sitting.talk.limits = replace(LIMITS, linger_s=WAITS_S)
    append, taken = sitting.chronicle.append, asyncio.Event()

    async def slow(*arguments: Any, **named: Any) -> tuple[c.Event, ...]:
        await taken.wait()
        return await append(*arguments, **named)

    async def never() -> Board:
        raise AssertionError("whoever ordered it left")

    with sitting.talk:
        staying = asyncio.create_task(sitting.talk.after(never))
        sitting.type("timage pull denied on orders\n")
        await sitting.until(lambda: isinstance(sitting.talk.mode, m.Agreeing))
        monkeypatch.setattr(sitting.chronicle, "append", slow)
        sitting.type("yq")
        await sitting.until(lambda: sitting.talk.stay.leaving)
        asyncio.get_running_loop().call_soon(taken.set)
        await asyncio.wait_for(staying, WAITS_S)
    assert [one.command for one in payloads(await sitting.committed(), CommandGiven)] == ["test"]
    assert OWED.format(command("resume", sitting.talk.number)) in capsys.readouterr().err


async def sit_on(sitting: Sitting, keys: str) -> None:
    with sitting.talk:
        sitting.type(keys)
        await asyncio.wait_for(asyncio.Event().wait(), WAITS_S)


async def test_an_order_that_fails_as_nobody_expected_ends_the_conversation_with_its_terminal_given_back(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fails(*_arguments: object) -> tuple[c.Event, ...]:
        raise ZeroDivisionError

    await opened(sitting)
    before = termios.tcgetattr(sitting.end)
    monkeypatch.setattr(sitting.chronicle, "append", fails)
    with pytest.raises(ZeroDivisionError):
        await sit_on(sitting, "p")
    assert termios.tcgetattr(sitting.end) == before
    await sitting.until(lambda: sitting.drawn.endswith(b"\x1b[?1049l"))
    assert BROKEN.format(command("resume", sitting.talk.number)) in capsys.readouterr().err


async def test_what_cannot_be_painted_or_read_ends_it_too_and_is_not_written_over_the_screen(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(sitting)
    with monkeypatch.context() as broken:
        broken.setattr(reader, "at_once", sight_fails)
        with pytest.raises(ZeroDivisionError):
            await sit_on(sitting, "?")
    with monkeypatch.context() as broken:
        asyncio.get_running_loop().call_later(0.05, broken.setattr, Sight, "look", sight_fails)
        asyncio.get_running_loop().call_later(0.05, sitting.talk.tell, "something changed")
        with pytest.raises(ZeroDivisionError):
            await sit_on(sitting, "")
    assert b"Traceback" not in sitting.drawn


async def test_when_the_terminal_goes_away_nobody_is_waited_for(sitting: Sitting) -> None:
    await opened(sitting)
    sitting.talk.limits = replace(LIMITS, linger_s=WAITS_S)

    async def never() -> Board:
        raise AssertionError("nothing was ordered")

    with sitting.talk:
        sitting.type("p")
        await sitting.until(lambda: bool(sitting.talk.said) and sitting.talk.idle)
        asked = asyncio.create_task(sitting.talk.gate(sitting.recorder.board))
        await sitting.until(lambda: bool(sitting.talk.asking.words))
        sitting.talk.terminal.gone()
        assert await asyncio.wait_for(asked, WAITS_S / 2) is None
        assert await asyncio.wait_for(sitting.talk.consent("More?"), WAITS_S / 2) is None
        await asyncio.wait_for(sitting.talk.after(never), WAITS_S / 2)


async def test_who_leaves_or_answers_does_not_wait_for_a_text_that_nobody_reads_any_more(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never_comes(*_arguments: object) -> list[Text]:
        await asyncio.Event().wait()
        raise AssertionError

    async def never() -> Board:
        raise AssertionError("nothing was ordered")

    await opened(sitting)
    monkeypatch.setattr(reader, "fetched", never_comes)
    sitting.talk.limits = replace(LIMITS, linger_s=WAITS_S)
    with sitting.talk:
        asked = asyncio.create_task(sitting.talk.gate(sitting.recorder.board))
        await sitting.until(lambda: bool(sitting.talk.asking.words))
        sitting.type(":ask is it the database?\n")
        await sitting.until(lambda: b"One moment" in sitting.drawn)
        sitting.type("\x1b")
        await sitting.until(lambda: sitting.talk.mode == m.Watching())
        sitting.type("\n")
        assert await asyncio.wait_for(asked, WAITS_S / 2) is True
        staying = asyncio.create_task(sitting.talk.after(never))
        await sitting.until(lambda: sitting.talk.stay.ended)
        sitting.type("\n")
        await asyncio.wait_for(staying, WAITS_S / 2)


async def test_a_database_that_is_away_after_the_end_takes_nothing_from_the_screen(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    from compass.ports.errors import StorageError

    async def fails(*_arguments: object, **_named: object) -> tuple[c.Event, ...]:
        raise StorageError("the database is away")

    async def never() -> Board:
        raise AssertionError("nothing was ordered")

    await opened(sitting)
    sitting.talk.limits = replace(LIMITS, linger_s=WAITS_S)
    with sitting.talk, monkeypatch.context() as away:
        away.setattr(sitting.chronicle, "read", fails)
        staying = asyncio.create_task(sitting.talk.after(never))
        await sitting.until(lambda: b"cannot be read" in sitting.drawn)
        sitting.type("w")
        await sitting.until(lambda: sitting.talk.stay.touched)
        assert not staying.done()
        sitting.type("\n")
        await asyncio.wait_for(staying, WAITS_S / 2)
