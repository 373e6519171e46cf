"""The theories: what was tried on each, dead ends included, and how the causes that are left fit together."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.domain.hypothesis import NO_CHANGE, Account
from compass.domain.observation import Observation
from compass.exports.draft import HELD, OUTCOME_WORD, Draft
from compass.exports.prose import CHILD, code, name, percent, plain, sentence
from compass.projections.situation import owner_of
from compass.projections.view import AccountLine, AttemptLine, ProposalLine

IN_FULL = 5
# What is still open about a theory comes first: a list of survivals alone would look more certain than it is.
_ORDER = {Outcome.AMBIGUOUS: 0, Outcome.NO_DATA: 1, Outcome.REFUTED: 2, Outcome.SURVIVED: 3}
_Told = tuple[str, str, str, str]


def journey(d: Draft) -> list[str]:
    """In full the IN_FULL likeliest theories and every refuted one, with what was tried on each; the others in one
    line. Then proposals, changes that were refuted as triggers, and what a model reads in changes."""
    lines = ["## The hypothesis journey, dead ends included", ""]
    full, rest = d.view.accounts[:IN_FULL], d.view.accounts[IN_FULL:]
    told: dict[_Told, str] = {}
    for account in (*full, *d.view.refuted):
        state = "refuted" if account.refuted else percent(account.confidence)
        source = d.cites.of("hypothesis", d.theory(account))
        by = f", proposed by {plain(account.proposed_by)}" if account.proposed_by else ""
        lines.append(f"- **{account.label}** {sentence(account.claim)} ({state}{by}){source}")
        lines += _attempts(d, account, told)
    if rest:
        lines.append(_in_one_line(d, rest))
    lines += _proposed(d, {account.label for account in (*full, *rest, *d.view.refuted)}, told)
    lines += [
        f"- The change {code(change.id)} was considered and refuted as a trigger: {sentence(change.refuted)}"
        f"{d.cites.of('change', change.id)}"
        for change in d.view.changes if change.refuted
    ]  # fmt: skip
    lines += [
        f"- A language model reads {code(change.id)} as a change that {'could' if change.read.could else 'could not'} "
        f"do this: {sentence(change.read.why)} Nothing rests on its reading.{d.cites.of('change', change.id)}"
        for change in d.view.changes if change.read is not None
    ]  # fmt: skip
    if not d.view.accounts and not d.view.refuted and not d.view.proposals:
        lines.append(f"- No theory was stated.{d.cites.up_to()}")
    return lines


def _proposed(d: Draft, weighed: Collection[str], told: dict[_Told, str]) -> list[str]:
    """What a language model proposed and the tests did not bear out, or nothing here could test."""
    lines: list[str] = []
    for one in d.view.proposals:
        if one.label in weighed:
            continue
        head = next((h.id for h in d.board.hypotheses.values() if h.label == one.label), "")
        said = f"{plain(one.said)}, proposed by {plain(one.by)}"
        lines.append(f"- **{one.label}** {sentence(one.claim)} ({said}){d.cites.of('hypothesis', head)}")
        if one.needs:
            lines.append(f"{CHILD}what would test it: {plain('; '.join(one.needs))}.")
        lines += _attempts(d, one, told)
    return lines


def _attempts(d: Draft, account: AccountLine | ProposalLine, told: dict[_Told, str]) -> list[str]:
    """Every attempt; what was found word for word for an earlier theory is named and not repeated."""
    lines: list[str] = []
    again: dict[str, list[str]] = {}
    for line in sorted(account.attempts, key=lambda a: _ORDER[a.attempt.outcome]):
        a = line.attempt
        key = (a.outcome.value, a.strategy, a.trigger or "", a.found)
        source = d.cites.of("attempt", a.plan)
        if key in told and told[key] != account.label:
            again.setdefault(told[key], []).append(f"{_how(line)}{source}")
            continue
        told[key] = account.label
        lines.append(f"{CHILD}{_how(line)}: {sentence(a.found)}{source}")
    lines += [f"{CHILD}as for {label}: {'; '.join(said)}." for label, said in again.items()]
    return lines


def _how(line: AttemptLine) -> str:
    """An attempt may be on a trigger of the theory and not on the theory itself."""
    about = f"{code(line.attempt.trigger)} as its trigger: " if line.attempt.trigger else ""
    return f"{about}{OUTCOME_WORD[line.attempt.outcome]} ({line.strategy.replace('_', ' ')})"


def _in_one_line(d: Draft, rest: tuple[AccountLine, ...]) -> str:
    most = max(account.confidence for account in rest)
    hold = "less than 1 %" if most < HELD else f"at most {percent(most)}"
    places: dict[str, list[str]] = {}
    for account in rest:
        places.setdefault(name(account.entity), []).append(f"{account.label} {plain(account.mechanism)}")
    listed = "; ".join(f"at {place} {', '.join(theories)}" for place, theories in places.items())
    one = len(rest) == 1
    return (
        f"- {len(rest)} further theor{'y was' if one else 'ies were'} stated and hold{'s' if one else ''} {hold}"
        f"{'' if one else ' each'}: {listed}.{d.cites.of('posteriorupdated')}"
    )


def interaction(d: Draft) -> list[str]:
    """One chain: what set it off, where it began, what that explains. Only theories that are still held."""
    lines = ["## How the causes interacted", ""]
    by_id = {account.id: account for account in d.board.accounts}
    leader = d.view.accounts[0] if d.view.accounts else None
    if leader is not None and leader.id in by_id:
        trigger, before = _set_off(d, leader), _would_explain(d, leader, by_id)
        places, effects = _effects(d, leader, by_id[leader.id])
        if trigger or before or effects:
            steps = [*trigger[:1], *before[:1], f"{leader.label} ({percent(leader.confidence)})", *places]
            lines.append(f"- The chain as far as it is held: {' → '.join(steps)}.{d.cites.of('accountsformed')}")
        lines += [*trigger[1:], *before[1:], *effects]
    if len(lines) == 2:
        lines.append("- Question: which of the conditions above had to hold together? The telemetry does not show it.")
    return lines


def _set_off(d: Draft, leader: AccountLine) -> list[str]:
    """The step in the chain and the sentence about it, or nothing."""
    trigger = leader.trigger
    if trigger is None or trigger.change == NO_CHANGE:
        return []
    said = (
        f"- {code(trigger.change)} ({plain(trigger.summary)}) may have set off {leader.label} (weight "
        f"{percent(trigger.weight)} within that account).{d.cites.of('change', trigger.change)}"
        f"{d.cites.of('accountsformed')}"
    )
    return [code(trigger.change), said]


def _would_explain(d: Draft, leader: AccountLine, by_id: dict[str, Account]) -> list[str]:
    """The likeliest theory that is still held and would explain the leading one: it stands before it in the chain."""
    head = d.theory(leader)
    for rival in d.held[1:]:
        links = by_id[rival.id].links if rival.id in by_id else ()
        link = next((link for link in links if link.effect == head), None)
        if link is not None:
            said = (
                f"- {rival.label} ({percent(rival.confidence)}: {plain(rival.claim)}) would explain {leader.label}: "
                f"{sentence(link.because)}{d.cites.of('accountsformed')}"
            )
            return [f"{rival.label} ({percent(rival.confidence)})", said]
    return []


def _effects(d: Draft, leader: AccountLine, account: Account) -> tuple[list[str], list[str]]:
    """Where the leading theory's effects are seen, each place once, with the clearest symptom there."""
    places: list[str] = []
    lines: list[str] = []
    before = {owner_of(d.board, leader.entity)}
    for link in account.links:
        effect = d.board.hypotheses.get(link.effect)
        place = owner_of(d.board, effect.entity) if effect is not None else None
        if place is None or place in before:
            continue
        before.add(place)
        seen = _clearest(d.board, (f.observation for f in d.view.situation.symptoms), place)
        shown = f" Seen there: {d.fact(seen)}" if seen is not None else ""
        begins = f"{leader.label} explains what is seen at {name(place)}: {sentence(link.because)}"
        places.append(name(place))
        lines.append(f"- {begins}{d.cites.of('accountsformed')}{shown}")
    return places, lines


def _clearest(board: Board, symptoms: Iterable[Observation], place: object) -> Observation | None:
    there = [o for o in symptoms if owner_of(board, o.entity) == place]
    return max(there, key=lambda o: (o.strength, o.id), default=None)
