"""What a person types to mean an investigation: a number, an id or the beginning of an id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from compass.ports.errors import NotFoundError, StaleRunnerError

ID_DIGITS = 8
"""So many decimal digits may be the beginning of an id; fewer are a number: ids begin with the time, so all alike."""
FORGOTTEN = "(forgotten)"
"""The title of an investigation of which nothing is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """`number` when the text may be one; `prefix` are the leading hex digits of an id, without hyphens."""

    text: str
    number: int | None
    prefix: str


def parse_reference(text: str) -> Reference:
    """Raises NotFoundError for a text that can be neither a number nor the beginning of an id."""
    cleaned = text.strip().removeprefix("#")
    prefix = cleaned.replace("-", "").lower()
    number = int(cleaned) if cleaned.isascii() and cleaned.isdigit() and len(cleaned) < 10 else None
    if not prefix or len(prefix) > 32 or not set(prefix) <= set("0123456789abcdef"):
        raise NotFoundError(f"'{text}' is no investigation", hint="give a number from `compass list`, or an id")
    return Reference(text=text, number=number, prefix=prefix)


def only_one(reference: Reference, matches: Sequence[UUID], latest: int) -> UUID:
    """The one match. Raises NotFoundError for none, and for several. `latest`: the highest number, 0 where none is."""
    if not matches or (reference.number is not None and len(reference.prefix) < ID_DIGITS):
        if not latest:
            raise none_yet()
        there = "there is #1" if latest == 1 else f"there are #1 to #{latest}"
        raise NotFoundError(f"no investigation '{reference.text}'", hint=f"{there}: `compass list` shows them")
    if len(matches) > 1:
        raise NotFoundError(f"'{reference.text}' is the beginning of several ids", hint="give more of the id")
    return matches[0]


def no_such(investigation: UUID) -> NotFoundError:
    """The error for an id that is not there."""
    return NotFoundError(f"no investigation {investigation}", hint="`compass list` shows them")


def in_use(investigation: UUID) -> StaleRunnerError:
    """The error for one that a runner works on."""
    return StaleRunnerError(
        "a runner works on it", where=f"investigation {investigation}", hint="compass stop, or wait until it ends"
    )


def reminded_in_use(number: int, investigation: UUID) -> StaleRunnerError:
    """The error for one of which another was reminded, on which a runner works: its process holds the words."""
    return StaleRunnerError(
        f"a runner works on investigation {number}, which was reminded of it", where=f"investigation {investigation}",
        hint=f"compass stop {number}, or wait until it ends; then again",
    )  # fmt: skip


def none_yet() -> NotFoundError:
    """The error for "the latest" in an empty chronicle."""
    return NotFoundError("there is no investigation yet", hint="start one with `compass investigate`")
