"""The post-mortem draft in Markdown (DESIGN §10), from the chronicle alone.

Every factual sentence ends in the id of the event it comes from, `[e45]`; the appendix resolves them. Where there
is no evidence the draft asks people instead of inventing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compass.analysis.wording import quantity
from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.domain.entity import EntityRef
from compass.domain.failure import Status
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Observation, Verdict
from compass.domain.time import NS_PER_S, to_datetime
from compass.exports.improvements import improvements
from compass.exports.sources_of_fact import Citations, cite, gap_key
from compass.exports.wording import objections
from compass.projections.board import fold_all
from compass.projections.build_view import POSSIBLE_TRIGGER, build_view
from compass.projections.timeline import moments
from compass.projections.view import AccountLine, AttemptLine, View
from compass.redaction import bound

LEVELS = (
    ("Regulatory and external", "Which outside obligations, contracts or providers shaped what could be done?"),
    ("Organisational", "Which priorities, staffing or ownership arrangements made this more likely?"),
    ("Technical management", "How are changes of this kind planned, reviewed, tested and rolled out?"),
    ("Work environment", "What was the load, the hour, and what else was going on for those involved?"),
    ("Human-system interface", "What did the screens, alerts and runbooks show, and what did they leave out?"),
    ("Equipment and technology", "Which technical conditions had to come together?"),
)
FORMAT = "markdown"
MOST_CHARS = 2_000  # of one text from telemetry
_SPECIAL = re.compile(r"[\\\[\]*|~]|(?<!\w)_|_(?!\w)|^[#>+-]|(?<=^\d)[.)]|(?<=^\d\d)[.)]|(?<=^\d\d\d)[.)]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What every section is written from."""

    board: Board
    view: View
    cites: Citations
    mechanisms: Mapping[str, Mechanism]

    def fact(self, o: Observation) -> str:
        return f"{_sentence(o.text)}{self.cites.of('observation', o.id)}"


def postmortem(events: Sequence[c.Event], mechanisms: Mapping[str, Mechanism], *, id: str, number: int) -> str:  # noqa: A002
    """The whole draft. Raises ValueError when the investigation never opened."""
    board = fold_all(events)
    view = build_view(board, mechanisms, id=id, number=number)
    draft = _Draft(board=board, view=view, cites=cite(events), mechanisms=mechanisms)
    sections = (
        _title, _overview, _timeline, _normal_work, _causes, _journey, _interaction, _similar, _decisions,
        _improvements, _learning, _questions, _cost, _appendix,
    )  # fmt: skip
    return "\n".join("\n".join(section(draft)) + "\n" for section in sections)


def _title(d: _Draft) -> list[str]:
    return [
        f"# Post-mortem draft: {_plain(d.view.title)}",
        "",
        f"Investigation #{d.view.number} ({d.view.id}), status: {d.view.status.value}. A draft made by COMPASS from "
        "its chronicle, for people to correct and complete. `[e12]` names the chronicle event a fact comes from.",
    ]


def _overview(d: _Draft) -> list[str]:
    v = d.view
    lines = ["## Overview", ""]
    if v.onset_ns is not None:
        lines.append(
            f"- The incident began about {_time(v.onset_ns)} (± {v.onset_uncertainty_ns / NS_PER_S:.0f} s, "
            f"{v.onset_method}).{d.cites.of('onsetestimated')}"
        )
        delay = (v.detected_ns - v.onset_ns) / NS_PER_S
        lines.append(f"- Someone was paged at {_time(v.detected_ns)}, {delay:.0f} s later.{d.cites.of('opened')}")
    if v.symptom:
        lines.append(f"- The page said: {_plain(v.symptom)}.{d.cites.of('opened')}")
    if d.cites.has("answer", "where"):
        affected = ", ".join(_name(e) for e in v.situation.affected) or "nothing that was measured"
        unaffected = ", ".join(_name(e) for e in v.situation.unaffected) or "nothing that was measured"
        lines.append(f"- Affected: {affected}. Measured and normal: {unaffected}.{d.cites.of('answer', 'where')}")
    seen = {fact.text: fact.observation for fact in reversed(v.situation.symptoms)}
    lines += [f"- {d.fact(o)}" for o in list(seen.values())[::-1][:5]]
    if v.status is Status.RUNNING:
        lines.append("- Question: the investigation has not ended; is it still running, or should it be resumed?")
    else:
        outcome = d.board.answers.get("why") or v.said
        lines.append(f"- Outcome of the investigation: {_sentence(outcome)}{d.cites.of('ended')}")
    return lines


def _timeline(d: _Draft) -> list[str]:
    rows = [m for m in moments(d.cites.events, d.board) if m.track == "system"]
    lines = ["## Timeline (UTC)", "", "| time | what | event |", "|---|---|---|"]
    lines += [f"| {to_datetime(m.ns):%Y-%m-%d %H:%M:%S} | {_cell(m.text)} | e{m.seq} |" for m in rows]
    return lines


def _normal_work(d: _Draft) -> list[str]:
    lines = ["## How the work normally goes", ""]
    # Metrics have a usual level that people know; a share of requests or a line that is new has none.
    measured = (o for o in d.board.anomalies() if o.stats is not None and o.stats.method.startswith("robust z"))
    seen = [o for o in measured if o.baseline is not None and o.baseline.value > 0]
    seen.sort(key=lambda o: (-o.strength, o.id))
    one_each = {(o.sign, o.entity): o for o in reversed(seen)}
    for o in list(one_each.values())[::-1][:5]:
        if o.baseline is not None:
            usual = f"{_plain(o.text.split(',')[0])}; usually {quantity(o.baseline.value, o.baseline.unit)}"
            lines.append(f"- {usual}.{d.cites.of('observation', o.id)}")
    lines.append("- Question: what do people do on an ordinary day to keep it there?")
    return lines


def _causes(d: _Draft) -> list[str]:
    lines = ["## Contributing causes", "", "Several can hold at once; they are conditions, not culprits.", ""]
    technical, managed = _technical(d), _managed(d)
    for level, question in LEVELS:
        lines.append(f"### {level}")
        known = {"Equipment and technology": technical, "Technical management": managed}.get(level, [])
        lines += known or ["Not examined: no telemetry speaks about this level."]
        lines += [f"- Question: {question}", ""]
    return lines[:-1]


def _technical(d: _Draft) -> list[str]:
    lines = []
    for account in d.view.accounts[:3]:
        head = _hypothesis_id(d, account)
        lines.append(
            f"- Working theory {account.label} ({account.confidence:.0%}): {_sentence(account.claim)}"
            f"{d.cites.of('hypothesis', head)}{d.cites.of('posteriorupdated')}"
        )
        lines += [f"  - for: {d.fact(fact.observation)}" for fact in account.evidence_for[:3]]
        lines += [f"  - against: {d.fact(fact.observation)}" for fact in account.evidence_against[:2]]
    return lines


def _managed(d: _Draft) -> list[str]:
    return [
        f"- The change {_code(change.id)} ({_plain(change.summary)}) may have set it off; it came "
        f"{abs(change.offset_s):.0f} s {'after' if change.offset_s > 0 else 'before'} the onset."
        f"{d.cites.of('change', change.id)}"
        for change in d.view.changes if change.weight >= POSSIBLE_TRIGGER and not change.refuted
    ]  # fmt: skip


def _journey(d: _Draft) -> list[str]:
    lines = ["## The hypothesis journey, dead ends included", ""]
    for account in (*d.view.accounts, *d.view.refuted):
        state = "refuted" if account.refuted else f"{account.confidence:.0%}"
        head = _hypothesis_id(d, account)
        lines.append(f"- **{account.label}** {_sentence(account.claim)} ({state}){d.cites.of('hypothesis', head)}")
        lines += [
            f"  - {_about(line)}{line.attempt.outcome.value} ({line.strategy.replace('_', ' ')}): "
            f"{_sentence(line.attempt.found)}{d.cites.of('attempt', line.attempt.plan)}"
            for line in account.attempts if line.attempt.outcome in (Outcome.REFUTED, Outcome.SURVIVED)
        ]  # fmt: skip
    lines += [
        f"- The change {_code(change.id)} was considered and refuted as a trigger: {_sentence(change.refuted)}"
        f"{d.cites.of('change', change.id)}"
        for change in d.view.changes if change.refuted
    ]  # fmt: skip
    if not d.view.accounts and not d.view.refuted:
        lines.append(f"- No theory was stated.{d.cites.up_to()}")
    return lines


def _about(line: AttemptLine) -> str:
    """An attempt may be on a trigger of the theory and not on the theory itself."""
    return f"`{_plain(line.attempt.trigger)}` as its trigger: " if line.attempt.trigger else ""


def _interaction(d: _Draft) -> list[str]:
    lines = ["## How the causes interacted", ""]
    by_id = d.board.hypotheses
    accounts = {a.id: a for a in d.board.accounts}
    for line in d.view.accounts[:1]:
        for link in accounts[line.id].links:
            cause, effect = by_id.get(link.cause), by_id.get(link.effect)
            if cause and effect:
                said = f"{effect.label} ({effect.mechanism} at {_name(effect.entity)}): {_sentence(link.because)}"
                lines.append(
                    f"- {cause.label} ({cause.mechanism} at {_name(cause.entity)}) explains {said}"
                    f"{d.cites.of('accountsformed')}"
                )
    if len(lines) == 2:
        lines.append("- Question: which of the conditions above had to hold together? The telemetry does not show it.")
    return lines


def _similar(_d: _Draft) -> list[str]:
    asked = "Question: have you seen this before?"
    return ["## Similar incidents", "", f"- Not examined: no earlier incidents were consulted. {asked}"]


def _decisions(d: _Draft) -> list[str]:
    lines = ["## Decisions", "", "Each with why it was reasonable with what was known then.", ""]
    for decision, by, because in d.board.decisions:
        lines.append(f"- {by} decided to {_plain(decision)}: {_sentence(because)}{d.cites.of('decision', decision)}")
    lines.append("- Question: which decisions were taken outside COMPASS, and what was known at that moment?")
    return lines


def _improvements(d: _Draft) -> list[str]:
    lines = ["## Improvements, strongest first", ""]
    for item in improvements(d.view, d.board):
        source = d.cites.of(*item.rests_on) if item.rests_on else ""
        lines.append(f"- **{item.strength}**: {_sentence(item.text)}{source}")
    return lines


def _learning(d: _Draft) -> list[str]:
    lines = ["## Learning points", ""]
    normal = sum(1 for o in d.board.observations.values() if o.verdict is Verdict.NORMAL)
    lines.append(
        f"- {len(d.board.anomalies())} signs were abnormal, and {normal} were measured and normal.{d.cites.up_to()}"
    )
    lines += [
        f"- Not observable: {_plain(gap)}. What that hides: {_sentence(hides)}{d.cites.of('gap', gap_key(gap, hides))}"
        for gap, hides in d.view.gaps
    ]
    return lines


def _questions(d: _Draft) -> list[str]:
    lines = ["## Questions for the learning team", ""]
    for account in d.view.accounts[:2]:
        lines += [f"- {_sentence(check)} (for {account.label})" for check in account.check]
    if d.board.posterior is not None:
        lines.append(
            f"- {d.view.not_listed:.0%} of the belief is on nothing in this list. Question: who could know something "
            f"that COMPASS cannot observe?{d.cites.of('posteriorupdated')}"
        )
    return lines


def _cost(d: _Draft) -> list[str]:
    attempts = len(d.board.attempts)
    screened = sum(1 for _agent, step in d.board.steps_done if step not in d.board.plans)
    took = f" took {d.view.elapsed_s:.1f} s and" if d.view.elapsed_s is not None else ""
    source = d.cites.of("timingmeasured") or d.cites.up_to()
    return [
        "## Cost", "",
        f"- The investigation{took} made {screened} screening steps and {attempts} attempts to refute; no language "
        f"model was used.{source}",
    ]  # fmt: skip


def _appendix(d: _Draft) -> list[str]:
    lines = ["## Appendix: events", "", "| event | id | kind | recorded |", "|---|---|---|---|"]
    # Reports are left out: a draft that lists earlier drafts would never be the same twice.
    lines += [
        f"| e{e.seq} | {e.id} | {_cell(e.kind)} | {e.recorded_at:%Y-%m-%d %H:%M:%S} |"
        for e in d.cites.events if not isinstance(e.payload, c.Reported)
    ]  # fmt: skip
    return lines


def _hypothesis_id(d: _Draft, account: AccountLine) -> str:
    return next((h.id for h in d.board.hypotheses.values() if h.label == account.label), "")


def _time(ns: int) -> str:
    return f"{to_datetime(ns):%Y-%m-%d %H:%M:%S} UTC"


def _plain(text: str) -> str:
    """One line that cannot open Markdown or HTML structure, nor colour a terminal: telemetry is untrusted text."""
    flat = " ".join(bound(text, MOST_CHARS).split()).rstrip(".")
    if objections(flat):
        return _code(flat)  # words of telemetry that this report would not use itself are quoted as evidence
    return _SPECIAL.sub(r"\\\g<0>", flat.replace("&", "&amp;").replace("<", "&lt;").replace("`", "'"))


def _sentence(text: str) -> str:
    plain = _plain(text)
    return plain if plain.endswith(("?", "!")) else plain + "."


def _cell(text: str) -> str:
    return _plain(text)


def _name(entity: EntityRef) -> str:
    return _plain(str(entity))


def _code(text: str) -> str:
    """An identifier in backticks."""
    return "`" + " ".join(bound(text, MOST_CHARS).split()).replace("`", "'").replace("|", "/") + "`"


__all__ = ["FORMAT", "postmortem"]
