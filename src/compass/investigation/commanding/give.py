"""Commit an order: its events at once, as a human command, whoever runs the investigation."""

from __future__ import annotations

from uuid import UUID, uuid4

from compass.domain.chronicle import Event, NewEvent
from compass.investigation.commanding.base import Desk, Ordered, Who
from compass.ports.chronicle import Chronicle

ACTOR = "human"


def somebody(
    by: str = "human", *, took_s: float | None = None, reason: str = "",
    confidence: float | None = None,
) -> Who:  # fmt: skip
    """Who gives one order. Every order has a nonce of its own: two terminals never share a key."""
    return Who(by=by, nonce=uuid4().hex[:12], took_s=took_s, reason=reason, confidence=confidence)


def news(order: Ordered, desk: Desk, who: Who) -> list[NewEvent]:
    """The order's events, to be appended together: the order and the record of its decision, or neither."""
    return [NewEvent(key=key, payload=payload, actor=ACTOR) for key, payload in order.apply(desk, who)]


async def give(chronicle: Chronicle, investigation: UUID, order: Ordered, desk: Desk, who: Who) -> tuple[Event, ...]:
    """Append. A running investigation takes it up by itself (its runner follows the chronicle); one that has ended
    has to be resumed by the caller where the order asks for work. Returns what is stored."""
    return tuple(await chronicle.append(investigation, None, news(order, desk, who)))
