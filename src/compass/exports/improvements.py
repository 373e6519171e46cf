"""Improvements, ordered by how reliably they hold: forcing functions first, training last (DESIGN §10)."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.board import Board
from compass.domain.hypothesis import NO_CHANGE
from compass.projections.view import View

ORDER = ("forcing function", "automation", "simplification", "checklist", "policy", "training")


@dataclass(frozen=True, slots=True, kw_only=True)
class Improvement:
    """`rests_on` is (subject, key) of the event behind it, None for a question to people."""

    strength: str
    text: str
    rests_on: tuple[str, str] | None = None


def improvements(view: View, board: Board) -> tuple[Improvement, ...]:
    """What the evidence suggests, strongest first. Systems are addressed, never persons."""
    found: list[Improvement] = []
    if view.accounts:
        leader = view.accounts[0]
        trigger = leader.trigger
        if trigger is not None and trigger.change != NO_CHANGE:
            found.append(Improvement(
                strength="forcing function",
                text=f"Compare every change like `{trigger.change}` with the signals it can move at {leader.entity}, and "
                "hold it back at one instance while they worsen.",
                rests_on=("change", trigger.change),
            ))  # fmt: skip
        for fact in leader.evidence_for[:1]:
            found.append(Improvement(
                strength="automation",
                text=f"Alert on {fact.observation.sign} at {fact.observation.entity}: it was visible before anyone was paged "
                "or at the same time.",
                rests_on=("observation", fact.observation.id),
            ))  # fmt: skip
        if leader.mitigation is not None:
            found.append(Improvement(
                strength="checklist", text=f"Keep the relief at hand in the runbook of {leader.entity}: {leader.mitigation.text}",
            ))  # fmt: skip
    found += [
        Improvement(strength="automation", text=f"Make it observable: {gap}. It hid {hides}.", rests_on=("gap", gap))
        for gap, hides in board.gaps
    ]
    found.append(Improvement(strength="simplification", text="Question: which dependency or setting could be removed altogether?"))
    return tuple(sorted(found, key=lambda item: ORDER.index(item.strength)))
