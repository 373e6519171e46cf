"""Escalate: ask for help, or hand over. COMPASS records it and words the hand-over; it calls nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass

from compass.analysis.wording import share
from compass.domain.commanded import DecisionKind, Escalated
from compass.domain.time import to_datetime
from compass.investigation.advising.words import said
from compass.investigation.commanding.base import Desk, Ordered, Parsed, Payloads, Who, decided
from compass.projections.situation import situation

MOST_TO, MOST_REASON, MOST_FACTS, MOST_WHOM = 80, 200, 2, 6
SOMEBODY = "whoever is next on call"
_TO = re.compile(r"^(?:up to|(?:to|the|this|it|that|now|please|pls|asap|immediately)\b|[–—-])\s*", re.IGNORECASE)
_AFTER = re.compile(r"\s*\b(?:now|please|pls|asap|immediately)\W*$", re.IGNORECASE)
_WHY = re.compile(r"\s*(?:,|:|;|\bbecause\b|\bsince\b|\bas we\b)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalate:
    to: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EscalateOrder:
    name: str = "escalate"
    key: str = "x"
    usage: str = "escalate [TO] [: reason]"
    typed: tuple[str, ...] = ("escalate TO --reason WHY",)
    help: str = "ask for help or hand over: recorded, with a hand-over text to copy; COMPASS calls nobody"
    phrases: tuple[str, ...] = (
        "escalate", "hand over", "handover", "call in", "call", "page", "wake up", "wake", "get me", "i need help from",
        "bring in", "loop in", "ask for help", "notify",
    )  # fmt: skip
    alone: bool = False
    asks: bool = False

    def parse(self, words: str, desk: Desk) -> Parsed:
        del desk
        text = words.strip()
        while (shorter := _AFTER.sub("", _TO.sub("", text))) != text:
            text = shorter
        to, *why = _WHY.split(text, maxsplit=1)
        return Ordered(
            kind=self,
            value=Escalate(to=said(to, MOST_TO) or SOMEBODY, reason=said(why[0], MOST_REASON) if why else ""),
        )

    def show(self, order: Escalate, desk: Desk) -> tuple[str, ...]:
        written = tuple(f"  {one}" for one in whom_words(desk))
        said = ("The team wrote down whom to call:", *written) if written else ()
        return (f"Recorded: escalated to {order.to}. COMPASS calls nobody; copy this to them:", *hand_over(desk), *said)

    def apply(self, order: Escalate, desk: Desk, who: Who) -> Payloads:
        return (
            (who.key("escalated"), Escalated(by=who.by, to=order.to, reason=order.reason)),
            decided(
                desk, who, DecisionKind.ESCALATION, decision=f"escalate to {order.to}", chosen="escalate",
                options=("escalate", "go on alone"), reason=order.reason,
            ),
        )  # fmt: skip


def whom_words(desk: Desk) -> tuple[str, ...]:
    """Whom to call and how, for what is hit and how bad it is, as the team wrote it down; none where nothing is."""
    lines = desk.view.team.whom if desk.view.team is not None else ()
    return tuple(
        f"{one.who}: {one.how}{f' ({one.why})' if one.why else ''} [{one.written}]" for one in lines[:MOST_WHOM]
    )


def hand_over(desk: Desk) -> tuple[str, ...]:
    """What is known now, in lines that can be read out: since when, what, where, the best lead, what was tried."""
    view = desk.view
    since = f"{to_datetime(view.onset_ns):%H:%M} UTC" if view.onset_ns is not None else "not known"
    seen = situation(desk.board)
    facts = "; ".join(f"{fact.label} {fact.text}" for fact in seen.symptoms[:MOST_FACTS])
    lines = [f"  {view.title} (#{view.number}), since {since}." if view.number else f"  {view.title}, since {since}."]
    lines.append(f"  Seen: {facts or view.symptom or 'no symptom in the telemetry yet'}.")
    if seen.affected:
        lines.append(f"  Affected: {', '.join(e.name for e in seen.affected[:5])}.")
    lead = desk.favoured
    if lead is not None:
        lines.append(f"  Working theory, not more: {lead.label} {lead.claim.rstrip('.')} ({share(lead.confidence)}).")
        lines += [f"  To check: {text}" for text in lead.check[:1]]
    ruled = [line.label for line in view.refuted[:5]]
    if ruled:
        lines.append(f"  Refuted so far: {', '.join(ruled)}.")
    return tuple(lines)


ORDER = EscalateOrder()
