"""Improvements, ordered by how reliably they hold: forcing functions first, training last (DESIGN §10)."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.hypothesis import NO_CHANGE
from compass.domain.observation import Observation
from compass.domain.time import NS_PER_S
from compass.projections.timeline import MOST_DOUBT_NS
from compass.projections.view import AccountLine, View

NO_ALERT = frozenset({"change", "page", "alert"})  # families of signs that nobody can put a threshold on
NO_FIRST_SAMPLE = NO_ALERT | {"release", "k8s"}  # dated by something done or reported, not by a first sample
ORDER = ("forcing function", "automation", "simplification", "checklist", "policy", "training")
PROMPTS = {
    "forcing function": "what could make this state impossible, or stop it before it reaches users?",
    "automation": "what could have been noticed or undone without anybody looking? Which of the gaps above is worth "
    "closing first?",
    "simplification": "which dependency or setting could be removed altogether?",
    "checklist": "which step, written down where it is needed, would have helped during the incident?",
    "policy": "which rule or agreement made this more likely, and which one would have made it easier?",
    "training": "what would have been worth practising, for example on a game day?",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Improvement:
    """`rests_on` is (subject, key) of the event behind it, None for a question to people."""

    strength: str
    text: str
    rests_on: tuple[str, str] | None = None


def improvements(view: View) -> tuple[Improvement, ...]:
    """What the evidence suggests, strongest first; a question at every strength of which nothing is known."""
    found = _of_the_leader(view.accounts[0], view) if view.accounts else []
    known = {item.strength for item in found}
    found += [Improvement(strength=s, text=f"Question: {PROMPTS[s]}") for s in ORDER if s not in known]
    return tuple(sorted(found, key=lambda item: ORDER.index(item.strength)))


def _earlier(seen: Observation, view: View) -> str:
    """How much earlier than the page its first abnormal sample was taken, when that is known."""
    sampled = seen.value is not None and seen.sign.split(".")[0] not in NO_FIRST_SAMPLE
    if seen.since is None or not sampled or seen.since.uncertainty_ns > MOST_DOUBT_NS:
        return ""
    lead_s = (view.detected_ns - seen.since.latest_ns) / NS_PER_S
    return f": its first abnormal sample was at least {lead_s:.0f} s before anyone was paged" if lead_s >= 1 else ""


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
