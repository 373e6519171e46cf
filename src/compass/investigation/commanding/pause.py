"""Pause: no new move is made until somebody goes on, or the policy does."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.commanded import Command, CommandGiven, DecisionKind
from compass.investigation.commanding.base import Back, Desk, Ordered, Parsed, Payloads, Who, decided
from compass.investigation.settings import Limits

GO_ON, PAUSE = "go on", "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PauseOrder:
    name: str = "pause"
    key: str = "p"
    usage: str = "pause"
    typed: tuple[str, ...] = ("pause",)
    help: str = "begin nothing new until “continue” (at most 10 minutes: then the policy goes on)"
    phrases: tuple[str, ...] = ("pause", "wait", "hold on", "hold")
    alone: bool = True
    asks: bool = False

    def parse(self, words: str, desk: Desk) -> Parsed:
        if desk.board.orders.paused:
            return Back(lines=("It is paused. “continue” goes on.",))
        return Ordered(kind=self, value=Pause(reason=words.strip()))

    def show(self, order: Pause, desk: Desk) -> tuple[str, ...]:
        del order, desk
        most = Limits().pause_s / 60
        return (f"Paused: what is under way ends, nothing new begins. “continue” goes on; after {most:.0f} min the "
                "policy does.",)  # fmt: skip

    def apply(self, order: Pause, desk: Desk, who: Who) -> Payloads:
        return (
            (who.key("pause"), CommandGiven(command=Command.PAUSE)),
            decided(
                desk, who, DecisionKind.PAUSE, decision=PAUSE, chosen=PAUSE, options=(GO_ON, PAUSE), favoured=GO_ON,
                favoured_because="nothing needs to wait", reason=order.reason,
            ),
        )  # fmt: skip


ORDER = PauseOrder()
