"""Orders on their way into the chronicle: in the order of their keys, and heard of where they are lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from compass.domain import chronicle as c
from compass.domain.commanded import CommandGiven
from compass.entrypoints.cli.conversation.errands import Errands
from compass.entrypoints.cli.conversation.giving import Giving
from compass.entrypoints.cli.conversation.modes import Pasting
from compass.entrypoints.cli.conversation.pasting import KEPT
from compass.investigation.commanding import Desk, Ordered, desk_of, order_named
from compass.investigation.commanding.give import somebody
from compass.ports.errors import StorageError
from tests.support.boards import opening
from tests.support.cli import payloads
from tests.support.commanding import catalogue
from tests.support.crew import recording


@dataclass
class Post:
    """What is heard of orders."""

    giving: Giving
    desk: Desk
    given: list[bool] = field(default_factory=list)
    lost: list[tuple[str, ...]] = field(default_factory=list)

    def order(self, name: str) -> None:
        order = order_named(name).parse("", self.desk)
        assert isinstance(order, Ordered)
        self.desk = self.giving.begin(order, self.desk, somebody())

    async def commands(self) -> list[str]:
        await self.giving.settled()
        events = await self.giving.chronicle.read(self.giving.recorder.investigation)
        return [one.command for one in payloads(events, CommandGiven)]


async def post() -> Post:
    chronicle, _, recorder = await recording()
    await recorder.append(*((f"k{at}", payload) for at, payload in enumerate(opening())), actor="test")
    giving = Giving(
        chronicle, recorder, Errands(lambda error: None), lambda: made.given.append(True),
        lambda lines: made.lost.append(lines),
    )  # fmt: skip
    made = Post(giving, desk_of(recorder.board, catalogue()))
    return made


async def away(*_arguments: Any, **_named: Any) -> tuple[c.Event, ...]:
    raise StorageError("the database is away")


async def test_orders_are_committed_in_the_order_of_their_keys_and_the_next_key_is_meant_after_them() -> None:
    sent = await post()
    sent.order("pause")
    assert sent.desk.board.orders.paused, "before it is committed"
    sent.order("continue")
    assert await sent.commands() == ["pause", "continue"]
    assert (sent.given, sent.lost) == ([True, True], [])
    assert not sent.giving.owes(sent.giving.recorder.board), "neither needs work"


async def test_an_order_that_is_lost_is_heard_of_and_the_next_one_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = await post()
    with monkeypatch.context() as without:
        without.setattr(sent.giving.chronicle, "append", away)
        sent.order("pause")
        await sent.giving.settled()
    assert [lines[0] for lines in sent.lost] == ["It was not recorded: the database is away"]
    assert KEPT not in sent.lost[0], "nothing was pasted"
    sent.desk = desk_of(sent.giving.recorder.board, catalogue())  # as it is painted next
    sent.order("pause")
    assert await sent.commands() == ["pause"]


async def test_what_was_pasted_is_kept_by_its_request() -> None:
    from compass.domain.commanded import DataRequested

    sent = await post()
    draft = Pasting(DataRequested(id="q1", hypothesis="", question="How full?"), ("first",))
    sent.giving.keep(draft)
    assert sent.giving.drafts == {"q1": draft}
