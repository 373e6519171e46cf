"""`compass investigate` on a terminal, as somebody at the keyboard meets it: every key, from the first list to the end.

The gate (--ask) holds the investigation while keys are pressed, and a pause does after it: no test has to be quick.
"""

from __future__ import annotations

import signal
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
from tests.support.cli import Cli, payloads, plain
from tests.support.conversation import Seat
from tests.support.courses import write_course

pytestmark = pytest.mark.xdist_group("cli")
GATE = "Enter: go on to why"
KINDS = (
    DecisionKind.DIRECTION, DecisionKind.REJECTION, DecisionKind.REJECTION, DecisionKind.THEORY, DecisionKind.SCOPE,
    DecisionKind.SCOPE, DecisionKind.SCOPE, DecisionKind.ESCALATION, DecisionKind.PAUSE, DecisionKind.GATE,
    DecisionKind.PAUSE, DecisionKind.DATA, DecisionKind.DIRECTION,
)  # fmt: skip


def sit(cli: Cli, recording: Path) -> Seat:
    seat = Seat(cli, "investigate", "--recording", recording, "--ask", "--no-model")
    seat.sees(GATE)
    return seat


def talk_through(seat: Seat) -> None:
    """Every key while it runs."""
    seat.types("?", sees="The keys.")
    seat.types("qw1", sees="Why H1 has")
    seat.types("qe1", sees="robust z")
    seat.types("q2", sees="Testing deeper: H2")
    seat.types("r2", sees="Why (Enter: no reason)")
    seat.types("too far away\n", sees="set aside by you: too far away")
    seat.types("u", sees="Taken back: H2")
    seat.types("timage pull failure on orders\n", sees="y: add it")
    seat.types("n", sees="Nothing was added.")
    seat.types("timage pull failure on orders\n", sees="y: add it")
    seat.types("y", sees="Added. I will test")
    seat.types("lorders\n", sees="only at service shop/orders")
    seat.types("nthe network\n", sees="not at network")
    seat.types(":look everywhere\n", sees="From here on: everywhere")
    seat.types(":HELP everything is down\n", sees="One thing at a time.")
    seat.types("xdba: it is the image\n", sees="Recorded: escalated to dba")
    seat.types("\x1b", sees=GATE)
    seat.pastes("s\nyes\n", sees="A paste is not taken as keys")
    seat.types("p", sees="Paused")
    seat.types("\n", sees="PAUSED: p goes on")
    seat.resizes(16, 60)
    seat.sees("PAUSED: p goes on")
    seat.resizes(24, 80)
    seat.sees("PAUSED: p goes on")
    seat.types("p", sees="Going on.")


def test_every_key_of_a_conversation_from_the_first_list_to_after_the_end(cli: Cli, tmp_path: Path) -> None:
    recording = write_course(tmp_path / "slow", [(45, 1.0), (15, 8.0)])
    seat = sit(cli, recording)
    talk_through(seat)
    seat.sees("Enter: leave")
    seat.types("d", sees="kubectl get pods,events -n shop -o wide")
    seat.pastes("orders 0/3 ImagePullBackOff\n", sees="orders 0/3 ImagePullBackOff")
    seat.types(".\n", sees="What does it show about H3")
    seat.types("s", sees="Recorded: it supports H3")
    seat.sees("Enter: leave")
    seat.types("1", sees="Done: H1")
    seat.types("\n")
    done = seat.leaves()

    assert done.code == 3
    behind = done.out.rpartition("\x1b[?1049l")[2]
    assert plain(behind).startswith("Checkout is slow  #1 · investigation inconclusive")
    assert len(plain(behind).splitlines()) <= 23
    events = cli.events()
    human = [one for one in payloads(events, Decided) if one.by == "human"]
    assert [one.record.kind for one in human if one.record is not None] == list(KINDS)
    listed = [one.record for one in human if one.record is not None and one.record.kind is DecisionKind.DIRECTION]
    assert listed[0].options[0].startswith("1    33 %  H1 The slowness begins at orders"), "exactly as shown"
    assert all(record.took_s is not None and record.elapsed_s > 0 for record in listed)
    assert [one.reason for one in payloads(events, SetAside)] == ["too far away", ""]
    assert [one.to for one in payloads(events, Escalated)] == ["dba"]
    assert len(payloads(events, ScopeSet)) == 3
    (given,) = payloads(events, DataGiven)
    assert (given.text, given.bearing) == ("orders 0/3 ImagePullBackOff", Bearing.SUPPORTS)
    assert len(payloads(events, c.Resumed)) == 2, "an answer and a deeper attempt took it up again"

    # Stopped by its key while it pauses, and ended from outside: the terminal is as it was in either case.
    stopped = sit(cli, recording)
    stopped.types("p", sees="Paused")
    stopped.types("\n", sees="PAUSED: p goes on")
    stopped.types("s")
    assert stopped.leaves().code == 130
    assert cli.list()[0].status is Status.STOPPED
    assert payloads(cli.events(), CommandGiven)[-1].command == "stop"
    ended = sit(cli, recording)
    ended.process.send_signal(signal.SIGTERM)
    assert ended.leaves().code == 143
