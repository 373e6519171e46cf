"""The events that the draft cites, each in one line, so that a fact can be followed to where it comes from."""

from __future__ import annotations

import re

from compass.domain import chronicle as c
from compass.domain.advised import ModelAsked, ModelLost
from compass.domain.board import Board
from compass.domain.commanded import Decided
from compass.domain.documents import DocumentsRead
from compass.domain.recheck import Rechecked
from compass.domain.told import ToolAnswered, ToolsConsulted
from compass.exports.draft import OUTCOME_WORD, Draft
from compass.exports.prose import clock, code, name, percent, plain
from compass.projections.rechecks import said_of

MOST_CHARS = 300
MOST_QUERY = 160
_CITED = re.compile(r"(?<!\\)\[#(\d+)\]")
_QUOTED = re.compile(r"`[^`\n]*`")


def cited(text: str) -> frozenset[int]:
    """Events that a text cites. What is quoted or escaped is telemetry and cites nothing."""
    return frozenset(int(seq) for seq in _CITED.findall(_QUOTED.sub("", text)))


def appendix(d: Draft, text: str) -> list[str]:
    wanted = cited(text)
    lines = ["## Appendix: the events cited", "", "| event | kind | recorded (UTC) | what it says | id |"]
    lines.append("|---|---|---|---|---|")
    lines += [
        f"| #{e.seq} | {plain(e.kind)} | {e.recorded_at:%Y-%m-%d %H:%M:%S} | {_statement(e.payload, d.board)} "
        f"| {e.id} |"
        for e in d.cites.events if e.seq in wanted
    ]  # fmt: skip
    return lines


def _statement(payload: object, board: Board) -> str:
    """One line about one event. Texts from telemetry stay text."""
    if isinstance(payload, c.Observed):
        o = payload.observation
        query = f"; {plain(o.query.language)}: {code(o.query.text, MOST_QUERY)}" if o.query.text else ""
        if o.query.url.startswith(("https://", "http://")):
            query += f" ([open](<{o.query.url}>))"  # made by a source, percent-encoded
        return f"{board.observation_labels.get(o.id, '')} {_short(o.text)}{query}".strip()
    if isinstance(payload, c.Attempted):
        a = board.attempts.get(payload.attempt.plan, payload.attempt)  # as it counts
        about = f", {code(a.trigger)} as its trigger" if a.trigger else ""
        found = f"{a.strategy.replace('_', ' ')}{about}: {OUTCOME_WORD[a.outcome]}: {_short(a.found)}"
        return f"{_label(a.hypothesis, board)} {found}"
    if isinstance(payload, ToolAnswered):
        said = f"{payload.tool} of {payload.source}, asked with {payload.arguments}, said: {payload.text}"
        return code(said, MOST_CHARS)
    return _of_theories(payload, board) or _of_the_run(payload)


def _of_theories(payload: object, board: Board) -> str:
    if isinstance(payload, c.Proposed):
        h = payload.hypothesis
        return f"{_label(h.id, board)} {plain(h.mechanism)} at {name(h.entity)}, proposed by {plain(h.proposed_by)}"
    if isinstance(payload, c.PlanRegistered):
        return f"{_label(payload.plan.hypothesis, board)} {_short(payload.plan.expectation)}"
    if isinstance(payload, c.AccountsFormed):
        return f"{len(payload.accounts)} accounts of theories that explain one another"
    if isinstance(payload, c.PosteriorUpdated):
        heads = {account.id: account.head for account in board.accounts}
        top = payload.posterior.ranked()[:3]
        said = [f"{_label(heads.get(key, ''), board)} {percent(belief)}" for key, belief in top]
        return ", ".join([*said, f"not on this list {percent(payload.posterior.not_listed)}"])
    return ""


def _of_the_run(payload: object) -> str:
    if isinstance(payload, c.Opened):
        page = payload.incident.symptom or payload.incident.title
        return f"opened by {plain(payload.commander)}; the page: {_short(page)}"
    if isinstance(payload, c.OnsetEstimated):
        why = f": {_short('; '.join(payload.onset.because))}" if payload.onset.because else ""
        return f"{clock(payload.onset.instant)} ({plain(payload.onset.method)}){why}"
    if isinstance(payload, c.ContextLearned):
        listed = [f"{code(change.id)} {clock(change.at)} {plain(change.summary, 80)}" for change in payload.changes[:5]]
        more = f" and {len(payload.changes) - 5} more" if len(payload.changes) > 5 else ""
        changes = f"; changes: {'; '.join(listed)}{more}" if listed else ""
        return f"{len(payload.entities)} parts, {len(payload.dependencies)} dependencies{changes}"
    if isinstance(payload, c.GapNamed):
        return f"{_short(payload.gap)}: {_short(payload.hides)}"
    if isinstance(payload, c.AgentFailed):
        return f"{plain(payload.agent)}: {_short(payload.error)}"
    if isinstance(payload, Rechecked):
        return _short(f"measured again: {said_of(payload)}")
    if isinstance(payload, ModelAsked):
        call = payload.call
        became = f"failed: {call.said}" if call.failure is not None else f"{call.dropped} parts of its reply unreadable"
        return _short(
            f"{call.provider}:{call.model} asked for {call.task.value}, prompt {call.prompt_version}; {became}"
        )
    return _short(_words(payload))


def _words(payload: object) -> str:
    if isinstance(payload, c.QuestionAnswered):
        return f"{payload.question}: {payload.answer}"
    if isinstance(payload, Decided):
        return f"{payload.by}: {payload.decision}: {payload.because}"
    if isinstance(payload, c.TimingMeasured):
        return f"{payload.elapsed_s:.1f} s"
    if isinstance(payload, c.FailureDeclared | c.Ended):
        return payload.said
    if isinstance(payload, ModelLost):
        return payload.said
    if isinstance(payload, DocumentsRead):
        return f"{len(payload.quoted)} of {payload.searched} passages of the team's documents quoted"
    if isinstance(payload, ToolsConsulted):
        return f"{payload.asked - payload.failed} of {payload.asked} calls of tools answered"
    return "–"


def _label(hypothesis: str, board: Board) -> str:
    known = board.hypotheses.get(hypothesis)
    return known.label if known is not None else "H?"


def _short(text: str) -> str:
    return plain(text, MOST_CHARS)
