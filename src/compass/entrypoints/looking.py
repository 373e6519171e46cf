"""A small real read of every server in compass.toml, all at once: what works, how fast, what is missing, what to do."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from compass.entrypoints.config import TomlTable
from compass.entrypoints.live import specialists_for
from compass.ports.clock import Clock, Deadline
from compass.ports.errors import CompassError, ConfigurationError
from compass.redaction import bound, redact
from compass.redaction.secret import Secrets
from compass.sources.http.ledger import Ledger
from compass.sources.live.connector import Means, connect, connectors
from compass.sources.live.feed import TOOLS, Feed, close_all
from compass.sources.live.source import misunderstood
from compass.sources.recording.layout import PARTS, PROBES_PART, TOPOLOGY_PART, Part

LOOK_S = 10.0
MOST_SAID = 600  # characters of what a server says about itself
WANTED = tuple(part for part in PARTS if part not in (PROBES_PART, TOPOLOGY_PART))
"""What a team can be asked to connect. Probes are made elsewhere, and who calls whom is seen in traces and metrics."""


class State(StrEnum):
    """`unset`: there is nothing to check."""

    OK = "ok"
    LOST = "lost"
    WRONG = "wrong"  # as it is set it cannot work
    UNSET = "unset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One thing that was checked. `hints` say what is missing and what to do. Free of secrets, bounded."""

    source: str
    type: str = ""
    part: str = ""
    state: State
    ms: int | None = None
    detail: str
    figures: Mapping[str, str] = field(default_factory=dict)
    hints: tuple[str, ...] = ()


async def look_at(
    tables: Mapping[str, TomlTable], base: Path, clock: Clock, *, within_s: float = LOOK_S
) -> tuple[Looked, ...]:  # fmt: skip
    """Every part of every server, in the order of `tables`. Nothing that a server does is raised."""
    specialists = specialists_for(tables)
    means = Means(clock=clock, ledger=Ledger(), secrets=Secrets(os.environ, base), specialists=specialists)
    rows = await asyncio.gather(*(_server(name, table, means, within_s) for name, table in tables.items()))
    return tuple(row for some in rows for row in some)


def unconnected(looked: Sequence[Looked]) -> tuple[Part, ...]:
    """Parts that no server gives."""
    given = {one.part for one in looked}
    return tuple(part for part in WANTED if part.name not in given)


def known_types() -> frozenset[str]:
    """The types of source that can be connected."""
    return frozenset(connectors())


async def unusable(table: TomlTable, base: Path, clock: Clock) -> ConfigurationError | None:
    """Why a server cannot even be asked with these settings, if so. Asks it nothing."""
    means = Means(clock=clock, ledger=Ledger(), secrets=Secrets(os.environ, base))
    try:
        feeds = connect({str(table.get("type", "")): table}, means)
    except ConfigurationError as error:
        return error
    await close_all(feeds)
    return None


def said(text: str) -> str:
    """A text of a server or a setting as it may be shown."""
    return bound(redact(text), MOST_SAID)


def failed(error: CompassError, *, source: str, kind: str = "", part: str = "", ms: int | None = None) -> Looked:
    """A row for something that raised."""
    state = State.WRONG if isinstance(error, ConfigurationError) else State.LOST
    # Apart: behind the name of an option the name of its secret would be taken for the secret.
    where = f" ({said(error.where)})" if state is State.WRONG and error.where and error.where != source else ""
    return Looked(
        source=source, type=kind, part=part, state=state, ms=ms, detail=said(error.what) + where,
        hints=(said(error.hint),) if error.hint else (),
    )  # fmt: skip


async def _server(name: str, table: TomlTable, means: Means, within_s: float) -> Sequence[Looked]:
    kind = str(table.get("type", ""))
    try:
        (feed,) = connect({name: table}, means)
    except ConfigurationError as error:
        return [failed(error, source=name, kind=kind)]
    try:
        order = [part.name for part in PARTS if part.name in feed.parts] or [TOOLS]
        return await asyncio.gather(*(_part(feed, kind, part, means.clock, within_s) for part in order))
    finally:
        await feed.aclose()


async def _part(feed: Feed, kind: str, part: str, clock: Clock, within_s: float) -> Looked:
    began = clock.monotonic_s()

    def ms() -> int:
        return round((clock.monotonic_s() - began) * 1000)

    try:
        # The deadline is the feed's to keep; this is for one that does not.
        async with asyncio.timeout(within_s + 1.0):
            found = await feed.look(part, deadline=Deadline(at_s=began + within_s))
    except TimeoutError:
        return Looked(
            source=feed.name, type=kind, part=part, state=State.LOST, ms=ms(),
            detail=f"did not answer within {within_s:g} s", hints=("is it overloaded?",),
        )  # fmt: skip
    except CompassError as error:
        return failed(error, source=feed.name, kind=kind, part=part, ms=ms())
    except Exception as error:  # noqa: BLE001  # the boundary of a source, as when it is gathered from
        return failed(misunderstood(error, part, feed.name), source=feed.name, kind=kind, part=part, ms=ms())
    return Looked(
        source=feed.name, type=kind, part=part, state=State.OK, ms=ms(), detail=said(found.detail),
        figures={said(name): said(value) for name, value in found.figures.items()},
        hints=tuple(said(hint) for hint in found.hints),
    )  # fmt: skip
