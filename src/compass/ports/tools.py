"""Read-only tools of a team's servers, and the calls that the team wrote down. Nobody else chooses what is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from compass.domain.telemetry import Asked
from compass.ports.clock import Deadline
from compass.tables.objects import Json

PLACEHOLDERS: Mapping[str, str] = {
    "service": "the affected service: one call for each",
    "namespace": "its namespace, where it is known",
    "from": "the start of what is looked at (RFC 3339)",
    "to": "its end (RFC 3339)",
    "onset": "when it began, as it is estimated (RFC 3339)",
    "alert": "the title of the page",
}
"""What may stand in braces in an argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One call, made once for each affected service where its arguments name one. `arguments`: texts in it may hold
    PLACEHOLDERS in braces. `specialists`: whom the answer is offered to; none named: everybody."""

    source: str
    tool: str
    arguments: Mapping[str, Json]
    specialists: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a tool said: text that is not trusted, without control characters and the server's own secrets. `left_out`
    counts pictures and other things that are no text."""

    text: str
    size: int
    left_out: int = 0


class Tools(Protocol):
    """A team's servers, connected to when something is asked of them. Only what the team allows is called, and only
    what reads."""

    def begin(self) -> None:
        """Start to connect, in the background: what is asked later does not wait for it again. Nothing is called."""
        ...

    async def ask(self, source: str, tool: str, arguments: Mapping[str, Json], *, deadline: Deadline) -> Heard:
        """Raises SourceRefusedError for what may not be called, is too large, or says that it failed, and
        SourceUnavailableError for what may pass; never another error. Ends by its deadline."""
        ...

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Every request so far."""
        ...

    def end(self) -> None:
        """Start to end the connections, in the background: nothing more is asked."""
        ...

    async def aclose(self) -> None:
        """End them, or wait until they are. Safe to call twice."""
        ...
