"""Stop: end the investigation; what was found stays."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.commanded import Command, CommandGiven, DecisionKind
from compass.domain.commands import command
from compass.domain.failure import Status
from compass.investigation.commanding.base import Back, Desk, Ordered, Parsed, Payloads, Who, decided

STOP, GO_ON = "stop", "go on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StopOrder:
    name: str = "stop"
    key: str = "s"
    usage: str = "stop"
    typed: tuple[str, ...] = ("stop",)
    help: str = "end the investigation; what was found stays, and it can be taken up again"
    phrases: tuple[str, ...] = ("stop", "abort", "end it", "end", "enough", "cancel")
    alone: bool = True
    asks: bool = False

    def parse(self, words: str, desk: Desk) -> Parsed:
        if desk.board.status is not Status.RUNNING:
            return Back(lines=(f"It is not running (it is {desk.board.status.value}).",))
        return Ordered(kind=self, value=Stop(reason=words.strip()))

    def show(self, order: Stop, desk: Desk) -> tuple[str, ...]:
        del order
        again = command("resume", desk.view.number)
        return (f"Stopping. What was found stays; “{again}” takes it up again.",)

    def apply(self, order: Stop, desk: Desk, who: Who) -> Payloads:
        return (
            (who.key("stop"), CommandGiven(command=Command.STOP)),
            decided(
                desk, who, DecisionKind.END, decision="stop the investigation", chosen=STOP, options=(GO_ON, STOP),
                favoured=GO_ON, favoured_because="it had not come to its end by itself", reason=order.reason,
            ),
        )  # fmt: skip


ORDER = StopOrder()
