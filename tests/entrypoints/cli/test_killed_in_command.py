"""SIGKILL of the runner while orders wait for it, and while it waits for data: nothing is lost, nothing done twice."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from compass.domain import chronicle as c
from compass.domain.commanded import CommandGiven, DataGiven, Decided, DecisionKind, SetAside
from compass.domain.failure import Status
from compass.entrypoints.cli.commanding import owed
from compass.projections.board import fold_all
from tests.support.cli import PATIENCE_S, Cli, forget_the_lease, payloads
from tests.support.conversation import Seat
from tests.support.courses import write_course

pytestmark = pytest.mark.xdist_group("cli")
K = DecisionKind


def test_a_kill_loses_no_order_and_no_answer_and_nothing_is_done_twice(cli: Cli, tmp_path: Path) -> None:
    recording = write_course(tmp_path / "slow", [(45, 1.0), (15, 8.0)])
    first = Seat(cli, "investigate", "--recording", recording, "--ask", "--no-model")
    first.sees("Enter: go on to why")
    first.types("1r2\ntimage pull denied on orders\nyp", sees="PAUSED: p goes on")  # committed in that order
    first.dies()
    forget_the_lease(cli)

    second = Seat(cli, "resume", "--no-model")  # whoever takes it up does not wait for a pause to end
    second.sees("Enter: go on to why")  # the gate that the first was told to keep
    second.types("\n", sees="Enter: leave")
    second.types("d", sees="paste it;")
    second.pastes("orders 0/3 ImagePullBackOff\n.\n", sees="What does it show about H3")
    second.types("s1")
    ends = time.monotonic() + PATIENCE_S
    while not (payloads(cli.events(), DataGiven) and ordered_tests(cli.events())[2:]):
        assert time.monotonic() < ends, "the orders were never committed"
    second.dies()  # with both of them committed, and whatever it had begun of them
    forget_the_lease(cli)
    done = cli("resume", "--json")

    events = cli.events()
    board = fold_all(events)
    assert done.code == 3 or "has ended" in done.err, done.said
    assert board.status is Status.INCONCLUSIVE
    assert not owed(board)
    assert not board.orders.paused
    label = {h.id: h.label for h in board.hypotheses.values()}
    assert [label[one] for one in ordered_tests(events)] == ["H1", "H3", "H1"]
    assert sum(one.phase == "deepen" for one in payloads(events, c.RoundStarted)) == 2
    assert set(Counter(one.attempt.plan for one in payloads(events, c.Attempted)).values()) == {1}
    assert [label[one.hypothesis] for one in payloads(events, SetAside)] == ["H2"]
    (given,) = payloads(events, DataGiven)
    assert given.text == "orders 0/3 ImagePullBackOff"
    assert f"answer/{given.request}" in board.attempts
    human = [one for one in payloads(events, Decided) if one.by == "human" and one.record is not None]
    assert [one.record.kind for one in human if one.record is not None] == [
        K.DIRECTION, K.REJECTION, K.THEORY, K.PAUSE, K.PAUSE, K.GATE, K.DATA, K.DIRECTION,
    ]  # fmt: skip


def ordered_tests(events: tuple[c.Event, ...]) -> list[str]:
    """Theories that were ordered to be tested, in order."""
    return [one.argument for one in payloads(events, CommandGiven) if one.command == "test"]
