"""What targets state of their metrics decides how samples are read: against a real Prometheus that scrapes one."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from compass.domain.incident import Incident
from compass.domain.telemetry import SignalKind, SignalQuery
from compass.domain.time import NS_PER_S, Window
from compass.entrypoints.clock import SystemClock
from compass.redaction.secret import Secrets
from compass.sources.http.ledger import Ledger
from compass.sources.live.connector import Means
from compass.sources.live.source import LiveSource
from compass.sources.mimir import CONNECTOR
from tests.sources.conformance import NO_DEADLINE
from tests.support.prometheus import needs_prometheus, prometheus

pytestmark = needs_prometheus()


@contextmanager
def target() -> Iterator[str]:
    """Counts seven requests a scrape, under a name without `_total`."""
    scrapes = itertools.count(1)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = f'# TYPE http_requests counter\nhttp_requests{{service_name="web"}} {7 * next(scrapes)}\n'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_counter_without_the_usual_ending_is_a_rate(tmp_path: Path) -> None:
    with target() as address, prometheus(tmp_path / "server", scrape=address) as url:
        await asyncio.sleep(8)
        now = time.time_ns()
        window = Window(start_ns=now - 60 * NS_PER_S, end_ns=now)
        incident = Incident(title="x", window=window, detected_ns=now, now_ns=now)
        ledger = Ledger()
        means = Means(clock=SystemClock(), ledger=ledger, secrets=Secrets({}, Path()))
        feed = CONNECTOR.connect("metrics", {"type": "mimir", "url": url}, means)
        source = LiveSource("stack", [feed], incident, SystemClock(), ledger)
        query = SignalQuery(kinds=frozenset({SignalKind.TRAFFIC}), window=window)
        table = (await source.series(query, deadline=NO_DEADLINE)).data
        await source.aclose()
    (row,) = table.rows
    assert row.signal.unit == "{request}/s"
    assert 4.0 < np.nanmedian(table.values[0]) < 12.0  # seven a second, give or take a late scrape
