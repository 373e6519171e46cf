"""An MCP server as a process of ours: started without a shell, with an environment of its own, and gone at the end.

The SDK's own stdio transport holds a line of any length in memory and lets stderr through; this one does neither. It
speaks the same: one JSON-RPC message a line (https://modelcontextprotocol.io/specification/2025-11-25/basic/transports).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from compass.ports.errors import SourceError, SourceRefusedError, SourceUnavailableError
from compass.sources.http.settings import MB
from compass.sources.mcp.options import Program
from compass.sources.mcp.tools import told

END_S = 2.0
"""How long a server may take to end when its stdin closes, and again when it is told to."""
TAIL = 2_000  # bytes of stderr that are kept
MOST_WORDS = 200
Item = SessionMessage | Exception


class ProcessTransport:
    """Implements `link.Transport`. `failure` says why the connection ended, where it ended by itself."""

    def __init__(self, program: Program, most: int, name: str) -> None:
        """`most`: bytes of one message."""
        self._program, self._most, self._name = program, most, name
        self._tail = bytearray()
        self.failure: SourceError | None = None

    @property
    def broken(self) -> bool:
        return self.failure is not None

    def why(self) -> SourceError | None:
        return self.failure

    @asynccontextmanager
    async def streams(self) -> AsyncIterator[TransportStreams]:
        """Raises SourceRefusedError where there is no such program."""
        process = await self._started()
        assert process.stdin is not None
        inward, read = anyio.create_memory_object_stream[Item](0)
        write, outward = anyio.create_memory_object_stream[SessionMessage](0)
        tasks = [
            asyncio.create_task(self._read(process, inward)),
            asyncio.create_task(self._write(process.stdin, outward, inward)),
            asyncio.create_task(self._listen(process)),
        ]
        try:
            yield read, write
        finally:
            read.close()  # nobody listens: what it still says is thrown away
            write.close()
            await asyncio.shield(asyncio.ensure_future(_ended(process)))
            await asyncio.wait(tasks, timeout=END_S)  # to the end of its pipes, which closes them
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            inward.close()
            outward.close()

    async def _started(self) -> asyncio.subprocess.Process:
        command = self._program.command
        try:
            return await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE, env=dict(self._program.environment), limit=self._most,
                start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise SourceRefusedError(
                f"{command[0]} cannot be started: {reason}", where=self._name,
                hint=self._program.hint,
            ) from error  # fmt: skip

    async def _read(self, process: asyncio.subprocess.Process, inward: MemoryObjectSendStream[Item]) -> None:
        assert process.stdout is not None
        with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            async with inward:
                while line := await self._line(process.stdout):
                    await inward.send(_message(line))
                if self.failure is None:
                    await self._why(process)
        while await process.stdout.read(65_536):
            pass

    async def _line(self, stdout: asyncio.StreamReader) -> bytes:
        try:
            return await stdout.readline()
        except ValueError:
            self.failure = SourceRefusedError(
                f"an answer is larger than {self._most / MB:.3g} MB: it was stopped", where=self._name,
                hint="ask for less: a shorter window or fewer services",
            )  # fmt: skip
            return b""

    async def _why(self, process: asyncio.subprocess.Process) -> None:
        await _over(process)  # its last words and its exit code come a little later
        words = told(self._tail.decode("utf-8", errors="replace").strip().rpartition("\n")[2], MOST_WORDS)
        how = "" if process.returncode is None else f" with {process.returncode}"
        self.failure = SourceUnavailableError(
            f"the MCP server ended by itself{how}" + (f": {words}" if words else ""), where=self._name,
            hint="try the command of compass.toml by hand",
        )  # fmt: skip

    async def _write(
        self, stdin: asyncio.StreamWriter, outward: MemoryObjectReceiveStream[SessionMessage],
        inward: MemoryObjectSendStream[Item],
    ) -> None:  # fmt: skip
        try:
            async with outward:
                async for item in outward:
                    text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
                    stdin.write(f"{text}\n".encode())
                    await stdin.drain()
        except ConnectionError:
            await inward.aclose()  # nobody waits for an answer that cannot come

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Keep the end of what it says on stderr: it would stop when nobody reads."""
        assert process.stderr is not None
        while part := await process.stderr.read(65_536):
            self._tail += part
            del self._tail[:-TAIL]


def _message(line: bytes) -> Item:
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError:
        # What it says is not repeated: it may be anything.
        return ValueError("a line that is no message of MCP")


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Close its stdin, which ends a good server; else tell it to end; then end it and all that it started."""
    assert process.stdin is not None
    process.stdin.close()
    for step in (None, signal.SIGTERM, signal.SIGKILL):
        if step is not None:
            _tell(process, step)
        if await _over(process):
            break
    _tell(process, signal.SIGKILL)  # what it started may have stayed


def _tell(process: asyncio.subprocess.Process, what: signal.Signals) -> None:
    """The process and its children: it has a group of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, what)


async def _over(process: asyncio.subprocess.Process) -> bool:
    """Whether it ended in time. `process.wait` would wait for its pipes as well, which its children may hold."""
    end = asyncio.get_running_loop().time() + END_S
    while process.returncode is None and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110 - see above
        await asyncio.sleep(0.01)
    return process.returncode is not None
