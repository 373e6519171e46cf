"""The screen that looks for the lines that a team calls critical."""

from __future__ import annotations

import json

import pytest

from compass.agents.screens.critical import CriticalScreen
from compass.domain.board import Board
from compass.domain.incident import Incident, Onset
from compass.domain.observation import Observation
from compass.domain.sign import CRITICAL
from compass.domain.time import NS_PER_S, Instant, Window
from compass.ports.specialist import Look
from compass.projections.team.critical import criticals
from tests.agents.screens.traced import KeptShared, TracedTelemetry, lines
from tests.support import boards
from tests.support.knowing import critical, knowledge

SCREEN = CriticalScreen(agent="reliability")
USUAL = ["error code ORA-00942 in session 17"] * 3


async def found(said: list[str], *wanted: str) -> list[Observation]:
    """One line a second, the onset before the last."""
    last = len(said)
    table = lines([(float(i), "a", text, "", "") for i, text in enumerate(said, start=1)])
    window = Window(start_ns=0, end_ns=(last + 1) * NS_PER_S)
    incident = Incident(title="x", window=window, detected_ns=last * NS_PER_S, now_ns=window.end_ns)
    onset = Onset(instant=Instant(ns=last * NS_PER_S), method="given")
    team = knowledge(critical_errors=(critical(*wanted),))
    board = Board(incident=incident, onset=onset, team=team)
    seen = (await SCREEN.run(Look(board=board, telemetry=TracedTelemetry(log_table=table), shared=KeptShared()))).observations  # noqa: E501  # fmt: skip
    shown = criticals(boards.board(tuple(seen), team=team))
    assert [one.id for one, _ in shown] == [one.id for one in seen]  # what is found is shown
    return list(seen)


LONG = "the request for a page failed because of " + "one thing and another " * 40


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ([*USUAL, "error code ORA-00600 in session 21"], "ORA-00600"),
        ([*USUAL, "error code=ORA-00600; session 21"], "ora-00600"),
        ([json.dumps({"msg": "it failed", "code": f"ORA-{n}"}) for n in ("00942", "00942", "00600")], "ORA-00600"),
        ([LONG + "ORA-00942", LONG + "ORA-00600"], "ORA-00600"),
        ([*USUAL, "login with password=hunter2secret refused"], "password=[redacted:secret] refused"),
    ],
)
async def test_a_line_is_found_however_many_like_it_say_something_else(said: list[str], wanted: str) -> None:
    (one,) = await found(said, wanted)
    assert one.sign == CRITICAL
    assert one.value is not None
    assert one.baseline is not None
    assert (one.value.value, one.baseline.value) == (1, 0)


async def test_what_nobody_wrote_is_not_found() -> None:
    assert await found(USUAL, "ORA-00600") == []
    assert await found([*USUAL, "it was redacted by hand"], "[redacted:secret] refused") == []
