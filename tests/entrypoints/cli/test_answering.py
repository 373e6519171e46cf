"""`compass answer` and the shell: what an answer shows is asked of a person, and never read out of what was pasted."""

from __future__ import annotations

import asyncio
import io
from uuid import UUID

import pytest

from compass.domain.commanded import Bearing, CommandGiven, DataGiven, DataRequested
from compass.entrypoints.cli import answering, asked, commanding
from compass.entrypoints.cli.shelling import SEVERAL, Shell
from compass.entrypoints.clock import SystemClock
from compass.storage.memory import MemoryChronicle
from tests.support.boards import WEB, theory
from tests.support.cli import Done, payloads
from tests.support.in_process import Compass, in_process
from tests.support.past import ended

ASKED = DataRequested(id="r1", hypothesis=theory("disk_full", WEB, "H1").id, question="how full is the disk?")
PASTED = ("no errors in the log", "for 5 minutes cpu was 90 %", "Support says 3 tickets", "supports TLS", "yes", "0")


@pytest.fixture
def kept() -> MemoryChronicle:
    return MemoryChronicle(clock=SystemClock())


@pytest.fixture
def opened(kept: MemoryChronicle, monkeypatch: pytest.MonkeyPatch) -> UUID:
    monkeypatch.setattr(commanding, "WORKS", frozenset())  # what is recorded is the point, not what is worked out
    return ended(kept, more=(ASKED,))


@pytest.fixture
def compass(
    kept: MemoryChronicle, opened: UUID, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Compass:
    return in_process(kept, monkeypatch, capsys)


def given(kept: MemoryChronicle, investigation: UUID) -> list[tuple[Bearing, str]]:
    found = payloads(asyncio.run(kept.read(investigation)), DataGiven)
    return [(one.bearing, one.text) for one in found]


@pytest.mark.parametrize("text", PASTED)
def test_a_script_that_does_not_say_what_it_shows_settles_nothing_and_is_told(
    compass: Compass, kept: MemoryChronicle, opened: UUID, text: str
) -> None:
    done = compass("answer", "R1", "--text", text)
    assert done.code == 0, done.said
    assert "it counts as settling nothing" in done.out
    assert given(kept, opened) == [(Bearing.SETTLES_NOTHING, text)]


@pytest.mark.parametrize("text", PASTED)
def test_the_option_alone_says_what_it_shows(compass: Compass, kept: MemoryChronicle, opened: UUID, text: str) -> None:
    for shows in ("supports", "contradicts", "nothing"):
        assert compass("answer", "R1", "--shows", shows, "--text", text).code == 0
    assert given(kept, opened) == [(bearing, text) for bearing in Bearing]


def test_several_lines_from_standard_input_are_kept_as_they_came(
    compass: Compass, kept: MemoryChronicle, opened: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = "  count\n-------\n     20\n(1 row)\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(table.encode() + b"\xff\n")))
    assert compass("answer", "R1", "--shows", "supports", "--text", "-").code == 0
    assert given(kept, opened) == [(Bearing.SUPPORTS, f"{table}\ufffd")]


@pytest.mark.parametrize(
    ("typed", "bearing"), [("1\n", Bearing.SUPPORTS), ("2\n", Bearing.CONTRADICTS), ("\n", Bearing.SETTLES_NOTHING)]
)
def test_a_person_at_the_terminal_is_asked(
    compass: Compass, kept: MemoryChronicle, opened: UUID, monkeypatch: pytest.MonkeyPatch, typed: str, bearing: Bearing
) -> None:
    monkeypatch.setattr(answering, "somebody_there", lambda: True)
    monkeypatch.setattr(asked.sys, "stdin", io.StringIO(typed))
    done = compass("answer", "R1", "--text", "no errors")
    assert "What does it show" in done.err
    assert "Nobody said" not in done.out
    assert given(kept, opened) == [(bearing, "no errors")]


@pytest.mark.parametrize(
    "words",
    [("R1 no errors",), ("R9", "--shows", "supports"), ("", "--shows", "supports"), ("R1",), ("R1", "--text", " \n"),
     ("no", "--text", "errors"), ("1", "--text", "errors")],
)  # fmt: skip
def test_what_names_no_request_or_answers_nothing_is_refused(
    compass: Compass, kept: MemoryChronicle, opened: UUID, words: tuple[str, ...]
) -> None:
    done: Done = compass("answer", *words)
    assert done.code == 2
    assert given(kept, opened) == []


def shell(investigation: UUID, *lines: str) -> list[str]:
    left, said = list(lines), list[str]()

    def read(_prompt: str) -> str:
        if not left:
            raise EOFError
        return left.pop(0)

    Shell(reference=str(investigation), say=said.append, read=read).run()
    return said


@pytest.mark.usefixtures("compass")
@pytest.mark.parametrize(
    ("picked", "bearing"),
    [("2", Bearing.CONTRADICTS), ("supports", Bearing.SUPPORTS), ("It contradicts.", Bearing.CONTRADICTS),
     ("settles nothing", Bearing.SETTLES_NOTHING), ("nothing", Bearing.SETTLES_NOTHING)],
)  # fmt: skip
def test_the_shell_asks_and_takes_a_number_or_the_words_of_an_option(
    kept: MemoryChronicle, opened: UUID, picked: str, bearing: Bearing
) -> None:
    said = shell(opened, "answer R1 no errors\nin the log", picked)
    assert any("What does it show" in one for one in said)
    assert given(kept, opened) == [(bearing, "no errors\nin the log")]


@pytest.mark.usefixtures("compass")
def test_a_number_beyond_what_was_asked_is_no_order_and_the_question_stays(kept: MemoryChronicle, opened: UUID) -> None:
    said = shell(opened, "answer R1 no errors", "4", "9", "3")
    assert sum("There are 1 to 3" in one for one in said) == 2
    events = asyncio.run(kept.read(opened))
    assert payloads(events, CommandGiven) == []
    assert given(kept, opened) == [(Bearing.SETTLES_NOTHING, "no errors")]


@pytest.mark.usefixtures("compass")
@pytest.mark.parametrize("last", [(), ("quit",)])
def test_leaving_before_it_was_said_records_nothing_and_says_so(
    kept: MemoryChronicle, opened: UUID, last: tuple[str, ...]
) -> None:
    assert "Nothing was recorded: what was asked last is still open." in shell(opened, "answer R1 no errors", *last)
    assert given(kept, opened) == []


@pytest.mark.usefixtures("compass")
@pytest.mark.parametrize("paste", ["count\n-----\n2\n", "reject 1\nstop", "2\n3", "not web\nat all"])
def test_several_lines_at_once_are_an_answer_or_nothing(kept: MemoryChronicle, opened: UUID, paste: str) -> None:
    before = len(asyncio.run(kept.read(opened)))
    assert SEVERAL in shell(opened, paste)
    assert len(asyncio.run(kept.read(opened))) == before
    shell(opened, f"answer R1 {paste}", paste, "3")
    assert given(kept, opened) == [(Bearing.SETTLES_NOTHING, paste.rstrip())], "the question stayed open"
