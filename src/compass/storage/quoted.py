"""Words of one incident that the record of another may quote, so that deleting the first can be complete. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

import msgspec

SPEAKS = ("investigation.opened", "incident.resolved", "incident.corrected", "near_miss.noted")
"""Kinds of event that hold the words by which later incidents are told of this one."""
TEACHES_LESSONS = ("incident.resolved", "incident.corrected", "near_miss.noted")
"""Kinds of event whose keys are in the ids of lessons."""
MAY_QUOTE = (
    "decision.recorded", "decision.reviewed", "person.answered", "model.sent", "model.asked", "theory.argued",
    "mechanism.stated", "data.requested", "data.given", "hypothesis.set_aside", "investigation.escalated",
    "command.given",
)  # fmt: skip
"""Kinds of event that hold what a person or a model was shown or said, exactly as it was."""
LEAST = 8
"""Characters of a text of one word that is looked for: a shorter one stands in much that has nothing to do with it."""
_ESCAPED = re.compile(r'["\\<\x00-\x1f]')
"""Characters that do not stand as themselves in JSON or in a prompt's facts."""
_MARK, _WILDCARD = "<", "<*>"


def names_of(investigation: UUID, number: int, keys: Iterable[str]) -> tuple[bytes, ...]:
    """What stands in the JSON of what recalled an investigation: its id, or in a count how the id of one of its
    lessons begins; `keys` are those of its events of the kinds in TEACHES_LESSONS. The number alone would also find an
    imported lesson of somebody else's investigation of that number."""
    lessons = (msgspec.json.encode(f"#{number}/{key}/")[:-1] for key in keys)
    return (str(investigation).encode(), *lessons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Bytes by which a payload shows that it quotes a text, and those by which an opening shows that it has that text
    of itself."""

    shown: bytes
    own: bytes


def quotes_of(payloads: Iterable[bytes]) -> tuple[Quote, ...]:
    """Texts of an incident that others may have been shown, each in every way it may stand inside JSON, each once; from
    payloads of the kinds in SPEAKS."""
    found = (text for data in payloads for text in _texts(msgspec.json.decode(data)))
    kept = dict.fromkeys(text for text in found if len(text) >= LEAST or " " in text.strip())
    return tuple(dict.fromkeys(quote for text in kept for quote in _quotes(text)))


def _quotes(text: str) -> Iterator[Quote]:
    """As a string; as JSON inside a string, which is how prompts hold facts (there `<` is escaped, but for that of
    `<*>`) and how replies hold words; and by the longest stretch that no escaping changes, where it is most of it."""
    once = _inside(text)
    yield Quote(shown=once, own=once)
    if not _ESCAPED.search(text):
        return
    inner = json.dumps(text, ensure_ascii=False)[1:-1]
    marked = inner.replace(_MARK, "\\u003c")
    for form in (inner, marked, marked.replace(f"\\u003c{_WILDCARD[1:]}", _WILDCARD)):
        yield Quote(shown=_inside(form), own=once)
    longest = max(_ESCAPED.split(text), key=len).strip()
    if len(longest) >= LEAST and 2 * len(longest) > len(text):
        yield Quote(shown=_inside(longest), own=_inside(longest))


def _inside(text: str) -> bytes:
    return msgspec.json.encode(text)[1:-1]


def _texts(payload: object) -> Iterator[str]:
    """The title, what it was, and what fixed or stopped it."""
    if not isinstance(payload, Mapping):
        return
    places = [payload.get("fix"), payload.get("stopped_by"), payload.get("missing")]
    for outer, inner in (("incident", "title"), ("cause", "said")):
        within = payload.get(outer)
        places.append(within.get(inner) if isinstance(within, Mapping) else None)
    yield from (text for text in places if isinstance(text, str) and text.strip())


def quotes(data: bytes, texts: Iterable[Quote], own: bytes) -> bool:
    """Whether a payload quotes any of them that its investigation's own opening does not hold as well: two pages may
    have one title."""
    return any(text.shown in data and text.own not in own for text in texts)
