"""Words of one incident that the record of another may quote, so that deleting the first can be complete. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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


def names_of(investigation: UUID, number: int, keys: Iterable[str]) -> tuple[bytes, ...]:
    """What stands in the JSON of what recalled an investigation: its id, or in a count how the id of one of its
    lessons begins; `keys` are those of its events of the kinds in TEACHES_LESSONS. The number alone would also find an
    imported lesson of somebody else's investigation of that number."""
    lessons = (msgspec.json.encode(f"#{number}/{key}/")[:-1] for key in keys)
    return (str(investigation).encode(), *lessons)


def quotes_of(payloads: Iterable[bytes]) -> tuple[bytes, ...]:
    """Texts of an incident that others may have been shown, as they stand inside JSON, each once; from payloads of the
    kinds in SPEAKS."""
    found = (text for data in payloads for text in _texts(msgspec.json.decode(data)))
    kept = dict.fromkeys(text for text in found if len(text) >= LEAST or " " in text.strip())
    return tuple(msgspec.json.encode(text)[1:-1] for text in kept)


def _texts(payload: object) -> Iterator[str]:
    """The title, what it was, and what fixed or stopped it."""
    if not isinstance(payload, Mapping):
        return
    places = [payload.get("fix"), payload.get("stopped_by"), payload.get("missing")]
    for outer, inner in (("incident", "title"), ("cause", "said")):
        within = payload.get(outer)
        places.append(within.get(inner) if isinstance(within, Mapping) else None)
    yield from (text for text in places if isinstance(text, str) and text.strip())


def quotes(data: bytes, texts: Iterable[bytes], own: bytes) -> bool:
    """Whether a payload quotes any of them that its investigation's own opening does not hold as well: two pages may
    have one title."""
    return any(text in data and text not in own for text in texts)
