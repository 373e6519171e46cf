"""Pages: as a real Alertmanager sends them, and as they may be written by anybody."""

from __future__ import annotations

import json
import queue
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from compass.domain.incident import Severity
from compass.ports.errors import BadInputError
from compass.sources.paging import read_page

SERVER = "prometheus-alertmanager"
CONFIG = """
route: {{receiver: compass, group_by: [alertname], group_wait: 0s}}
receivers: [{{name: compass, webhook_configs: [{{url: "http://127.0.0.1:{port}/"}}]}}]
"""


@contextmanager
def hook() -> Iterator[tuple[int, queue.Queue[bytes]]]:
    """A receiver of webhooks: its port, and the bodies that came."""
    came: queue.Queue[bytes] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port, came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def alertmanager(folder: Path, port: int) -> Iterator[str]:
    """A real Alertmanager of its own that sends to `port`."""
    (folder / "alertmanager.yml").write_text(CONFIG.format(port=port))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        own = probe.getsockname()[1]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [SERVER, f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'data'}",
             f"--web.listen-address=127.0.0.1:{own}", "--cluster.listen-address="],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{own}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def fire(url: str, alerts: list[dict[str, object]]) -> None:
    """Tell Alertmanager, as Prometheus does, once it listens."""
    request = urllib.request.Request(
        f"{url}/api/v2/alerts", json.dumps(alerts).encode(), {"Content-Type": "application/json"}
    )
    end = time.monotonic() + 30
    while True:
        try:
            urllib.request.urlopen(request, timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < end
            time.sleep(0.1)


@pytest.mark.skipif(shutil.which(SERVER) is None, reason=f"{SERVER} is not installed (tools/debian-packages.sh)")
def test_a_page_of_a_real_alertmanager_is_understood(tmp_path: Path) -> None:
    told = {"summary": "checkout answers slowly", "description": "p99 above 1 s", "runbook_url": "https://wiki/slow"}
    labels = {"alertname": "Slow", "service": "checkout", "severity": "critical"}
    alert: dict[str, object] = {"labels": labels, "annotations": told, "startsAt": "2026-11-25T10:00:00Z"}
    with hook() as (port, came), alertmanager(tmp_path, port) as url:
        fire(url, [alert])
        page = read_page(came.get(timeout=30), "the webhook")
    assert (page.title, page.symptom, page.service) == ("checkout answers slowly", "p99 above 1 s", "checkout")
    assert (page.severity, page.runbook, page.others) == (Severity.SEV1, "https://wiki/slow", 0)
    assert page.starts_ns == 1_795_600_800 * 10**9


def payload(*alerts: dict[str, object], **more: object) -> bytes:
    return json.dumps({"version": "4", "alerts": alerts, **more}).encode()


def test_the_first_that_still_fires_is_the_page() -> None:
    over = {"status": "resolved", "labels": {"alertname": "Old"}, "startsAt": "2026-11-25T09:00:00Z"}
    later = {"status": "firing", "labels": {"alertname": "B"}, "startsAt": "2026-11-25T10:05:00Z"}
    first = {"status": "firing", "labels": {"alertname": "A"}, "startsAt": "2026-11-25T10:00:00Z"}
    page = read_page(payload(over, later, first, commonLabels={"severity": "warning"}), "x")
    assert (page.title, page.severity, page.others) == ("A", Severity.SEV3, 1)


@pytest.mark.parametrize(
    ("said", "severity"),
    [
        ("P1", Severity.SEV1), ("sev-2", Severity.SEV2), ("Warning", Severity.SEV3), ("x", Severity.UNKNOWN),
        ("", Severity.UNKNOWN),
    ],
)  # fmt: skip
def test_a_severity_in_words_or_numbers(said: str, severity: Severity) -> None:
    assert read_page(payload({"labels": {"severity": said}}), "x").severity is severity


def test_texts_are_bounded_and_hold_no_secret() -> None:
    page = read_page(payload({"annotations": {"summary": "password=hunter22 " + "x" * 9000}}), "x")
    assert "hunter22" not in page.title
    assert len(page.title) < 600


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"alerts": []}', b'{"alerts": [{"labels": 7}]}', b"\xff"])
def test_anything_else_is_told(text: bytes) -> None:
    with pytest.raises(BadInputError):
        read_page(text, "page.json")
