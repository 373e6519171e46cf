"""Test deeper: pick the direction."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.commanded import Command, CommandGiven, DecisionKind, SetAside
from compass.domain.hypothesis import Hypothesis
from compass.investigation.advising.words import said
from compass.investigation.commanding.base import (
    Desk,
    Ordered,
    Parsed,
    Payloads,
    Who,
    decided,
    favours,
    pick_one,
    shown_line,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """`reason`: the person's, where they gave one."""

    __test__ = False  # not a test of pytest's

    hypothesis: Hypothesis
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TestOrder:
    __test__ = False

    name: str = "test"
    key: str = "1-9"
    usage: str = "test N"
    typed: tuple[str, ...] = ("test N",)
    help: str = "try harder to refute account N: every plan there is, the deep ones too"
    phrases: tuple[str, ...] = ("test deeper", "test", "dig into", "go deeper on", "deepen", "try", "pursue", "verify")
    alone: bool = False
    asks: bool = False

    def parse(self, words: str, desk: Desk) -> Parsed:
        return pick_one(words, desk, self, lambda h, reason: Test(hypothesis=h, reason=said(reason)), "test deeper")

    def show(self, order: Test, desk: Desk) -> tuple[str, ...]:
        restored = " It was set aside and is taken back." if order.hypothesis.id in desk.board.orders.aside else ""
        return (f"Testing deeper: {desk.claim(order.hypothesis)}.{restored}",)

    def apply(self, order: Test, desk: Desk, who: Who) -> Payloads:
        """The command and the decision, before them the restoring of a theory that was set aside."""
        h = order.hypothesis
        back = (
            ((who.key("restored"), SetAside(hypothesis=h.id, by=who.by, reason=said(order.reason), restored=True)),)
            if h.id in desk.board.orders.aside
            else ()
        )
        favoured, why = favours(desk)
        decision = decided(
            desk, who, DecisionKind.DIRECTION, decision=f"test {h.label} deeper", chosen=shown_line(desk, h),
            options=desk.options, favoured=favoured, favoured_because=why, reason=order.reason,
        )  # fmt: skip
        return (*back, (who.key("test"), CommandGiven(command=Command.TEST, argument=h.id)), decision)


ORDER = TestOrder()


def deepen(hypothesis: Hypothesis, reason: str = "") -> Ordered:
    """The order to test one theory deeper."""
    return Ordered(kind=ORDER, value=Test(hypothesis=hypothesis, reason=said(reason)))
