"""A session with an MCP server, by the official SDK. It lives in a task of its own, as its cancel scopes demand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec
from anyio import BrokenResourceError, ClosedResourceError
from mcp import ClientSession, MCPError
from mcp.client._transport import TransportStreams
from mcp_types import (
    CONNECTION_CLOSED,
    INTERNAL_ERROR,
    CallToolResult,
    Implementation,
    PaginatedRequestParams,
    TextContent,
)
from mcp_types import Tool as Listed

from compass import __version__
from compass.ports.errors import SourceError, SourceRefusedError, SourceUnavailableError
from compass.sources.mcp.failures import MOST_SAID
from compass.sources.mcp.tools import MOST_SCHEMA, Arguments, Said, Tool, told

MOST_PAGES = 20
MOST_TOOLS = 1_000
CLOSE_S = 10.0


class Transport(Protocol):
    @property
    def broken(self) -> bool:
        """Whether nothing more can come over it."""
        ...

    def why(self) -> SourceError | None:
        """Why something failed, as far as the transport knows."""
        ...

    def streams(self) -> AbstractAsyncContextManager[TransportStreams]: ...


class SessionLink:
    """Implements `calls.Link`. Sampling, elicitation and roots are refused: the SDK does so where none is offered."""

    def __init__(self, transport: Transport, name: str) -> None:
        self._transport, self._name = transport, name
        self._closing = asyncio.Event()
        self._greeted: asyncio.Future[tuple[ClientSession, Sequence[Tool]]] = asyncio.get_running_loop().create_future()
        self._host: asyncio.Task[None] | None = None

    @property
    def tools(self) -> Sequence[Tool]:
        return self._greeted.result()[1]

    @property
    def alive(self) -> bool:
        """Whether it has greeted us and can still be asked."""
        return (
            self._host is not None and not self._host.done() and not self._transport.broken
            and self._greeted.done() and not self._closing.is_set()
        )  # fmt: skip

    async def start(self) -> None:
        """Connect, greet, and ask for the tools. Raises SourceError."""
        _silence()
        self._host = asyncio.create_task(self._run())
        both: list[asyncio.Future[Any]] = [self._host, self._greeted]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._closing.set()  # nobody waits any more: it ends by itself
            raise
        if not self._greeted.done():
            error = self._host.exception()
            raise self._meaning(error if isinstance(error, Exception) else EOFError("it ended"))

    async def call(self, name: str, arguments: Arguments) -> Said:
        """The answer of a tool, once `start` has returned. SourceRefusedError for what the tool's own schema does not
        allow as an answer; what else went wrong by what the transport knows of it."""
        session, _ = self._greeted.result()
        try:
            result = await session.call_tool(name, dict(arguments))
        except MCPError as error:
            raise self._meaning(error) from error
        except (BrokenResourceError, ClosedResourceError) as error:
            raise self._meaning(error) from error
        except (RuntimeError, ValueError) as error:
            # The SDK checks an answer against what the tool said it would give.
            raise SourceRefusedError(
                f"its tool {name} gave what is no result of it: {told(str(error), MOST_SAID)}", where=self._name
            ) from error
        return _said(result)

    async def aclose(self) -> None:
        self._closing.set()
        if self._host is None:
            return
        done, _ = await asyncio.wait([self._host], timeout=CLOSE_S)
        if not done:
            self._host.cancel()
            await asyncio.wait([self._host], timeout=CLOSE_S)
        if self._host.done() and not self._host.cancelled():
            self._host.exception()  # it was told when it mattered
        self._greeted.cancel()

    async def _run(self) -> None:
        about = Implementation(name="compass", version=__version__)
        async with self._transport.streams() as (read, write), ClientSession(read, write, client_info=about) as session:
            greeting = asyncio.ensure_future(self._greet(session))
            closing = asyncio.ensure_future(self._closing.wait())
            try:
                await asyncio.wait([greeting, closing], return_when=asyncio.FIRST_COMPLETED)
                if greeting.done():
                    self._greeted.set_result((session, greeting.result()))
                    await closing
            finally:
                for task in (greeting, closing):
                    task.cancel()
                await asyncio.gather(greeting, closing, return_exceptions=True)

    async def _greet(self, session: ClientSession) -> Sequence[Tool]:
        await session.initialize()
        found: list[Tool] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await session.list_tools(params=PaginatedRequestParams(cursor=cursor))
            found += [_tool(tool) for tool in page.tools]
            cursor = page.next_cursor
            if cursor is None or len(found) >= MOST_TOOLS:
                break
        return found[:MOST_TOOLS]

    def _meaning(self, error: Exception) -> SourceError:
        """What an error of the connection or the server is for a person."""
        if (known := self._transport.why()) is not None:
            return known
        while isinstance(error, ExceptionGroup) and error.exceptions:
            error = error.exceptions[0]
        if isinstance(error, SourceError):
            return error
        words = told(str(error), MOST_SAID) or type(error).__name__
        passing = not isinstance(error, MCPError) or error.code in (CONNECTION_CLOSED, INTERNAL_ERROR)
        if passing:
            return SourceUnavailableError(f"the connection to it broke: {words}", where=self._name)
        return SourceRefusedError(f"rejects the call: {words}", where=self._name)


def _tool(tool: Listed) -> Tool:
    schema = msgspec.json.encode(tool.input_schema).decode()
    hints = tool.annotations
    return Tool(
        name=tool.name, description=told(tool.description or ""),
        schema=schema if len(schema) <= MOST_SCHEMA else "", reads=hints.read_only_hint if hints else None,
        destroys=bool(hints and hints.destructive_hint),
    )  # fmt: skip


def _said(result: CallToolResult) -> Said:
    texts = [part.text for part in result.content if isinstance(part, TextContent)]
    text = "\n".join(texts)
    structure = "" if result.structured_content is None else msgspec.json.encode(result.structured_content).decode()
    return Said(
        text=text or structure, failed=bool(result.is_error), size=len(text.encode()) + len(structure),
        left_out=len(result.content) - len(texts),
    )  # fmt: skip


def _silence() -> None:
    """The SDK logs what servers say, word by word: it may hold a secret. What matters comes as an error."""
    for name in ("mcp", "client"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
