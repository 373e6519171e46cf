"""Reject: set a theory aside. It is worked on no more, and its probability stays what the evidence makes it."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.commanded import Agreement, DecisionKind, SetAside
from compass.domain.hypothesis import Hypothesis
from compass.investigation.advising.words import said
from compass.investigation.commanding.base import (
    Back,
    Desk,
    Ordered,
    Parsed,
    Payloads,
    Who,
    decided,
    favours,
    pick_one,
)

REASON = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    hypothesis: Hypothesis
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RejectOrder:
    name: str = "reject"
    key: str = "r"
    usage: str = "reject N [because REASON]"
    typed: tuple[str, ...] = ("reject N --reason WHY",)
    help: str = "set account N aside: nothing more is tried on it, its probability stays as it is"
    phrases: tuple[str, ...] = ("reject", "set aside", "rule out", "drop", "discard", "dismiss", "not")
    alone: bool = False
    asks: bool = False

    def parse(self, words: str, desk: Desk) -> Parsed:
        parsed = pick_one(
            words, desk, self, lambda h, reason: Reject(hypothesis=h, reason=said(reason, REASON)), "set aside"
        )
        if isinstance(parsed, Ordered) and isinstance(parsed.value, Reject):
            h = parsed.value.hypothesis
            if h.id in desk.board.orders.aside:
                return Back(lines=(f"{h.label} is set aside already. “restore {h.label}” takes it back.",))
        return parsed

    def show(self, order: Reject, desk: Desk) -> tuple[str, ...]:
        why = f", because: {order.reason}" if order.reason else ""
        return (
            f"Set aside: {desk.claim(order.hypothesis)}{why}. Its probability stays; nothing more is tried on it.",
            f"“restore {order.hypothesis.label}” takes it back.",
        )

    def apply(self, order: Reject, desk: Desk, who: Who) -> Payloads:
        h, reason = order.hypothesis, order.reason or said(who.reason, REASON)
        favoured, why = favours(desk)
        leads = desk.favoured is not None and desk.favoured.label == h.label
        agreement = Agreement.AGAINST if leads else Agreement.AGREES if favoured else Agreement.NONE_FAVOURED
        return (
            (who.key("aside"), SetAside(hypothesis=h.id, by=who.by, reason=said(reason, REASON))),
            decided(
                desk, who, DecisionKind.REJECTION, decision=f"set {h.label} aside", chosen=f"set {h.label} aside",
                options=desk.options, favoured=favoured, favoured_because=why, reason=reason, agreement=agreement,
            ),
        )  # fmt: skip


ORDER = RejectOrder()
