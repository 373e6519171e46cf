"""One MCP server as a feed: of mcp-grafana the parts of a window, of any other the tools that it may be asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError
from compass.sources.live.feed import Found, Scope
from compass.sources.live.gathered import Gathered
from compass.sources.mcp.calls import Calls
from compass.sources.mcp.tools import Arguments, Said, Tool

if TYPE_CHECKING:
    from compass.sources.mcp.grafana import GrafanaParts


class McpFeed:
    """Implements `live.feed.Feed` and `tools.ToolBox`."""

    def __init__(self, name: str, calls: Calls, parts: frozenset[str], grafana: GrafanaParts | None) -> None:
        """`parts` are what `grafana` gives; both are nothing for other servers."""
        self._name, self._calls, self._parts, self._grafana = name, calls, parts, grafana

    @property
    def name(self) -> str:
        return self._name

    @property
    def parts(self) -> frozenset[str]:
        return self._parts

    async def gather(self, part: str, scope: Scope, *, deadline: Deadline) -> Gathered:
        return await self._giving(part).gather(part, scope, deadline=deadline)

    async def look(self, part: str, *, deadline: Deadline) -> Found:
        """A real read of a part; of a server that gives none, what it may be asked."""
        if self._grafana is not None:
            return await self._giving(part).look(part, deadline=deadline)
        tools = await self._calls.tools(deadline=deadline)
        refused = await self._calls.refused(deadline=deadline)
        return Found(
            detail=f"{len(tools)} tools that only read", figures={"tools": ", ".join(tool.name for tool in tools)},
            hints=tuple(f"{name} {reason}: it is not called" for name, reason in refused),
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
