"""Take an investigation up again: after a crash, for a deeper attempt, or to stop it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

from compass.domain.chronicle import CommandGiven, Event, NewEvent, Opened, Resumed
from compass.domain.failure import Status
from compass.entrypoints.cli import session
from compass.entrypoints.cli.investigating import Request, Result, run_to_end
from compass.entrypoints.settings import Settings
from compass.entrypoints.wiring import SourceChoice, choice_of, runner_name
from compass.ports.chronicle import Chronicle
from compass.ports.errors import BadInputError, NotFoundError
from compass.projections.board import fold_all
from compass.projections.view import AccountLine

STOP_WAIT_S = 12.0


def go_on(reference: str | None, *, quiet: bool) -> Result:
    """Resume. Raises BadInputError when there is nothing left to do."""
    chosen = session.settings()

    async def work() -> Result:
        async with session.open_chronicle(chosen) as chronicle:
            investigation = await chronicle.find(reference)
            events = await chronicle.read(investigation)
            status = fold_all(events).status
            if status not in (Status.RUNNING, Status.STOPPED):
                raise BadInputError(
                    f"this investigation has ended ({status.value}); there is nothing to go on with", where="resume",
                    hint="compass show; compass test N tries harder to refute an account",
                )  # fmt: skip
            await _reopen(chronicle, investigation, events)
            return await _run(chronicle, chosen, investigation, events, Request(quiet=quiet))

    return session.run(work)


def test_deeper(reference: str | None, account: str) -> tuple[AccountLine, Result]:
    """Order a deeper attempt, run it, and give the account as it was before, with the new result."""
    chosen = session.settings()

    async def work() -> tuple[AccountLine, Result]:
        async with session.open_chronicle(chosen) as chronicle:
            loaded = await session.load(chronicle, chosen, reference)
            line = session.pick(loaded.view, account)
            head = next(h.id for h in loaded.board.hypotheses.values() if h.label == line.label)
            count = len(loaded.board.requests)
            order = NewEvent(
                key=f"command/test/{count}", payload=CommandGiven(command="test", argument=head), actor="human"
            )
            await chronicle.append(loaded.id, None, [order])
            await _reopen(chronicle, loaded.id, loaded.events)
            request = Request(quiet=True)
            more = replace(request, limits=replace(request.limits, work=10_000.0))
            return line, await _run(chronicle, chosen, loaded.id, loaded.events, more)

    return session.run(work)


def order_stop(reference: str | None) -> str:
    """Record the order and wait until the runner obeyed; without a living runner, end it here."""
    chosen = session.settings()

    async def work() -> str:
        async with session.open_chronicle(chosen) as chronicle:
            loaded = await session.load(chronicle, chosen, reference)
            if loaded.board.status is not Status.RUNNING:
                return f"#{loaded.number} is not running (it is {loaded.board.status.value})"
            order = NewEvent(
                key=f"command/stop/{len(loaded.board.requests)}", payload=CommandGiven(command="stop"), actor="human"
            )
            await chronicle.append(loaded.id, None, [order])
            if await _ends(chronicle, loaded.id):
                return f"#{loaded.number} stopped; `compass resume` goes on"
            await _run(chronicle, chosen, loaded.id, loaded.events, Request(quiet=True))
            return f"#{loaded.number} had no living runner; it is recorded as stopped"

    return session.run(work)


async def _ends(chronicle: Chronicle, investigation: UUID) -> bool:
    waited = 0.0
    while waited < STOP_WAIT_S:
        if fold_all(await chronicle.read(investigation)).status is not Status.RUNNING:
            return True
        await asyncio.sleep(0.2)
        waited += 0.2
    return False


async def _reopen(chronicle: Chronicle, investigation: UUID, events: tuple[Event, ...]) -> None:
    after = events[-1].seq if events else 0
    payload = Resumed(runner=runner_name().split(":")[1], after_seq=after)
    await chronicle.append(investigation, None, [NewEvent(key=f"resumed/{after}", payload=payload, actor="human")])


async def _run(
    chronicle: Chronicle, chosen: Settings, investigation: UUID, events: tuple[Event, ...], request: Request
) -> Result:
    return await run_to_end(chronicle, chosen, investigation, _source(events), request)


def _source(events: tuple[Event, ...]) -> SourceChoice:
    opened = next((e.payload for e in events if isinstance(e.payload, Opened)), None)
    if opened is None:
        raise NotFoundError("this investigation never began: it holds no opening event", hint="compass investigate")
    return choice_of(opened.source_uri)
