"""A real TLS server on loopback: OpenSSL's handshake, with the alerts that asyncio's servers do not send. It answers a
word of its own, or stands before another server and passes on what it is asked."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

BODY = b'{"status": "success"}'
WORD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
PATIENCE_S = 5.0


@dataclass
class Front:
    """`clients` are the common names of the certificates that came, "" without one; `heads` what was asked."""

    context: ssl.SSLContext
    behind: tuple[str, int] | None = None
    port: int = 0
    clients: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def serve(self, raw: socket.socket) -> None:
        raw.settimeout(PATIENCE_S)
        with raw.dup() as below:  # it stays open when TLS is over
            try:
                with self.context.wrap_socket(raw, server_side=True) as secure:
                    named = {
                        key: value for part in (secure.getpeercert() or {}).get("subject", ()) for key, value in part
                    }
                    self.clients.append(named.get("commonName", ""))
                    self._pass_on(secure)
            except OSError:  # of TLS as well: the client is told by an alert
                with contextlib.suppress(OSError):
                    below.settimeout(PATIENCE_S)
                    below.shutdown(socket.SHUT_WR)
                    while below.recv(65_536):  # to close with something unread would take the alert back
                        pass

    def _pass_on(self, secure: ssl.SSLSocket) -> None:
        """Until the client closes. One question at a time, as HTTP/1.1 has it."""
        with contextlib.ExitStack() as stack:
            there = stack.enter_context(socket.create_connection(self.behind, PATIENCE_S)) if self.behind else None
            while asked := secure.recv(1_000_000):
                self.heads.append(asked.decode("latin-1"))
                if there is None:
                    secure.sendall(WORD)
                    continue
                there.sendall(asked)
                secure.setblocking(False)
                self._both_ways(secure, there)

    def _both_ways(self, secure: ssl.SSLSocket, there: socket.socket) -> None:
        there.setblocking(False)
        idle = 0
        while idle < 500:
            idle += 1
            for source, target in ((secure, there), (there, secure)):
                try:
                    data = source.recv(65_536)
                except (BlockingIOError, ssl.SSLWantReadError):
                    continue
                if not data:
                    return
                idle = 0
                if source is secure:
                    self.heads.append(data.decode("latin-1"))
                target.settimeout(PATIENCE_S)
                target.sendall(data)
                target.setblocking(False)
            if idle:
                threading.Event().wait(0.01)


@contextmanager
def tls_front(context: ssl.SSLContext, behind: str = "") -> Iterator[Front]:
    """`behind`: the address of a server that speaks plain HTTP."""
    parts = urlsplit(behind)
    front = Front(context, (parts.hostname, parts.port) if parts.hostname and parts.port else None)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        front.port = listening.getsockname()[1]
        threads: list[threading.Thread] = []

        def accept() -> None:
            while True:
                try:
                    raw, _ = listening.accept()
                except OSError:
                    return
                threads.append(threading.Thread(target=front.serve, args=(raw,), daemon=True))
                threads[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield front
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join(PATIENCE_S)
            for thread in threads:
                thread.join(2 * PATIENCE_S)
