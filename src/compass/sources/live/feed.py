"""What a live source has to do: gather its parts of a window, and say with a real read how it is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from compass.domain.telemetry import NativeQuery
from compass.domain.time import Window
from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError
from compass.sources.live.gathered import Gathered


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is gathered: everything in `window`, or, where that is more than may be moved, what is near `service`.

    `detected_ns` is when somebody was paged: where a choice has to be made, the time around it counts most.
    `exact` forbids aggregating at the server: for recordings, which are kept.
    """

    window: Window
    detected_ns: int
    service: str | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a real read found, in words for a person: `detail` in one line, `figures` by name (services, series,
    streams, retention ...). `hints` say what is missing and what to do about it."""

    detail: str
    figures: Mapping[str, str] = field(default_factory=dict)
    hints: tuple[str, ...] = ()


TOOLS = "tools"
"""What is looked at of a server that gives no part: the tools that it may be asked with."""


class NothingThereError(SourceRefusedError):
    """A feed that could give a part has nothing of the sort behind it: not connected, which is no failure."""


class Feed(Protocol):
    """One connection to one server. Read-only: what may be asked is a list (`sources/http/allowed`).

    Every method raises SourceUnavailableError (passing) or SourceRefusedError (permanent), never another error, and
    ends by its deadline.
    """

    @property
    def name(self) -> str:
        """As the team calls it in its settings."""
        ...

    @property
    def parts(self) -> frozenset[str]:
        """What it can give: names of `sources/recording/layout.PARTS`."""
        ...

    async def gather(self, part: str, scope: Scope, *, deadline: Deadline) -> Gathered: ...

    async def look(self, part: str, *, deadline: Deadline) -> Found:
        """Read something small but real, as an investigation would."""
        ...

    async def aclose(self) -> None: ...


class Closable(Protocol):
    async def aclose(self) -> None: ...


async def close_all(some: Iterable[Closable]) -> None:
    """Close all of them, whatever becomes of one; then raise the first error there was."""
    came = await asyncio.gather(*(one.aclose() for one in some), return_exceptions=True)
    for error in came:
        if error is not None:
            raise error


@runtime_checkable
class Linked(Protocol):
    """A feed whose queries can be opened in a browser."""

    def explore(self, query: NativeQuery, window: Window) -> str:
        """The address that shows `query` over `window`; "" where it cannot be told."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFound:
    """A trace that shows what is asked about: `value` is what its exemplar measured, or the seconds its slowest span
    that matches took. `about` says which series or span, for a person. Nothing in it is trusted."""

    trace_id: str
    value: float
    at_ns: int
    about: str = ""


@runtime_checkable
class Exemplified(Protocol):
    """A feed that can lead from a series to traces."""

    async def exemplars(self, query: NativeQuery, window: Window, *, deadline: Deadline) -> Sequence[TraceFound]:
        """Exemplars with a trace id of the series that a PromQL query reads, in `window`, in no order."""
        ...


@runtime_checkable
class Fielded(Protocol):
    """A feed that knows which fields log lines have."""

    async def log_fields(self, service: str, window: Window, *, deadline: Deadline) -> Sequence[str]:
        """Names of the fields in a service's lines, each with how many values it has, as far as was looked."""
        ...


@runtime_checkable
class Searched(Protocol):
    """A feed in which traces can be searched."""

    async def slowest(
        self, query: NativeQuery, window: Window, most: int, *, deadline: Deadline
    ) -> Sequence[TraceFound]:
        """About the `most` traces with the slowest spans that a TraceQL query matches, the slowest first."""
        ...
