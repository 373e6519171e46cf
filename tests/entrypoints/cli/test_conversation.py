"""`compass investigate` on a terminal, as somebody at the keyboard meets it: every key, from the first list to the end.

The gate (--ask) holds the investigation while keys are pressed, and a pause does after it: no test has to be quick.
"""

from __future__ import annotations

import re
import signal
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from compass.domain import chronicle as c
from compass.domain.commanded import (
    Bearing,
    CommandGiven,
    DataGiven,
    Decided,
    DecisionKind,
    Escalated,
    ScopeSet,
    SetAside,
)
from compass.domain.failure import Status
from compass.entrypoints.cli.conversation import modes
from compass.entrypoints.cli.conversation.keys import Key
from compass.entrypoints.cli.conversation.meaning import press as press_key
from compass.entrypoints.cli.conversation.named import KEYS
from tests.support.cli import README, Cli, payloads, plain
from tests.support.commanding import desk
from tests.support.conversation import Seat
from tests.support.courses import write_course

pytestmark = pytest.mark.xdist_group("cli")
GATE = "Enter: go on to why"
KINDS = (
    DecisionKind.DIRECTION, DecisionKind.REJECTION, DecisionKind.REJECTION, DecisionKind.THEORY, DecisionKind.SCOPE,
    DecisionKind.SCOPE, DecisionKind.SCOPE, DecisionKind.ESCALATION, DecisionKind.PAUSE, DecisionKind.GATE,
    DecisionKind.PAUSE, DecisionKind.DATA, DecisionKind.DIRECTION,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Press:
    """What is typed (or pasted), and what is drawn then. `key`: the key of README's table that is tried by it."""

    key: str
    types: str
    sees: str
    pasted: bool = False


RUNNING = (
    Press("?", "?", "The keys."),
    Press("w", "qw1", "Why H1 has"),
    Press("e", "qe1", "robust z"),
    Press("1-9", "q2", "Testing deeper: H2"),
    Press("r", "r2", "H2: why set aside?"),
    Press("r", "too far away\n", "set aside by you: too far away"),
    Press("u", "u", "Taken back: H2"),
    Press("t", "timage pull denied on orders\n", "y: add it"),
    Press("t", "n", "Nothing was added."),
    Press("t", "timage pull denied on orders\n", "y: add it"),
    Press("t", "y", "Added. I will test"),
    Press("l", "lorders\n", "only at service shop/orders"),
    Press("n", "nthe network\n", "not at network"),
    Press(":", ":look everywhere\n", "From here on: everywhere"),
    Press(":", ":HELP everything is down\n", "One thing at a time."),
    Press(":", ":timeline\n", "In the investigation"),
    Press(":", "q:status managers\n", "Impact:"),
    Press("x", "qxdba: it is the image\n", "Recorded: escalated to dba"),
    Press("Esc", "\x1b", GATE),
    Press("", "s\nyes\n", "A paste is not taken as keys", pasted=True),
    Press("p", "p", "Paused"),
    Press("Enter", "\n", "PAUSED: p goes on"),
)
ENDED = (
    Press("d", "d", "paste it; a line with only ."),
    Press("d", "orders 0/3 ImagePullBackOff\n", "orders 0/3 ImagePullBackOff", pasted=True),
    Press("Esc", "\x1b", "Kept, not sent"),
    Press("d", "d", "orders 0/3 ImagePullBackOff"),
    Press("d", ".\n", "What does it show about H3"),
    Press("d", "s", "Done: H3"),
    Press("1-9", "1", "Done: H1"),
)
STOPPING = (Press("p", "p", "Paused"), Press("Enter", "\n", "PAUSED: p goes on"), Press("s", "s", ""))
TABLE = re.compile(r"^\| (`.*?) \|", re.MULTILINE)


def readme_keys() -> set[str]:
    """Every key of the table; ranges stay ranges."""
    begins = README.read_text(encoding="utf-8").partition("| key | does |")[2].partition("\n\n")[0]
    return {key for row in TABLE.findall(begins) for key in re.findall(r"`([^`]+)`", row.replace("`-`", "-"))}


def meant_keys() -> set[str]:
    """Every printable key that begins something else than words."""
    table = modes.Table(desk=desk())
    meant = {
        one for one in string.printable.strip()
        if press_key(modes.Watching(), Key(text=one), table).mode != modes.Writing(modes.Line.SAY, one)
    }  # fmt: skip
    return (meant - set("123456789")) | {"1-9"} if meant >= set("123456789") else meant


def test_every_key_there_is_stands_in_the_table_and_is_pressed_in_the_course() -> None:
    pressed = {press.key for press in (*RUNNING, *ENDED, *STOPPING)} - {""}
    assert readme_keys() == pressed
    assert readme_keys() == {key for keys, _ in KEYS for key in keys.split()}
    assert meant_keys() - {"q"} == readme_keys() - {"Enter", "Esc"}, "q leaves, as Enter does"


def sit(cli: Cli, recording: Path) -> Seat:
    seat = Seat(cli, "investigate", "--recording", recording, "--ask", "--no-model")
    seat.sees(GATE)
    return seat


def go_through(seat: Seat, course: Sequence[Press]) -> None:
    for press in course:
        (seat.pastes if press.pasted else seat.types)(press.types, sees=press.sees)


def test_every_key_of_a_conversation_from_the_first_list_to_after_the_end(cli: Cli, tmp_path: Path) -> None:
    recording = write_course(tmp_path / "slow", [(45, 1.0), (15, 8.0)])
    seat = sit(cli, recording)
    go_through(seat, RUNNING)
    for rows, columns in ((16, 60), (24, 80)):  # made smaller, and as it was
        seat.resizes(rows, columns)
        seat.sees("PAUSED: p goes on")
    seat.types("p", sees="Going on.")
    seat.sees("Enter: leave")
    go_through(seat, ENDED)
    seat.types("\n")
    done = seat.leaves()

    assert done.code == 3
    behind = done.out.rpartition("\x1b[?1049l")[2]
    assert plain(behind).startswith("Checkout is slow  #1 · investigation inconclusive")
    assert len(plain(behind).splitlines()) <= 23
    events = cli.events()
    assert [one.commander for one in payloads(events, c.Opened)] == ["human"]
    human = [one for one in payloads(events, Decided) if one.by == "human"]
    assert [one.record.kind for one in human if one.record is not None] == list(KINDS)
    listed = [one.record for one in human if one.record is not None and one.record.kind is DecisionKind.DIRECTION]
    assert listed[0].options[0].startswith("1    33 %  H1 The slowness begins at orders"), "exactly as shown"
    assert all(record.took_s is not None for record in listed)
    assert [one.reason for one in payloads(events, SetAside)] == ["too far away", ""]
    assert [one.to for one in payloads(events, Escalated)] == ["dba"]
    assert len(payloads(events, ScopeSet)) == 3
    (given,) = payloads(events, DataGiven)
    assert (given.text, given.bearing) == ("orders 0/3 ImagePullBackOff", Bearing.SUPPORTS)
    assert len(payloads(events, c.Resumed)) == 2, "an answer and a deeper attempt took it up again"

    # Stopped by its key while it pauses, and ended by Ctrl-\\: the terminal is as it was in either case.
    stopped = sit(cli, recording)
    go_through(stopped, STOPPING)
    assert stopped.leaves().code == 130
    assert cli.list()[0].status is Status.STOPPED
    assert payloads(cli.events(), CommandGiven)[-1].command == "stop"
    *_, last = payloads(cli.events(), Decided)
    assert (last.by, last.decision) == ("human", "stop the investigation"), "no policy decided what a person did"
    ended = sit(cli, recording)
    ended.process.send_signal(signal.SIGQUIT)
    assert ended.leaves().code == 131
