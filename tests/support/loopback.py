"""A real HTTP server on loopback for what cannot be had here: its answers come from a function that validates them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request. Header names are lower case; `certificate` is the client's common name, "" without one."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    certificate: str = ""
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`wait_s`: how late it begins. `cut`: so many bytes of the body are sent, then the connection is closed."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    cut: int | None = None


@dataclass
class Loopback:
    """`asked` holds all requests; `broken` what the answering function raised: an invalid answer fails the test."""

    answer: Callable[[Asked], Answer]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    broken: list[Exception] = field(default_factory=list)
    connections: set[asyncio.Task[None]] = field(default_factory=set)
    writers: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    @property
    def paths(self) -> list[str]:
        return [one.path for one in self.asked]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.connections.add(task)
        self.writers[task] = writer
        task.add_done_callback(self.connections.discard)
        peer = writer.get_extra_info("peercert") or {}
        names = {key: value for part in peer.get("subject", ()) for key, value in part}
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.split("\r\n")
                method, target, _ = first.split(" ")
                path, _, query = target.partition("?")
                headers = {name.lower(): value.strip() for name, _, value in (h.partition(":") for h in lines if h)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                asked = Asked(
                    method=method, path=unquote(path), params=dict(parse_qsl(query, keep_blank_values=True)),
                    headers=headers, certificate=names.get("commonName", ""), body=body,
                )  # fmt: skip
                self.asked.append(asked)
                try:
                    answer = self.answer(asked)
                except Exception as error:  # noqa: BLE001 - told by the test that owns this server
                    self.broken.append(error)
                    answer = Answer(status=500, body=b"the stand-in is broken")
                sent = {"Content-Type": "application/json", **answer.headers, "Content-Length": str(len(answer.body))}
                told = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
                await asyncio.sleep(answer.wait_s)
                writer.write(f"HTTP/1.1 {answer.status} As It Is\r\n{told}\r\n".encode() + answer.body[: answer.cut])
                await writer.drain()
                if answer.cut is not None:
                    return
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def loopback(answer: Callable[[Asked], Answer], context: ssl.SSLContext | None = None) -> AsyncIterator[Loopback]:
    made = Loopback(answer)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=context)
    scheme = "http" if context is None else "https"
    made.url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        if made.connections:  # the clients are closed: each ends with the end of its connection
            _, kept = await asyncio.wait(made.connections, timeout=2)
            for task in kept:  # a client of threads keeps its connection until it is collected
                made.writers[task].transport.abort()
            if kept:
                await asyncio.wait(kept, timeout=5)
    assert not made.broken, made.broken
