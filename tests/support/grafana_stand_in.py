"""A stand-in Grafana on loopback: it proxies to real servers and answers Grafana's own small endpoints.

What it says of itself is typed after Grafana's published API description (public/api-merged.json): only fields that are
there, with the types that are there. Where a copy of that description is at hand (`grafana_described`), each answer of
its own is held against it, in every test. It never makes up telemetry: a data source is a real Prometheus, Loki or
Tempo.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlsplit

import msgspec

from tests.support.grafana_answers import (
    ActiveAlert,
    Annotation,
    DataSource,
    FrontendSettings,
    Health,
    Listed,
    Message,
    RuleGroup,
    Rules,
    RulesData,
)
from tests.support.grafana_described import Description, description

TOKEN = "glsa_canaryTokenOfTheStandIn0123456789_abcdef01"
VERSION = "12.4.0"
_PASSED_ON = ("accept", "content-type", "x-scope-orgid", "x-loki-response-encoding-flags")
_SENT_BACK = ("Content-Type", "Retry-After", "Location")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request to the stand-in. Header names are lower case."""

    method: str
    path: str
    raw_query: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes


Told = tuple[int, bytes, Mapping[str, str]]
"""Status, body, headers."""


class Own(NamedTuple):
    """A `Told` that Grafana itself says, and no server behind it."""

    status: int
    body: bytes
    headers: Mapping[str, str]


Proxy = Callable[[Asked, DataSource, str], Told]
"""What the server behind a data source says to a request; the path is below its address."""


@dataclass
class GrafanaStandIn:
    """`sources` by uid. `fails` answers paths that begin so with a status and a body, before anything else.
    `broken` holds what `proxy` raised, and how the stand-in's own answers differ from Grafana's description, where
    there is one; `undescribed` what was asked that it does not describe."""

    sources: Mapping[str, DataSource]
    annotations: Sequence[Annotation] = ()
    groups: Sequence[RuleGroup] = ()
    alerts: Sequence[ActiveAlert] = ()
    proxy: Proxy = field(default_factory=lambda: proxied)
    broken: list[object] = field(default_factory=list)
    undescribed: set[str] = field(default_factory=set)
    described: Description | None = field(default_factory=description)
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    fails: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    @property
    def paths(self) -> list[str]:
        return [one.path for one in self.asked]

    def answer(self, asked: Asked) -> Told:
        self.asked.append(asked)
        for begin, (status, body) in self.fails.items():
            if asked.path.startswith(begin):
                return status, body, {}
        told = self._told(asked)
        if isinstance(told, Own) and self.described is not None:
            faults = self.described.faults(asked.method, asked.path, told.status, told.body)
            self.broken += faults or ()
            if faults is None:
                self.undescribed.add(asked.path)
        return told

    def _told(self, asked: Asked) -> Told:
        if asked.path == "/api/health":
            return _json(200, Health(commit="0000000", database="ok", version=VERSION))
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return _json(401, Message(message="Invalid API key"))
        head, _, rest = asked.path.removeprefix("/api/datasources/").partition("/")
        if asked.path.startswith("/api/datasources/") and head in ("uid", "proxy"):
            return self._source(asked, head, rest)
        if asked.method != "GET":
            return _json(403, Message(message="You'll need additional permissions to perform this action"))
        ruler, _, below = asked.path.removeprefix("/api/prometheus/").partition("/")
        if asked.path.startswith("/api/prometheus/") and ruler in self.sources:
            return self._behind(asked, self.sources[ruler], below)
        return self._own(asked)

    def _own(self, asked: Asked) -> Told:
        path = asked.path.rstrip("/")
        if path == "/api/datasources":
            return _json(200, [one.listed() for one in self.sources.values()])
        if path == "/api/frontend/settings":
            return _json(200, FrontendSettings())
        if path == "/api/annotations":
            return _json(200, [one for one in self.annotations if _fits(one, asked.query)][: _limit(asked.query)])
        if path == "/api/prometheus/grafana/api/v1/rules":
            return _json(200, Rules(data=RulesData(groups=list(self.groups))))
        if path == "/api/alertmanager/grafana/api/v2/alerts":
            return _json(200, list(self.alerts))
        return _json(404, Message(message="Not found"))

    def _source(self, asked: Asked, how: str, rest: str) -> Told:
        """`uid/X`, `uid/X/health`, `uid/X/resources/...` of a Prometheus, `proxy/uid/X/...`."""
        uid, _, below = (rest.removeprefix("uid/") if how == "proxy" else rest).partition("/")
        source = self.sources.get(uid)
        if source is None:
            return _json(404, Message(message="Data source not found"))
        if how == "proxy":
            return self._behind(asked, source, below)
        if not below and asked.method == "GET":
            return _json(200, source)
        if below == "health" and asked.method == "GET":
            return _json(200, Message(message="Successfully queried the data source."))
        if below.startswith("resources/") and source.type == "prometheus":
            # Its plugin passes these on; the one of Loki knows only some, and the one of Tempo none.
            return self._behind(asked, source, below.removeprefix("resources/"))
        return _json(404, Message(message="Not found"))

    def _behind(self, asked: Asked, source: DataSource, below: str) -> Told:
        try:
            return self.proxy(asked, source, below)
        except Exception as error:  # noqa: BLE001 - told at the end, to the test
            self.broken.append(error)
            return 500, b"the stand-in is broken", {}


def _fits(one: Annotation, query: Mapping[str, Sequence[str]]) -> bool:
    """As Grafana filters: what lies in [from, to] in part, of the type asked for, with all of the tags."""
    begin, end = (int(query.get(name, ["0"])[0]) for name in ("from", "to"))
    kind, tags = query.get("type", [""])[0], set(query.get("tags", ()))
    inside = (not end or one.time <= end) and (not begin or (one.time_end or one.time) >= begin)
    right = not kind or (kind == "alert") == bool(one.alert_id)
    return inside and right and tags <= set(one.tags)


def _limit(query: Mapping[str, Sequence[str]]) -> int:
    return int(query.get("limit", ["100"])[0]) or 100


def _json(status: int, answer: object) -> Own:
    return Own(status, msgspec.json.encode(answer), {"Content-Type": "application/json; charset=UTF-8"})


def proxied(asked: Asked, source: DataSource, below: str) -> Told:
    """What the real server says. The token of Grafana is not passed on."""
    server = urlsplit(source.url)
    connection = http.client.HTTPConnection(server.netloc, timeout=60)
    try:
        headers = {name: value for name, value in asked.headers.items() if name in _PASSED_ON}
        target = f"{server.path}/{quote(below)}" + (f"?{asked.raw_query}" if asked.raw_query else "")
        connection.request(asked.method, target, body=asked.body or None, headers=headers)
        answer = connection.getresponse()
        kept = {name: value for name in _SENT_BACK if (value := answer.headers.get(name)) is not None}
        return answer.status, answer.read(), kept
    except OSError as error:
        return 502, msgspec.json.encode(Message(message=f"bad gateway: {error}")), {}
    finally:
        connection.close()


@contextmanager
def grafana_stand_in(
    *sources: Listed, annotations: Sequence[Annotation] = (), groups: Sequence[RuleGroup] = (),
    alerts: Sequence[ActiveAlert] = (), proxy: Proxy | None = None,
) -> Iterator[GrafanaStandIn]:  # fmt: skip
    """A stand-in in a thread of its own: what asks it may be another process."""
    made = GrafanaStandIn({one.uid: one.whole() for one in sources}, annotations, groups, alerts, proxy or proxied)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path, _, raw = self.path.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            asked = Asked(
                method=self.command, path=unquote(path), raw_query=raw, query=parse_qs(raw), headers=headers, body=body,
            )  # fmt: skip
            status, answer, told = made.answer(asked)
            with contextlib.suppress(ConnectionError):  # who asked may have gone
                self.send_response(status)
                for name, value in {**told, "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

        do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815

        def log_message(self, *args: object) -> None:
            """Nothing: `asked` has it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert not made.broken, made.broken
