"""Improvements, ordered by how reliably they hold: forcing functions first, training last (DESIGN §10)."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.board import Board
from compass.domain.hypothesis import NO_CHANGE
from compass.domain.observation import Observation
from compass.domain.time import NS_PER_S
from compass.exports.sources_of_fact import gap_key
from compass.projections.view import AccountLine, View

NO_ALERT = frozenset({"change", "page", "alert"})  # families of signs that nobody can put a threshold on
ORDER = ("forcing function", "automation", "simplification", "checklist", "policy", "training")


@dataclass(frozen=True, slots=True, kw_only=True)
class Improvement:
    """`rests_on` is (subject, key) of the event behind it, None for a question to people."""

    strength: str
    text: str
    rests_on: tuple[str, str] | None = None


def _earlier(seen: Observation, view: View) -> str:
    """How much earlier than the page it was visible, when it surely was."""
    if seen.since is None or seen.since.latest_ns >= view.detected_ns:
        return ""
    return f": it was visible {(view.detected_ns - seen.since.ns) / NS_PER_S:.0f} s before anyone was paged"


def improvements(view: View, board: Board) -> tuple[Improvement, ...]:
    """What the evidence suggests, strongest first. Systems are addressed, never persons."""
    found = _of_the_leader(view.accounts[0], view) if view.accounts else []
    found += [
        Improvement(
            strength="automation", text=f"Make it observable: {gap}. What that hides: {hides}.",
            rests_on=("gap", gap_key(gap, hides)),
        )
        for gap, hides in board.gaps
    ]  # fmt: skip
    question = "Question: which dependency or setting could be removed altogether?"
    found.append(Improvement(strength="simplification", text=question))
    return tuple(sorted(found, key=lambda item: ORDER.index(item.strength)))


def _of_the_leader(leader: AccountLine, view: View) -> list[Improvement]:
    found: list[Improvement] = []
    trigger = leader.trigger
    if trigger is not None and trigger.change != NO_CHANGE:
        found.append(Improvement(
            strength="forcing function",
            text=f"Compare every change like {trigger.change} with the signals it can move at {leader.entity}, and "
            "hold it back at one instance while they worsen.",
            rests_on=("change", trigger.change),
        ))  # fmt: skip
    seen = next((f.observation for f in leader.evidence_for if f.observation.sign.split(".")[0] not in NO_ALERT), None)
    if seen is not None:
        found.append(Improvement(
            strength="automation", text=f"Alert on {seen.sign} at {seen.entity}{_earlier(seen, view)}.",
            rests_on=("observation", seen.id),
        ))  # fmt: skip
    if leader.mitigation is not None:
        found.append(Improvement(
            strength="checklist",
            text=f"Keep the relief at hand in the runbook of {leader.entity}: {leader.mitigation.text}",
        ))  # fmt: skip
    return found
