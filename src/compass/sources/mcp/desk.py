"""The tools of a team's servers behind the tools port: one investigation asks, and every server is ended after it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence

from compass.domain.telemetry import Asked
from compass.ports.clock import Clock, Deadline
from compass.ports.errors import SourceError, SourceRefusedError, SourceUnavailableError
from compass.ports.tools import Heard
from compass.sources.http.ledger import Ledger
from compass.sources.live.feed import close_all
from compass.sources.live.source import asked_of, misunderstood
from compass.sources.mcp.feed import McpFeed
from compass.tables.objects import Json

GRACE_S = 1.0


class Desk:
    """Implements `ports.tools.Tools` over feeds that hold calls. `ledger` is the one that their calls are noted in."""

    def __init__(self, feeds: Sequence[McpFeed], clock: Clock, ledger: Ledger) -> None:
        self._feeds = {feed.name: feed for feed in feeds}
        self._clock, self._ledger = clock, ledger
        self._begun: list[asyncio.Task[None]] = []
        self._ended: asyncio.Task[None] | None = None

    def begin(self) -> None:
        if not self._begun and self._ended is None:
            self._begun = [asyncio.create_task(self._met(feed)) for feed in self._feeds.values()]

    async def _met(self, feed: McpFeed) -> None:
        with contextlib.suppress(SourceError):  # who asks it meets the same, and tells it
            await feed.tools(deadline=Deadline())

    async def ask(self, source: str, tool: str, arguments: Mapping[str, Json], *, deadline: Deadline) -> Heard:
        """Whatever a feed raises that it should not becomes a SourceError here: the other tools' answers do not depend
        on it."""
        feed = self._feeds.get(source)
        if feed is None:
            raise SourceRefusedError("is not connected", where=source)
        left = deadline.remaining(self._clock)
        try:
            # The deadline is the feed's to keep; this is for one that does not.
            async with asyncio.timeout(None if left is None else left + GRACE_S):
                said = await feed.call(tool, arguments, deadline=deadline)
        except (SourceUnavailableError, SourceRefusedError):
            raise
        except TimeoutError:
            raise SourceUnavailableError(f"its tool {tool} did not answer in time", where=source) from None
        except Exception as error:  # the boundary of a source: what one says must not end the others' work
            raise misunderstood(error, "tools", source) from error
        return Heard(text=said.text, size=said.size, left_out=said.left_out)

    @property
    def asked(self) -> tuple[Asked, ...]:
        return tuple(asked_of(sent) for sent in self._ledger.sent)

    def end(self) -> None:
        if self._ended is None:
            self._ended = asyncio.create_task(self._end())

    async def aclose(self) -> None:
        self.end()
        assert self._ended is not None
        await asyncio.shield(self._ended)

    async def _end(self) -> None:
        for task in self._begun:
            task.cancel()
        await asyncio.gather(*self._begun, return_exceptions=True)
        await close_all(self._feeds.values())
