"""Names of the shop's hosts, looked up at its own name server (RFC 1035, A questions over UDP)."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from itertools import count
from time import monotonic, perf_counter

from prometheus_client import CollectorRegistry, Histogram

DOMAIN = "shop.internal"
SERVFAIL, NXDOMAIN = 2, 3
TRIES, TRY_SECONDS, KEEP_SECONDS = 2, 1.0, 3.0
HEADER = struct.Struct("!6H")
LOOKUP_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5)


def ask(number: int, name: str) -> bytes:
    """A question for a name's IPv4 address."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return HEADER.pack(number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)


def question(packet: bytes) -> str:
    """The name that a packet asks for."""
    parts, at = [], HEADER.size
    while packet[at]:
        parts.append(packet[at + 1 : at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(parts)


def answer(packet: bytes, code: int) -> bytes:
    """The answer to a question: the loopback address, or only an error code."""
    number = HEADER.unpack_from(packet)[0]
    record = b"" if code else struct.pack("!3HIH4s", 0xC00C, 1, 1, int(KEEP_SECONDS), 4, socket.inet_aton("127.0.0.1"))
    return HEADER.pack(number, 0x8180 | code, 1, 0 if code else 1, 0, 0) + packet[HEADER.size :] + record


class UnknownHost(OSError):  # noqa: N818  (it is what getaddrinfo calls it)
    """A name could not be resolved: the text is what getaddrinfo says, then the kind of failure."""


@dataclass(frozen=True)
class _Known:
    address: str
    until: float


class Names:
    """Looks names up and keeps good answers for some seconds."""

    def __init__(self, port: int, registry: CollectorRegistry) -> None:
        self._port = port
        self._known: dict[str, _Known] = {}
        self._numbers = count(1)
        self._duration = Histogram(
            "dns_lookup_duration_seconds",
            "The time taken to perform a DNS lookup.",
            ("dns_question_name", "error_type"),
            buckets=LOOKUP_BUCKETS,
            registry=registry,
        )

    async def resolve(self, host: str) -> str:
        """The address of a host of the shop."""
        known = self._known.get(host)
        if known is not None and monotonic() < known.until:
            return known.address
        name, started, failed = f"{host}.{DOMAIN}", perf_counter(), ""
        try:
            address = await self._look_up(name)
        except UnknownHost as error:
            failed = error.args[1]
            raise
        finally:
            self._duration.labels(name, failed).observe(perf_counter() - started)
        self._known[host] = _Known(address, monotonic() + KEEP_SECONDS)
        return address

    async def _look_up(self, name: str) -> str:
        for _ in range(TRIES):
            reply = await self._exchange(ask(next(self._numbers) & 0xFFFF, name))
            if reply is None:
                continue
            code = HEADER.unpack_from(reply)[1] & 0xF
            if code == NXDOMAIN:
                raise UnknownHost(f"[Errno -2] Name or service not known: {name}", "host_not_found")
            if code == 0:
                return socket.inet_ntoa(reply[-4:])
        raise UnknownHost(f"[Errno -3] Temporary failure in name resolution: {name}", "try_again")

    async def _exchange(self, packet: bytes) -> bytes | None:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            channel.connect(("127.0.0.1", self._port))
            try:
                await loop.sock_sendall(channel, packet)
                return await asyncio.wait_for(loop.sock_recv(channel, 512), TRY_SECONDS)
            except (TimeoutError, ConnectionRefusedError):
                return None
