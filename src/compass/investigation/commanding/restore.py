"""Restore: take back that a theory was set aside."""

from __future__ import annotations

import re
from dataclasses import dataclass

from compass.domain.commanded import Agreement, DecisionKind, SetAside
from compass.domain.hypothesis import Hypothesis
from compass.investigation.advising.words import said
from compass.investigation.commanding.base import (
    Back,
    Choice,
    Desk,
    Option,
    Ordered,
    Parsed,
    Payloads,
    Who,
    decided,
    favours,
    reference,
)

_IDLE = re.compile(r"^(?:it|that|this|one|the|my|last|rejection|again|back|please|now|all|\s)*\W*$", re.IGNORECASE)
"""Words that name nothing: the only one that is set aside is meant. “undo the deploy” is about something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    hypothesis: Hypothesis
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RestoreOrder:
    name: str = "restore"
    key: str = "u"
    usage: str = "restore N"
    typed: tuple[str, ...] = ("restore N",)
    help: str = "take back that account N was set aside"
    phrases: tuple[str, ...] = ("restore", "undo", "take back", "bring back", "unreject")
    alone: bool = False
    asks: bool = False

    def parse(self, words: str, desk: Desk) -> Parsed:
        """By number, label or words, and without any where one theory alone is set aside; all else gives a
        choice."""
        aside = [desk.board.hypotheses[key] for key in desk.board.orders.aside if key in desk.board.hypotheses]
        if not aside:
            return Back(lines=("Nothing is set aside.",))
        ref, reason = reference(words)
        named = [] if ref else [h for h in desk.about(words) if h in aside]
        alone = aside if _IDLE.match(words) else named
        found = desk.hypothesis(ref) if ref else alone[0] if len(alone) == 1 else None
        if found is not None and found in aside:
            return Ordered(kind=self, value=Restore(hypothesis=found, reason=said(reason) if ref else ""))
        if ref:
            labels = ", ".join(h.label for h in aside)
            return Back(lines=(f"{ref} is not set aside. Set aside: {labels}.",))
        options = (Option(text=desk.claim(h), order=Ordered(kind=self, value=Restore(hypothesis=h))) for h in aside)
        return Choice(question="Which one to take back?", options=tuple(options))

    def show(self, order: Restore, desk: Desk) -> tuple[str, ...]:
        return (f"Taken back: {desk.claim(order.hypothesis)}. It is worked on again.",)

    def apply(self, order: Restore, desk: Desk, who: Who) -> Payloads:
        h = order.hypothesis
        favoured, why = favours(desk)
        return (
            (who.key("restored"), SetAside(hypothesis=h.id, by=who.by, reason=said(order.reason), restored=True)),
            decided(
                desk, who, DecisionKind.REJECTION, decision=f"take {h.label} back", chosen=f"take {h.label} back",
                options=desk.options, favoured=favoured, favoured_because=why, reason=order.reason,
                agreement=Agreement.NONE_FAVOURED,
            ),
        )  # fmt: skip


ORDER = RestoreOrder()
