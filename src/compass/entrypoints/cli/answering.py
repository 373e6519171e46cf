"""An answer to a request for data, given as a command: what it shows comes from the person and never from its text."""

from __future__ import annotations

from dataclasses import replace

from compass.domain.commanded import Bearing
from compass.domain.commands import command
from compass.entrypoints.cli.asked import picked, somebody_there
from compass.entrypoints.cli.commanding import Given, Read, order
from compass.investigation.commanding.answer import answering
from compass.ports.errors import BadInputError

UNSAID = "Nobody said what it shows (--shows supports | contradicts): it counts as settling nothing."
_PICKED = (Bearing.SUPPORTS, Bearing.CONTRADICTS)


def answer_request(
    reference: str | None, label: str, text: str, bearing: Bearing | None, *, reason: str = "",
    confidence: float | None = None,
) -> Given:  # fmt: skip
    """Record it. Without a bearing a person at the terminal is asked; where nobody is, it settles nothing, and that is
    said. Raises BadInputError where no such request is open, and where nothing at all was answered."""
    if bearing is None and not text.strip():
        hint = command(f"answer {label} --text 'what you saw'", reference or 0)
        raise BadInputError("nothing was answered", where="answer", hint=hint)
    if bearing is not None:
        return order(reference, "answer", text, read=_read(label, text, bearing), reason=reason, confidence=confidence)
    asked = somebody_there()
    shown = _asked() if asked else Bearing.SETTLES_NOTHING
    given = order(reference, "answer", text, read=_read(label, text, shown), reason=reason, confidence=confidence)
    return given if asked else replace(given, lines=(*given.lines, UNSAID))


def _asked() -> Bearing:
    at = picked("What does it show about the theory", ("it supports it", "it contradicts it"), "it settles nothing")
    return Bearing.SETTLES_NOTHING if at is None else _PICKED[at]


def _read(label: str, text: str, bearing: Bearing) -> Read:
    # A label is asked for here: "the one that is open" may be another one by the time that a script runs.
    return lambda desk: answering(label or "-", text, bearing, desk)
