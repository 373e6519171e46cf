"""A real MCP server, made with the SDK, whose tools say what they are told to say.

    SAYS='{"tool": "text {service}"}' python -m tests.support.telling

On stdin and stdout; or in this process over streamable HTTP (`served`). `{arguments}` in a text is what the tool was
called with. Some names do more: see `answered`.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

Calls = list[tuple[str, dict[str, object]]]
SCHEMA: dict[str, object] = {
    "type": "object", "required": ["service"],
    "properties": {name: {"type": "string"} for name in ("service", "from", "to", "title", "namespace")},
}  # fmt: skip


def server_of(says: Mapping[str, str], calls: Calls | None = None) -> Server:
    """`calls` collects what is called. A text that begins with FAIL fails with the rest of it, HANG never comes, HUGE 3
    is three megabytes."""

    async def listed(context: object, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[types.Tool(name=name, description=says[name], input_schema=SCHEMA) for name in says]
        )

    async def answered(context: object, params: types.CallToolRequestParams) -> types.CallToolResult:
        arguments = params.arguments or {}
        if calls is not None:
            calls.append((params.name, dict(arguments)))
        text = says[params.name]
        if text == "HANG":
            await asyncio.sleep(3_600)
        if text.startswith("HUGE"):
            text = "x" * (1_000_000 * int(text.removeprefix("HUGE ")))
        failed = text.startswith("FAIL")
        said = text.removeprefix("FAIL ").replace("{arguments}", json.dumps(dict(arguments)))
        return types.CallToolResult(content=[types.TextContent(type="text", text=said)], is_error=failed)

    return Server("telling", on_list_tools=listed, on_call_tool=answered)


@asynccontextmanager
async def served(says: Mapping[str, str], calls: Calls | None = None) -> AsyncIterator[str]:
    """The address of such a server on loopback, in this event loop."""
    import uvicorn

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        app = server_of(says, calls).streamable_http_app()
        running = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none", timeout_graceful_shutdown=0))
        task = asyncio.create_task(running.serve(sockets=[listening]))
        try:
            while not running.started:  # noqa: ASYNC110 - it has no event to wait for
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
        finally:
            running.should_exit = True
            await task


async def speak(says: Mapping[str, str]) -> None:
    server = server_of(says)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


if __name__ == "__main__":
    asyncio.run(speak(json.loads(os.environ["SAYS"])))
