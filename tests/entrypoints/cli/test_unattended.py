"""An investigation whose runner died: what can be said of it, and that it can be ended and closed."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from compass.domain import chronicle as c
from compass.domain.commanded import CommandGiven
from compass.domain.failure import Status
from compass.domain.learned import Resolved
from compass.entrypoints.cli.resuming import abandoned
from compass.entrypoints.clock import SystemClock
from compass.storage.memory import MemoryChronicle
from tests.support.boards import WEB, account, opening, posterior, theory
from tests.support.cli import payloads
from tests.support.in_process import Compass, in_process

HOUR_S = 3600.0
FULL = theory("disk_full", WEB)
RESOLVE = ("resolve", "1", "--was", "1", "--fix", "freed space")


@pytest.fixture
def chronicle() -> MemoryChronicle:
    return MemoryChronicle(clock=SystemClock())


@pytest.fixture
def begun(chronicle: MemoryChronicle) -> UUID:
    """It has formed an account, and no end."""

    async def make() -> UUID:
        made = await chronicle.create("Checkout is slow")
        formed = (c.Proposed(hypothesis=FULL), c.AccountsFormed(accounts=(account(FULL),)))
        believed = c.PosteriorUpdated(posterior=posterior({account(FULL).id: 0.6}))
        news = [c.NewEvent(key=uuid4().hex, payload=one, actor="test") for one in (*opening(), *formed, believed)]
        await chronicle.append(made, None, news)
        return made

    return asyncio.run(make())


@pytest.fixture
def compass(
    chronicle: MemoryChronicle, begun: UUID, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Compass:
    return in_process(chronicle, monkeypatch, capsys)


def test_it_is_said_to_run_only_while_somebody_runs_it(
    chronicle: MemoryChronicle, begun: UUID, compass: Compass
) -> None:
    asyncio.run(chronicle.claim(begun, "a runner", HOUR_S))
    done = compass(*RESOLVE)
    assert done.code == 2
    assert "#1 is still running (wait for its end, or: compass stop 1)" in done.err
    assert "nobody works" not in compass("pause", "1").out
    asyncio.run(chronicle.release(begun, "a runner"))
    done = compass(*RESOLVE)
    assert done.code == 2
    assert "nobody works on it (compass resume 1 goes on with it, compass stop 1 ends it as it stands)" in done.err
    assert "nobody works on #1" in compass("continue", "1").out
    assert payloads(asyncio.run(chronicle.read(begun)), Resolved) == []


def test_a_runner_that_is_late_keeps_what_it_has_when_somebody_looks(
    chronicle: MemoryChronicle, begun: UUID, compass: Compass
) -> None:
    epoch = asyncio.run(chronicle.claim(begun, "a runner", 0))
    for look in (("pause", "1"), ("continue", "1"), RESOLVE):
        done = compass(*look)
        assert "nobody works on " in done.out + done.err
        gap = c.NewEvent(key=f"late/{look[0]}", payload=c.GapNamed(gap="late", hides="nothing"), actor="commander")
        asyncio.run(chronicle.append(begun, epoch, [gap]))


def test_an_order_that_a_runner_ended_without_seeing_is_left_lying(chronicle: MemoryChronicle, begun: UUID) -> None:
    """Also in the moment between its end and the release of its lease."""
    order = CommandGiven(command="test", argument=FULL.id)
    over = c.Ended(status=Status.DONE, exit_code=0, said="done")
    for held in (True, False):
        asyncio.run(chronicle.claim(begun, "a runner", HOUR_S if held else 0))
        assert asyncio.run(abandoned(chronicle, begun)) is not held
    news = [c.NewEvent(key=key, payload=one, actor="test") for key, one in (("order", order), ("over", over))]
    asyncio.run(chronicle.append(begun, None, news))
    asyncio.run(chronicle.claim(begun, "a runner", HOUR_S))
    assert asyncio.run(abandoned(chronicle, begun))


def test_stopped_it_can_be_closed(chronicle: MemoryChronicle, begun: UUID, compass: Compass) -> None:
    assert "#1 had no living runner; it is recorded as stopped; `compass resume 1` goes on" in compass("stop", "1").out
    assert compass(*RESOLVE).code == 0
    (kept,) = payloads(asyncio.run(chronicle.read(begun)), Resolved)
    assert (kept.cause.mechanism, kept.cause.entity, kept.fix) == ("disk_full", WEB, "freed space")
    assert [row.status for row in asyncio.run(chronicle.list())] == [Status.STOPPED]
