"""Text that is safe in Markdown: one line, no structure, no claim of its own. Telemetry is untrusted."""

from __future__ import annotations

import re
from collections.abc import Iterable

from compass.domain.entity import EntityRef
from compass.domain.time import NS_PER_S, Instant, to_datetime
from compass.exports.wording import objections
from compass.redaction import bound

MOST_CHARS = 2_000  # of one text from telemetry
CHILD = "    - "  # four spaces: what both GitHub and python-markdown read as a list within a list
_SPECIAL = re.compile(r"[\\\[\]*|~]|(?<!\w)_|_(?!\w)|^[#>+-]|(?<=^\d)[.)]|(?<=^\d\d)[.)]|(?<=^\d\d\d)[.)]")


def plain(text: str, limit: int = MOST_CHARS) -> str:
    """One line that cannot open Markdown or HTML structure, nor colour a terminal."""
    flat = " ".join(bound(text, limit).split()).rstrip(".")
    if objections(flat):
        return code(flat)  # words of telemetry that this report would not use itself are quoted as evidence
    return _SPECIAL.sub(r"\\\g<0>", flat.replace("&", "&amp;").replace("<", "&lt;").replace("`", "'"))


def sentence(text: str) -> str:
    said = plain(text)
    if said.isdigit():
        return f"{said}\\."  # “0.” would open a numbered list
    return said if said.endswith(("?", "!")) else said + "."


def name(entity: EntityRef) -> str:
    return plain(str(entity))


def names(entities: Iterable[EntityRef], most: int = 12, nothing: str = "nothing") -> str:
    """At most `most` names; the rest is counted."""
    listed = [name(entity) for entity in entities]
    rest = f" and {len(listed) - most} more" if len(listed) > most else ""
    return (", ".join(listed[:most]) or nothing) + rest


def code(text: str, limit: int = MOST_CHARS) -> str:
    """An identifier in backticks."""
    return "`" + " ".join(bound(text, limit).split()).replace("`", "'").replace("|", "/") + "`"


def doubt(uncertainty_ns: int) -> str:
    """` ± 28 s`, or an empty text below half a second."""
    return f" ± {uncertainty_ns / NS_PER_S:.0f} s" if uncertainty_ns >= NS_PER_S // 2 else ""


def date_time(ns: int) -> str:
    return f"{to_datetime(ns):%Y-%m-%d %H:%M:%S} UTC"


def clock(instant: Instant) -> str:
    return f"{to_datetime(instant.ns):%H:%M:%S} UTC{doubt(instant.uncertainty_ns)}"


def percent(share: float) -> str:
    """`81 %`; never `0 %`, which would say more than is known."""
    return f"{share:.0%}".replace("%", " %") if share >= 0.01 else "<1 %"
