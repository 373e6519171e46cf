"""One MCP server as a feed: of mcp-grafana the parts of a window, of any other the tools that it may be asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError
from compass.ports.tools import Ask
from compass.redaction import bound
from compass.sources.live.feed import TOOLS, Found, Scope
from compass.sources.live.gathered import Gathered
from compass.sources.mcp.asks import misfits
from compass.sources.mcp.calls import Calls
from compass.sources.mcp.tools import Arguments, Said, Tool, judged

if TYPE_CHECKING:
    from compass.sources.mcp.grafana import GrafanaParts


MOST_NAMES = 400  # characters of the names of tools that nobody asked for


class McpFeed:
    """Implements `live.feed.Feed` and `tools.ToolBox`."""

    def __init__(
        self, name: str, calls: Calls, parts: frozenset[str], grafana: GrafanaParts | None, asks: Sequence[Ask] = ()
    ) -> None:
        """`parts` are what `grafana` gives; both are nothing for other servers. `asks`: what investigations ask it."""
        self._name, self._calls, self._parts, self._grafana = name, calls, parts, grafana
        self._asks = tuple(asks)

    @property
    def name(self) -> str:
        return self._name

    @property
    def parts(self) -> frozenset[str]:
        return self._parts

    @property
    def asks(self) -> tuple[Ask, ...]:
        return self._asks

    async def gather(self, part: str, scope: Scope, *, deadline: Deadline) -> Gathered:
        return await self._giving(part).gather(part, scope, deadline=deadline)

    async def look(self, part: str, *, deadline: Deadline) -> Found:
        """A real read of a part; or of TOOLS, which of those that the team lists are there and may be called."""
        if part != TOOLS:
            return await self._giving(part).look(part, deadline=deadline)
        there, listed = await self._calls.there(deadline=deadline), self._calls.rule.names
        found = judged(there, self._calls.rule)
        others = sorted({tool.name for tool in there} - listed)
        figures = {
            "may be called": ", ".join(found.called), "not marked": ", ".join(found.unmarked),
            "not there": ", ".join(found.absent), "not listed": bound(", ".join(others), MOST_NAMES),
            "asked in investigations": ", ".join(_words(one) for one in self._asks),
        }  # fmt: skip
        hints = []
        if not listed:
            hints.append('tools = ["NAME"] in compass.toml says which may be called: none is')
        if found.absent:
            hints.append(f"{', '.join(found.absent)}: not among the tools that it has; are they spelt as it does?")
        if found.unmarked:
            hints.append(
                f"{', '.join(found.unmarked)}: the server does not say that they only read (readOnlyHint), so they are"
                f" not called; where you know that they do: read_only = {list(found.unmarked)} in compass.toml"
            )
        hints += misfits(self._asks, {tool.name: tool for tool in there})
        return Found(
            detail=f"{len(found.called)} of {len(listed)} listed tools may be called; it has {len(there)}",
            figures={name: value for name, value in figures.items() if value}, hints=tuple(hints),
        )  # fmt: skip

    async def tools(self, *, deadline: Deadline) -> Sequence[Tool]:
        return await self._calls.tools(deadline=deadline)

    async def call(self, name: str, arguments: Arguments, *, deadline: Deadline) -> Said:
        return await self._calls.call(name, arguments, deadline=deadline)

    async def aclose(self) -> None:
        await self._calls.aclose()

    def _giving(self, part: str) -> GrafanaParts:
        if self._grafana is None or part not in self._parts:
            raise SourceRefusedError(f"gives no {part}", where=self._name)
        return self._grafana


def _words(one: Ask) -> str:
    return f"{one.tool} (for {', '.join(one.specialists) or 'all specialists'})"
