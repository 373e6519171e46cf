"""A person's pause: nothing new is begun until they go on, and nothing waits longer than the policy says."""

from __future__ import annotations

import asyncio

from compass.domain.commanded import Command, CommandGiven, Decided, DecisionKind
from compass.investigation.deciding import recorded
from compass.investigation.recorder import Recorder
from compass.ports.clock import Clock

POLL_S = 0.1
POLICY = "policy:pause"
GO_ON = "go on after the pause"


async def rest(recorder: Recorder, clock: Clock, most_s: float) -> None:
    """Return when nobody wants a pause any more. Whoever runs meanwhile (`_wait_for_stop`) folds what people order.

    After `most_s` seconds a recorded policy goes on. Several may wait at once: the policy decides once, by its key.
    """
    began = clock.monotonic_s()
    while recorder.board.orders.paused:
        waited = clock.monotonic_s() - began
        if waited >= most_s:
            await _go_on(recorder, waited)
            return
        await asyncio.sleep(POLL_S)


async def _go_on(recorder: Recorder, waited: float) -> None:
    board = recorder.board
    because = f"nobody went on for {waited:.0f} s, and nothing waits longer for a person"
    record = recorded(
        board, DecisionKind.PAUSE, options=("go on", "stay paused"), favoured="go on", favoured_because=because,
        chosen="go on", took_s=waited,
    )  # fmt: skip
    number = sum(1 for command, _ in board.requests if command == Command.PAUSE)
    order = CommandGiven(command=Command.CONTINUE, argument=POLICY)
    decided = Decided(decision=GO_ON, by=POLICY, because=because, record=record)
    await recorder.append(
        (f"pause/{number}/decision", decided), (f"pause/{number}/over", order), actor="commander"
    )  # fmt: skip
