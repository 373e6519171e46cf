"""A target that a Prometheus scrapes: OpenMetrics text with exemplars, over HTTP on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@contextmanager
def target(text: str) -> Iterator[str]:
    """The address (host:port) of a server whose /metrics is `text`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def histogram(name: str, labels: str, exemplars: dict[str, tuple[str, float, float]]) -> str:
    """A histogram with one exemplar a bucket: by `le`, (labels of the exemplar, value, seconds since the epoch)."""
    lines = [f"# TYPE {name} histogram"]
    for count, (le, (told, value, at_s)) in enumerate(exemplars.items(), start=1):
        lines.append(f'{name}_bucket{{{labels},le="{le}"}} {count} # {{{told}}} {value} {at_s:.3f}')
    lines += [f'{name}_bucket{{{labels},le="+Inf"}} {len(exemplars)}', f"{name}_count{{{labels}}} {len(exemplars)}",
              f"{name}_sum{{{labels}}} 1.0", "# EOF"]  # fmt: skip
    return "\n".join(lines) + "\n"
