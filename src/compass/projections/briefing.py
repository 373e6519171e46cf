"""A status update for one audience, from facts of the board alone; every line names the facts it rests on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from compass.analysis.wording import share
from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.domain.failure import Status
from compass.domain.sign import FAILING, SLOW
from compass.domain.time import NS_PER_S, to_datetime
from compass.projections.documents import source_words
from compass.projections.situation import situation
from compass.projections.team.shown import one_each
from compass.projections.view import View

NEXT_S = {"engineers": 15 * 60, "managers": 30 * 60, "customers": 60 * 60}
"""When each audience hears again at the latest, in seconds; sooner when something changes."""
MOST = 5
NO_LABEL = "E?"


class Audience(StrEnum):
    ENGINEERS = "engineers"
    MANAGERS = "managers"
    CUSTOMERS = "customers"


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefLine:
    """`facts` are labels (E3, H1, R1); they are for checking and stand in no text for customers."""

    text: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """`next_ns`: the next update at the latest, UTC; None where it has ended."""

    audience: Audience
    number: int
    lines: tuple[BriefLine, ...]
    next_ns: int | None


def briefing(board: Board, view: View, audience: Audience, now_ns: int) -> Briefing:
    """The update. Engineers get names and theories, managers impact and progress, customers none of either."""
    make = {Audience.ENGINEERS: _engineers, Audience.MANAGERS: _managers, Audience.CUSTOMERS: _customers}[audience]
    running = board.status is Status.RUNNING
    due = now_ns + NEXT_S[audience.value] * NS_PER_S if running else None
    # Facts get their labels when the first round ends: until then there is nothing to cite.
    lines = [replace(one, facts=tuple(f for f in one.facts if f != NO_LABEL)) for one in make(board, view)]
    if due is not None:
        lines.append(BriefLine(text=f"Next update by {to_datetime(due):%H:%M} UTC, sooner if something changes."))
    return Briefing(audience=audience, number=view.number, lines=tuple(lines), next_ns=due)


def _since(view: View) -> str:
    known = view.onset_ns is not None and view.onset_method not in ("page time", "")
    at = view.onset_ns if known and view.onset_ns is not None else view.detected_ns
    return f"{'since' if known else 'reported at'} {to_datetime(at):%H:%M} UTC"


def _engineers(board: Board, view: View) -> list[BriefLine]:
    seen = situation(board)
    lines = [BriefLine(text=f"{view.title}, {_since(view)} (#{view.number}, {view.status.value}).")]
    lines += [
        BriefLine(text=f"Critical error: {one.text}", facts=(one.label,)) for one in one_each(view.critical)[:MOST]
    ]
    lines += [BriefLine(text=fact.text, facts=(fact.label,)) for fact in seen.symptoms[:MOST]]
    if seen.affected:
        lines.append(BriefLine(text=f"Affected: {', '.join(map(str, seen.affected[:MOST]))}."))
    for line in [one for one in view.accounts if one.set_aside is None][:3]:
        own = [a.attempt.outcome for a in line.attempts if a.attempt.trigger is None]
        tried = f"{own.count(Outcome.SURVIVED)} attempts survived, {own.count(Outcome.REFUTED)} refuting"
        facts = tuple(fact.label for fact in line.evidence_for[:3])
        theory = f"Working theory {line.label} ({share(line.confidence)}): {line.claim} {tried}."
        lines.append(BriefLine(text=theory, facts=(line.label, *facts)))
    lines.append(BriefLine(text=f"Not on this list: {share(view.not_listed)}."))
    lines += [
        BriefLine(text=f"Set aside: {one.label} ({one.set_aside or 'no reason given'}).", facts=(one.label,))
        for one in view.accounts if one.set_aside is not None
    ]  # fmt: skip
    numbered = enumerate(board.orders.requested.values(), start=1)
    lines += [
        BriefLine(text=f"Asked for: {one.question}{f'  {one.command}' if one.command else ''}", facts=(f"R{number}",))
        for number, one in numbered if one.id not in board.orders.given
    ]  # fmt: skip
    for one in view.documents[:2]:
        source = f", {said}" if (said := source_words(one)) else ""
        lines.append(BriefLine(text=f"Written down ({one.kind}): {one.place}{source}.", facts=(one.label,)))
    lines += [BriefLine(text=f"Not seen: {gap} ({hides}).") for gap, hides in view.gaps[:3]]
    if view.model_lost:
        lines.append(BriefLine(text=f"{view.model_lost[:1].upper()}{view.model_lost[1:]}"))
    if board.orders.paused:
        lines.append(BriefLine(text="Paused by a person."))
    if board.orders.escalated:
        lines.append(BriefLine(text=f"Help was asked for: {', '.join(dict.fromkeys(board.orders.escalated))}."))
    return lines + _by_the_team(view)


def _by_the_team(view: View) -> list[BriefLine]:
    """What the team wrote down that helps now: issues it knows, announced work, whom to call."""
    team = view.team
    if team is None:
        return []
    lines = [
        BriefLine(
            text=f"Known issue: {one.says}{f'; workaround: {one.workaround}' if one.workaround else ''}",
            facts=one.labels[:3],
        )
        for one in team.known[:MOST]
    ]
    lines += [BriefLine(text=f"Announced work: {one.says}") for one in team.work[:MOST]]
    return lines + [BriefLine(text=f"To call: {one.who}, {one.how}") for one in team.whom[:MOST]]


def _managers(board: Board, view: View) -> list[BriefLine]:
    seen = situation(board)
    facts = tuple(fact.label for fact in seen.symptoms[:MOST])
    hit = (
        f"{len(seen.affected)} part{'s' * (len(seen.affected) != 1)} with symptoms"
        if seen.affected
        else "no symptom is visible in the telemetry"
    )
    notices = f"; noticed by users of {', '.join(e.name for e in seen.notices[:3])}" if seen.notices else ""
    fine = f"; {len(seen.unaffected)} parts are measured and normal" if seen.unaffected else ""
    lines = [
        BriefLine(text=f"{view.title}, {_since(view)}."),
        BriefLine(text=f"Impact: {hit}{notices}{fine}.", facts=facts),
    ]
    refuted = len({a.hypothesis for a in board.attempts.values() if a.outcome is Outcome.REFUTED and a.trigger is None})
    tested = len({a.hypothesis for a in board.attempts.values()})
    lead = next((one for one in view.accounts if one.set_aside is None), None)
    done = f"{len(board.hypotheses)} theories were stated, {tested} tested, {refuted} of them refuted"
    lines.append(BriefLine(text=f"Done so far: {done}."))
    if lead is not None and lead.confidence > max(view.not_listed, view.no_incident):
        still = "it is still being tested and may fall" if board.status is Status.RUNNING else "it may still fall"
        said = f"One working theory leads with {share(lead.confidence)}; {still}."
        lines.append(BriefLine(text=said, facts=(lead.label,)))
    elif view.no_incident > view.not_listed:
        said = f"What was measured is as usual: most likely nothing is wrong ({share(view.no_incident)})."
        lines.append(BriefLine(text=said))
    else:
        lines.append(BriefLine(text="No theory is likely enough yet to act on."))
    if board.orders.escalated:
        lines.append(BriefLine(text=f"Help was asked for: {', '.join(dict.fromkeys(board.orders.escalated))}."))
    doing = {True: "The investigation goes on.", False: f"The investigation has ended ({board.status.value})."}
    lines.append(BriefLine(text=doing[board.status is Status.RUNNING]))
    return lines


def _customers(board: Board, view: View) -> list[BriefLine]:
    """Only what a customer notices: no names of parts, no numbers of ours, no theories."""
    seen = situation(board)
    slow = tuple(f.label for f in seen.symptoms if f.observation.sign in SLOW)
    failing = tuple(f.label for f in seen.symptoms if f.observation.sign in FAILING)
    words = [text for text, facts in (("slower than usual", slow), ("failing", failing)) if facts]
    what = f"some requests are {' or '.join(words)}" if words else "we are looking into a report of trouble"
    since = _since(view)
    lines = [BriefLine(text=f"{since[:1].upper()}{since[1:]}, {what}.", facts=(*slow, *failing))]
    if board.status is Status.RUNNING:
        lines.append(BriefLine(text="We are investigating and will report here."))
    elif board.rechecks and board.rechecks[-1].state.value == "recovered":
        lines.append(BriefLine(text="Our measurements are back to their usual range; we keep watching."))
    else:
        lines.append(BriefLine(text="We are working on it."))
    return lines
