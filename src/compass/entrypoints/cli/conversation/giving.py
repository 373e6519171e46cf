"""Orders on their way into the chronicle: one after the other, as they were pressed, and never waited for by a key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from compass.domain.board import Board
from compass.entrypoints.cli.commanding import WORKS, owed
from compass.entrypoints.cli.conversation.became import about
from compass.entrypoints.cli.conversation.errands import Errands
from compass.entrypoints.cli.conversation.modes import Pasting
from compass.entrypoints.cli.conversation.pasting import KEPT
from compass.investigation.commanding import Desk, Ordered, Who
from compass.investigation.commanding.answer import Answer
from compass.investigation.commanding.give import give
from compass.investigation.recorder import Recorder
from compass.ports.chronicle import Chronicle
from compass.ports.errors import CompassError
from compass.projections.ordered import fold_orders


@dataclass(slots=True)
class Giving:
    """`given` is called when an order is committed, `lost` with what to say when it could not be. `drafts`: what was
    pasted and is not committed, by the id of its request. `theory`: the id of the one that was ordered about last."""

    chronicle: Chronicle
    recorder: Recorder
    errands: Errands
    given: Callable[[], None]
    lost: Callable[[tuple[str, ...]], None]
    drafts: dict[str, Pasting] = field(default_factory=dict)
    theory: str = ""
    _works: bool = False  # an order that needs work was committed since it was last taken up
    _one_by_one: asyncio.Lock = field(default_factory=asyncio.Lock)

    def keep(self, draft: Pasting) -> None:
        """What was pasted is there again when its request is answered after all."""
        self.drafts[draft.request.id] = draft

    def begin(self, order: Ordered, desk: Desk, who: Who) -> Desk:
        """Give it, decided on that desk. The desk as it will be then: a key pressed at once with this one is meant
        after it."""
        self.theory = about(order) or self.theory
        orders = desk.board.orders
        for _, payload in order.apply(desk, who):
            orders = fold_orders(payload, orders)
        self.errands.begin(self._give(order, desk, who, self._draft(order)))
        return replace(desk, board=replace(desk.board, orders=orders))

    def owes(self, board: Board) -> bool:
        """Whether something was ordered here that nobody worked on yet."""
        return self._works and owed(board)

    def take_up(self) -> None:
        """What was ordered until now is worked on."""
        self._works = False

    async def settled(self) -> None:
        """Until all that was ordered is committed, or could not be."""
        await self.errands.done()

    def _draft(self, order: Ordered) -> Pasting | None:
        return self.drafts.get(order.value.request.id) if isinstance(order.value, Answer) else None

    async def _give(self, order: Ordered, desk: Desk, who: Who, sent: Pasting | None) -> None:
        try:
            async with self._one_by_one:
                # Decided on what was shown; but what was ordered a moment before still holds.
                orders = (await self.recorder.catch_up(shown=True)).orders
                now = replace(desk, board=replace(desk.board, orders=orders))
                await give(self.chronicle, self.recorder.investigation, order, now, who)
                await self.recorder.catch_up(shown=True)
        except CompassError as error:
            self.lost((f"It was not recorded: {error}", *((KEPT,) if sent is not None else ())))
            return
        if sent is not None and self._draft(order) is sent:  # else it was gone on with meanwhile
            del self.drafts[sent.request.id]
        self._works = self._works or order.name in WORKS
        self.given()
