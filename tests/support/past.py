"""Investigations that have ended, made by hand: what commands about the past stand on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

from compass.domain import chronicle as c
from compass.domain.failure import FailureMode, Status
from compass.domain.hypothesis import Hypothesis
from compass.domain.observation import Observation
from compass.ports.chronicle import Chronicle
from tests.support.boards import WEB, account, opening, posterior, seen, theory

SEEN = (seen("latency.up", WEB, 0.9), seen("errors.up", WEB, 0.7))
"""What every incident of these shows: they look alike."""


def ended(
    chronicle: Chronicle, *, heads: dict[Hypothesis, float] | None = None, observations: tuple[Observation, ...] = SEEN,
    failure: FailureMode | None = None, before: tuple[c.Payload, ...] = (), more: tuple[c.Payload, ...] = (),
    title: str = "Checkout is slow",
) -> UUID:  # fmt: skip
    """One that ended with these accounts believed; `before` is what came before its end, `more` after."""
    believed = heads if heads is not None else {theory("disk_full", WEB): 0.6}
    opened, *context = opening()
    assert isinstance(opened, c.Opened)
    payloads: list[c.Payload] = [
        replace(opened, incident=replace(opened.incident, title=title)), *context,
        c.RoundStarted(number=1, phase="screen", board_seq=4),
        *(c.Observed(observation=one) for one in observations), c.RoundFinished(number=1),
        *(c.Proposed(hypothesis=head) for head in believed), c.AccountsFormed(accounts=tuple(map(account, believed))),
        c.PosteriorUpdated(posterior=posterior({account(head).id: share for head, share in believed.items()})),
    ]  # fmt: skip
    payloads += before
    if failure is not None:
        payloads.append(c.FailureDeclared(mode=failure, said=failure.value))
    payloads.append(c.Ended(status=Status.DONE, exit_code=0, said="done"))

    async def make() -> UUID:
        made = await chronicle.create(title)
        news = [c.NewEvent(key=uuid4().hex, payload=one, actor="test") for one in (*payloads, *more)]
        await chronicle.append(made, None, news)
        return made

    return asyncio.run(make())
