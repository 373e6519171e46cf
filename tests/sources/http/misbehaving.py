"""A real server on loopback that misbehaves by the path it is asked: sockets, not stubs."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

JSON = b'{"status": "success", "data": [1, 2, 3]}'
TOKEN = "canary-" + "7f3a9c51d2"


@dataclass
class Misbehaving:
    """`asked` holds the request lines with their headers, `counts` how often each path was asked.

    `always` is what it does whatever the path.
    """

    port: int = 0
    always: str = ""
    asked: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    under_way: int = 0
    most_under_way: int = 0
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next((int(h[15:]) for h in head.lower().split("\r\n") if h.startswith("content-length:")), 0)
                head += (await reader.readexactly(length)).decode()
                self.asked.append(head)
                path = head.split(" ")[1].partition("?")[0]
                self.counts[path] = self.counts.get(path, 0) + 1
                self.under_way += 1
                self.most_under_way = max(self.most_under_way, self.under_way)
                try:
                    keep = await self.answer(self.always or path.strip("/").split("/")[-1], self.counts[path], writer)
                finally:
                    self.under_way -= 1
                if not keep:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, what: str, time: int, writer: asyncio.StreamWriter) -> bool:
        """Write the answer; whether the connection goes on."""
        if what.isdigit():
            return await _send(writer, int(what), b'{"message": "as asked, %s"}' % TOKEN.encode())
        match what:
            case "limited":
                if time == 1:
                    return await _send(writer, 429, b"slow down", ("Retry-After: 0",))
            case "limited-long":
                return await _send(writer, 429, b"slow down", ("Retry-After: 3600",))
            case "recovers":
                if time < 3:
                    return await _send(writer, 503, b"<html>busy</html>")
            case "hangs":
                await self.let_go.wait()
            case "slow":
                await asyncio.sleep(0.05)
            case "cut":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
                await writer.drain()
                return False
            case "no-http":
                writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
                await writer.drain()
                return False
            case "page":
                return await _send(writer, 200, b"<html>log in</html>", ("Content-Type: text/html",))
            case "echo":
                return await _send(writer, 200, self.asked[-1].encode(), ("Content-Type: text/plain",))
            case "other-json":
                return await _send(writer, 200, b'{"status": 7}')
            case "huge":
                return await _send(writer, 200, b'"' + b"x" * 50_000_000 + b'"')
            case "bomb":
                packed = gzip.compress(b'"' + b"x" * 50_000_000 + b'"', 1)
                return await _send(writer, 200, packed, ("Content-Encoding: gzip",))
            case "away":
                return await _send(writer, 302, b"", ("Location: http://elsewhere.example/steal",))
            case _:
                pass
        return await _send(writer, 200, JSON)


async def _send(writer: asyncio.StreamWriter, status: int, body: bytes, headers: tuple[str, ...] = ()) -> bool:
    lines = (f"HTTP/1.1 {status} As It Is", f"Content-Length: {len(body)}", *headers, "", "")
    writer.write("\r\n".join(lines).encode() + body)
    await writer.drain()
    return True


@asynccontextmanager
async def misbehaving(context: ssl.SSLContext | None = None) -> AsyncIterator[Misbehaving]:
    made = Misbehaving()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=context)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.let_go.set()
        server.close()
