"""SIGKILL in the middle of a round while COMPASS waits for data that it asked for: it asks once, and hears once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from compass.domain import chronicle as c
from compass.domain.commanded import DataGiven, DataRequested
from compass.domain.failure import Status
from compass.projections.board import fold_all
from tests.support.cli import Cli, forget_the_lease, payloads, ranked
from tests.support.killing import held_at
from tests.support.running import run_once

pytestmark = pytest.mark.xdist_group("cli")
ASKS = Path(__file__).parents[2] / "data" / "lab" / "lab-015"
"""Asks for two things after round 2 and goes on to round 5."""


def test_a_request_outlives_the_runner_and_its_answer_counts_once(cli: Cli) -> None:
    with held_at(cli, "step.finished", after="data.requested") as moment:
        moment.kills(cli.start("investigate", "--recording", ASKS, "--json", "--no-model"))
    left = cli.events()
    board = fold_all(left)
    assert (board.status, board.round_open, board.round) == (Status.RUNNING, True, 3)
    first, second = payloads(left, DataRequested)
    forget_the_lease(cli)

    done = cli("resume", "--json", "--no-model")
    events = cli.events()
    whole = run_once(ASKS)
    assert ranked(done.json()) == [(a.label, a.mechanism, round(a.confidence, 12)) for a in whole.view.accounts]
    assert payloads(events, DataRequested) == [first, second] == list(whole.board.orders.requested.values())
    assert set(Counter(one.attempt.plan for one in payloads(events, c.Attempted)).values()) == {1}

    answered = cli("answer", "R1", "--shows", "contradicts", "--text", "3 of 3 replicas are ready")
    events = cli.events()
    board = fold_all(events)
    assert "Recorded: it contradicts" in answered.out, answered.said
    assert [one.request for one in payloads(events, DataGiven)] == [first.id]
    answers = [one.attempt for one in payloads(events, c.Attempted) if one.attempt.plan == f"answer/{first.id}"]
    assert [board.attempts[one.plan] for one in answers] == answers
    assert [one.id for one in board.evidence].count(f"attempt/answer/{first.id}") == 1, "in the probabilities once"
    assert list(board.orders.requested) == [first.id, second.id]
    assert list(board.orders.given) == [first.id]
