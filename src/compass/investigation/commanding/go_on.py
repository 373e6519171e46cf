"""Continue: end a pause."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.commanded import Command, CommandGiven, DecisionKind
from compass.investigation.commanding.base import Back, Desk, Ordered, Parsed, Payloads, Who, decided
from compass.investigation.commanding.pause import GO_ON, PAUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue:
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ContinueOrder:
    name: str = "continue"
    key: str = "c"
    usage: str = "continue"
    typed: tuple[str, ...] = ("continue",)
    help: str = "end a pause"
    phrases: tuple[str, ...] = ("continue", "go on", "carry on", "resume", "proceed", "unpause")
    alone: bool = True
    asks: bool = False

    def parse(self, words: str, desk: Desk) -> Parsed:
        if not desk.board.orders.paused:
            return Back(lines=("It is not paused.",))
        return Ordered(kind=self, value=Continue(reason=words.strip()))

    def show(self, order: Continue, desk: Desk) -> tuple[str, ...]:
        del order, desk
        return ("Going on.",)

    def apply(self, order: Continue, desk: Desk, who: Who) -> Payloads:
        return (
            (who.key("continue"), CommandGiven(command=Command.CONTINUE)),
            decided(
                desk, who, DecisionKind.PAUSE, decision=GO_ON, chosen=GO_ON, options=(GO_ON, PAUSE), favoured=GO_ON,
                favoured_because="nothing needs to wait", reason=order.reason,
            ),
        )  # fmt: skip


ORDER = ContinueOrder()
