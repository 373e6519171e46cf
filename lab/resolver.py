"""A small name server: `python -m lab.resolver --port P --admin-port A --controls FILE`, until SIGTERM.

It answers A questions for the shop's names with the loopback address and shows CoreDNS's metric names. Switches:
`mode` (ok, servfail, silent) and `missing` (names, separated by commas, that it no longer knows).
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
from time import perf_counter
from typing import cast

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server

from lab.controls import Controls
from lab.processes import die_with_parent
from lab.shop.names import DOMAIN, NXDOMAIN, SERVFAIL, answer, question

RCODES = {0: "NOERROR", SERVFAIL: "SERVFAIL", NXDOMAIN: "NXDOMAIN"}


class Server(asyncio.DatagramProtocol):
    """Answers one datagram with one datagram."""

    def __init__(self, controls: Controls, registry: CollectorRegistry) -> None:
        self._controls = controls
        self._transport: asyncio.DatagramTransport | None = None
        labels = ("server", "zone")
        self._asked = Counter("coredns_dns_requests", "Counter of DNS requests made.", labels, registry=registry)
        self._answered = Counter(
            "coredns_dns_responses", "Counter of response status codes.", (*labels, "rcode"), registry=registry
        )
        self._took = Histogram("coredns_dns_request_duration_seconds", "Time taken.", labels, registry=registry)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        # Not isinstance: in Python 3.11 the selector's transport is one without saying so.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer, or stay silent."""
        started, where = perf_counter(), ("dns://:53", f"{DOMAIN}.")
        self._asked.labels(*where).inc()
        mode = self._controls.text("mode", "ok")
        if mode == "silent" or self._transport is None:
            return
        name = question(data)
        missing = self._controls.text("missing", "").split(",")
        unknown = not name.endswith(f".{DOMAIN}") or name.removesuffix(f".{DOMAIN}") in missing
        code = SERVFAIL if mode == "servfail" else NXDOMAIN if unknown else 0
        self._transport.sendto(answer(data, code), addr)
        self._answered.labels(*where, RCODES[code]).inc()
        self._took.labels(*where).observe(perf_counter() - started)


async def _run(port: int, controls: Controls, registry: CollectorRegistry) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Server(controls, registry), local_addr=("127.0.0.1", port), family=socket.AF_INET
    )
    await stopped.wait()
    transport.close()


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description="name server of the lab's shop")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--admin-port", type=int, required=True)
    parser.add_argument("--controls", required=True)
    options = parser.parse_args()
    die_with_parent()
    registry = CollectorRegistry()
    start_http_server(options.admin_port, "127.0.0.1", registry)
    asyncio.run(_run(options.port, Controls(options.controls), registry))


if __name__ == "__main__":
    main()
