"""Text on its way into the chronicle: what a model said, and facts in words for it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.observation import Observation, Verdict
from compass.domain.time import NS_PER_S, Instant
from compass.domain.told import ToolAnswered
from compass.redaction import bound, redact

SAID = 400
_LINK = re.compile(r"(?i)\b(?:[a-z][a-z0-9+.-]{1,20}://|www\.)[^\s<>\"')\]]{1,2000}")
_COMMAND = re.compile(
    r"`{1,3}[^`]{0,400}`{1,3}"
    r"|(?i:\b(?:kubectl|helm|docker|systemctl|sudo|curl|wget|ssh|rm)\s{1,3}"
    r"(?:-|\(link\)|delete|apply|exec|scale|patch|edit|uninstall|rollback|stop|restart|rm\b)[^.;]{0,400})"
)
"""Code between back-ticks, and the usual tools with what changes something."""
_CAUSE = re.compile(r"\b(?:the\s+)?root" + r"[ -]?cause(s?)\b", re.IGNORECASE)
_PERSON = re.compile(r"\b(?:human|operator|user)" + r"[ -]error\b", re.IGNORECASE)


def said(text: str, limit: int = SAID) -> str:
    """What a model wrote, fit to be stored and shown: one line, no secrets, no control characters, in the words that
    reports use (contributing causes; what was done, never whose fault).

    Addresses and code are taken out: whoever can write a log line could otherwise have a reader at 3 a.m. follow a link
    or run a command that stands in COMPASS's own report.
    """
    line = _LINK.sub("(link)", redact(" ".join(text[: 8 * limit].split())))
    line = bound(_COMMAND.sub("(command)", line), limit)
    return _PERSON.sub("what was done", _CAUSE.sub(r"contributing cause\1", line))


def clock(instant: Instant) -> str:
    """The time of day as prompts give it and replies may give it back."""
    return datetime.fromtimestamp(instant.ns // NS_PER_S, UTC).strftime("%H:%M:%S")


def place(entity: EntityRef) -> str:
    """Kind, namespace and name."""
    inside = f"{entity.namespace}/" if entity.namespace else ""
    return f"{entity.kind.value} {inside}{entity.name}"


def fact(o: Observation, at: str) -> str:
    """One observation for a prompt. `at` is the id of its entity there."""
    if o.verdict is Verdict.NORMAL:
        return f"{o.sign} at {at}: normal. {o.text.removesuffix(': normal')}"
    since = f", since {clock(o.since)}" if o.since is not None else ""
    return f"{o.sign} at {at}, strength {o.strength:.1f}{since}. {o.text}"


def abnormal(board: Board) -> list[Observation]:
    """What is abnormal on the board, strongest first."""
    return sorted(board.anomalies(), key=lambda o: (-o.strength, o.id))


def told_by(one: ToolAnswered) -> str:
    """Who says it, about what, in words of COMPASS."""
    about = f" about {place(one.entity)}" if one.entity is not None else ""
    return f"{one.tool} of {one.source}{about}"
