"""Active checks from outside, under the names of blackbox_exporter."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from lab.recorder.metrics import Reading

PATIENCE = 3.0


class HttpProbe:
    """Asks for one page from one location."""

    def __init__(self, service: str, location: str, address: Callable[[], str]) -> None:
        self._service = service
        self._location = location
        self._address = address

    @property
    def labels(self) -> dict[str, str]:
        """The probed service, and where from."""
        return {"service_name": self._service, "job": "blackbox", "instance": f"https://{self._service}/"}

    def close(self) -> None:
        """Nothing is held open."""

    def read(self) -> list[Reading]:
        """One check."""
        started, code = perf_counter(), 0
        try:
            with urlopen(self._address(), timeout=PATIENCE) as answer:  # noqa: S310  (the lab's own address)
                code = int(answer.status)
        except HTTPError as error:
            code = error.code
        except (URLError, OSError):
            code = 0
        own = {"location": self._location}
        return [
            Reading("probe_success", own, 1.0 if 200 <= code < 400 else 0.0),
            Reading("probe_http_status_code", own, float(code)),
            Reading("probe_duration_seconds", own, perf_counter() - started),
        ]


class CertificateProbe:
    """Shakes hands with a TLS server and reads its certificate."""

    def __init__(self, service: str, port: int, authority: str) -> None:
        self._service = service
        self._port = port
        self._trust = ssl.create_default_context(cafile=authority)
        self._known: tuple[str, float] = ("", 0.0)

    @property
    def labels(self) -> dict[str, str]:
        """The probed service."""
        return {"service_name": self._service, "job": "blackbox", "instance": f"{self._service}:443"}

    def close(self) -> None:
        """Nothing is held open."""

    def read(self) -> list[Reading]:
        """One check: whether the handshake succeeds, and when the certificate ends."""
        return [
            Reading("probe_success", {}, 1.0 if self._trusted() else 0.0),
            Reading("probe_ssl_earliest_cert_expiry", {}, self._ends()),
        ]

    def _trusted(self) -> bool:
        try:
            with (
                socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE) as channel,
                self._trust.wrap_socket(channel, server_hostname="127.0.0.1"),
            ):
                return True
        except OSError:
            return False

    def _ends(self) -> float:
        shown = ssl.get_server_certificate(("127.0.0.1", self._port), timeout=PATIENCE)
        if shown != self._known[0]:
            command = ["openssl", "x509", "-noout", "-enddate", "-dateopt", "iso_8601"]
            done = subprocess.run(command, input=shown.encode(), capture_output=True, check=True, timeout=10)
            text = done.stdout.decode().strip().removeprefix("notAfter=").rstrip("Z")
            self._known = (shown, datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
        return self._known[1]
