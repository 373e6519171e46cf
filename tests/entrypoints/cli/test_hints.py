"""What a command tells to type next acts on the investigation that it spoke of, not on the latest."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import replace
from typing import Any

import pytest

from compass.domain import chronicle as c
from compass.domain.commanded import DataRequested
from compass.domain.commands import command
from compass.domain.failure import Status
from compass.domain.mechanism import Mitigation
from compass.entrypoints.cli import session
from compass.entrypoints.cli.render.accounts import all_accounts
from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.cli.render.screen import footer, leading_details
from compass.entrypoints.cli.render.timeline import timeline_lines
from compass.entrypoints.clock import SystemClock
from compass.investigation.commanding import OrderKind, orders
from compass.projections.timeline import Moment
from compass.storage.memory import MemoryChronicle
from tests.support.boards import LEDGER, WEB, opening, theory
from tests.support.in_process import Compass, in_process
from tests.support.past import ended

HEADS = {theory("disk_full", WEB, "H1"): 0.6, theory("memory_leak", LEDGER, "H2"): 0.2}


@pytest.fixture
def kept() -> MemoryChronicle:
    return MemoryChronicle(clock=SystemClock())


@pytest.fixture
def compass(kept: MemoryChronicle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Compass:
    """#1 and #2 have ended; #2 is the latest."""
    for _ in range(2):
        ended(kept, heads=HEADS)
    return in_process(kept, monkeypatch, capsys)


def test_the_first_screen_names_another_than_the_latest_in_each_of_its_commands(compass: Compass) -> None:
    last = compass("show", "1").out.splitlines()[-1]
    named = "more: compass accounts -i 1 · why 1 -i 1 · evidence 1 -i 1 · test 1 -i 1 · timeline 1 · postmortem 1"
    assert last == named
    for same in (("show",), ("show", "2"), ("show", "-i", "#2")):
        last = compass(*same).out.splitlines()[-1]
        assert last == "more: compass accounts · why 1 · evidence 1 · test 1 · timeline · postmortem"
    assert named in compass("replay", "1").out


@pytest.mark.usefixtures("compass")
def test_on_a_terminal_whole_commands_are_left_out_and_none_is_cut() -> None:
    view = session.read_one("1").view
    assert (
        footer(view, Page(width=80, of=1234)).plain
        == "more: compass accounts -i 1234 · why 1 -i 1234 · evidence 1 -i 1234"
    )
    assert footer(view, Page(width=80, of=7)).plain.endswith("· test 1 -i 7")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("why 1 -i 1", "compass evidence E14 -i 1"),
        ("ask disk -i 1", "compass test H1 -i 1 tries harder to refute it; compass why H1 -i 1 shows its terms"),
        ("resume 1", "compass show 1; compass test N -i 1 tries harder"),
        ("review 1 --decision 3 --reason x", "compass review 1"),
    ],
)
def test_what_is_told_of_another_names_it(compass: Compass, words: str, told: str) -> None:
    done = compass(*words.split())
    assert told in " ".join((done.out + done.err).split())
    of_latest = compass(*words.replace("-i 1", "").replace("resume 1", "resume").replace("review 1", "review").split())
    assert told.replace(" -i 1", "").replace("show 1", "show").replace("review 1", "review") in " ".join(
        (of_latest.out + of_latest.err).split()
    )


def test_what_was_stopped_before_it_weighed_anything_is_gone_on_with_by_its_number(
    compass: Compass, kept: MemoryChronicle
) -> None:
    asyncio.run(stopped(kept))
    assert "no theory has been weighed; `compass resume` goes on from here" in compass("show").out
    assert compass("show").out.splitlines()[-1] == "more: compass show · timeline · postmortem"
    ended(kept)
    shown = compass("show", "3").out
    assert "no theory has been weighed; `compass resume 3` goes on from here" in shown
    assert shown.splitlines()[-1] == "more: compass show 3 · timeline 3 · postmortem 3"


async def stopped(kept: MemoryChronicle) -> None:
    made = await kept.create("Checkout is slow")
    payloads = (*opening(), c.Ended(status=Status.STOPPED, exit_code=130, said="stopped"))
    await kept.append(
        made, None, [c.NewEvent(key=f"{at}", payload=one, actor="test") for at, one in enumerate(payloads)]
    )


@pytest.mark.usefixtures("compass")
def test_lines_that_leave_something_out_say_where_it_is() -> None:
    view, page = session.read_one("1").view, Page(of=7)
    tried = Moment(ns=1, uncertainty_ns=0, text="tried", track="investigation", seq=9, detail=True)
    told = timeline_lines(view, [tried], page, every=False)[-1].plain
    assert told == "  and 1 attempts to refute: compass timeline 7 --all"
    doubtful = replace(view.accounts[0], confidence=0.2, mitigation=Mitigation(text="Undo it."))
    relief = leading_details(doubtful, page)[-1].plain
    assert relief.endswith("check first (compass accounts 1 -i 7 has one)")
    many = replace(view, accounts=tuple(replace(doubtful, rank=rank, confidence=0.001) for rank in range(1, 8)))
    assert any("(compass accounts N -i 7 shows one in full)" in one.plain for one in all_accounts(many, page))


@pytest.mark.parametrize("kind", orders(), ids=lambda kind: kind.name)
def test_each_order_has_a_command_that_the_command_line_takes(compass: Compass, kind: OrderKind[Any]) -> None:
    for words in kind.typed:
        assert words.split()[0] == kind.name
        done = compass(*shlex.split(command(words, 1))[1:])  # raises what the command line cannot read
        assert done.code in (0, 2)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("reject 77", "(compass reject N --reason WHY)"),
        ("reject 77 -i #1", "(compass reject N --reason WHY -i 1)"),
        ("look at nowhere -i 1", "(compass look at WHERE -i 1, or compass look not WHERE -i 1)"),
        ("answer R1 --shows supports -i 1", "COMPASS asks for nothing now."),
        ("answer R1 -i 1", "(compass answer R1 --text 'what you saw' -i 1)"),
        ("restore 1 -i 1", "Nothing is set aside."),
        ("pause 1", "#1 is not running (it is done)"),
    ],
)
def test_an_order_that_cannot_be_read_says_how_a_command_gives_it(compass: Compass, words: str, hint: str) -> None:
    done = compass(*words.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith(hint)


def test_an_order_with_a_request_that_waits_says_how_it_is_answered(compass: Compass, kept: MemoryChronicle) -> None:
    ended(kept, heads=HEADS, more=(DataRequested(id="r1", hypothesis=next(iter(HEADS)).id, question="how full?"),))
    done = compass("answer", "R9", "--shows", "supports")
    assert done.err.endswith("(compass answer R1 --shows supports --text 'what you saw')")


def test_who_to_escalate_to_may_be_several_words(compass: Compass) -> None:
    assert "escalated to bob of payments" in compass("escalate", "to", "bob", "of", "payments", "-i", "1").out


def test_what_runs_is_not_forgotten_and_its_number_says_how_to_stop_it(compass: Compass, kept: MemoryChronicle) -> None:
    async def busy() -> None:
        assert await kept.claim(await kept.find("1"), "another", 60.0)

    asyncio.run(busy())
    done = compass("forget", "1", "--yes")
    assert (done.code, done.out) == (2, "")
    assert done.err == "#1: a runner works on it (compass stop 1, or wait until it ends)"
