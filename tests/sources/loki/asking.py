"""The cases that `tools/contracts_loki.py` records and the tests replay: how each is asked, in one place."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx2

from compass.domain.incident import Incident
from compass.domain.time import NS_PER_S, Window
from compass.ports.clock import Clock, Deadline
from compass.ports.errors import SourceError
from compass.redaction.secret import Secrets
from compass.sources.http.ledger import Ledger
from compass.sources.live.connector import Means, connect
from compass.sources.live.feed import Found, Scope
from compass.sources.live.gathered import Gathered, Logs
from compass.sources.loki.api import Field
from compass.sources.loki.feed import LokiFeed
from compass.sources.recording.header import read_header
from tests.sources.reference import write_reference
from tests.support.clocks import StillClock
from tests.support.recordings import Line, iso, write_recording

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = ROOT / "tests" / "contracts" / "loki"
LAB = ROOT / "tests" / "data" / "lab"
NO_DEADLINE = Deadline()
REPLAYED = "http://loki.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way to ask. `ask`: gather, look or fields. `plain`: without the header that tells metadata apart. `slow`: a
    part of every query that is never answered in time; `later`: all but
    those over the time that is asked for first."""

    name: str
    loaded: str = ""
    ask: str = "gather"
    exact: bool = False
    limited: bool = False
    tenant: str = ""
    plain: bool = False
    slow: str = ""
    later: bool = False
    service: str | None = None
    later_s: int = 0
    options: Mapping[str, object] = field(default_factory=dict)


NO_AUDIT = '{service_name=~"cart|checkout|orders"}'
CASES = (
    Case(name="lab-002-exact", loaded="lab-002", exact=True),
    Case(name="lab-015-exact", loaded="lab-015", exact=True),
    Case(name="lab-015-sampled", loaded="lab-015", service="checkout", options={"lines": 900}),
    Case(name="lab-015-thin", loaded="lab-015", options={"scan_gb": 0.0001, "lines_per_query": 250}),
    Case(name="lab-015-look", loaded="lab-015", ask="look"),
    Case(name="lab-015-fields", loaded="lab-015", ask="fields", service="checkout"),
    Case(name="lab-015-selected", loaded="lab-015", options={"selector": '{service_name="payments", level=~"info"}'}),
    Case(name="reference", loaded="reference"),
    Case(name="reference-exact", loaded="reference", exact=True),
    Case(name="reference-plain", loaded="reference", exact=True, plain=True),
    Case(name="slow-counts", loaded="lab-015", slow="count_over_time", options={"lines_per_query": 250}),
    Case(
        name="slow-later",
        loaded="lab-015",
        slow="count_over_time",
        later=True,
        options={"scan_gb": 0.001, "megabytes": 0.1, "lines_per_query": 250},
    ),
    Case(name="slow-words", loaded="lab-015", slow="line_format", options={"lines": 900, "megabytes": 1.0}),
    Case(name="slow-rest", loaded="lab-015", slow="level!~", options={"lines": 900}),
    Case(name="rare", loaded="rare", service="checkout", options={"lines": 1200, "selector": NO_AUDIT}),
    Case(name="rare-flood", loaded="rare", service="checkout", options={"lines": 1200}),
    Case(
        name="rare-unknown",
        loaded="rare",
        limited=True,
        tenant="levels",
        service="checkout",
        options={"lines": 1200, "selector": NO_AUDIT},
    ),
    Case(
        name="rare-slow",
        loaded="rare",
        slow="!>",
        service="checkout",
        options={"lines": 1200, "selector": NO_AUDIT},
    ),
    Case(name="odd-exact", loaded="odd", limited=True, tenant="odd", exact=True),
    Case(name="unknown-look", loaded="reference", limited=True, tenant="levels", ask="look"),
    Case(name="empty", later_s=86_400 * 365),
    Case(name="empty-look", ask="look", later_s=86_400 * 365),
    Case(name="bad-selector", loaded="reference", options={"selector": '{service_name=~"("}'}),
    Case(name="unbounded", loaded="reference", options={"selector": '{service_name=~".*"}'}),
    Case(name="no-tenant", limited=True),
    Case(name="levels", loaded="reference", limited=True, tenant="levels", exact=True),
    Case(name="levels-sampled", loaded="lab-015", limited=True, tenant="levels", options={"lines": 900}),
    Case(name="few-entries", loaded="lab-015", limited=True, tenant="few", options={"lines": 900}),
    Case(name="short-range", loaded="reference", limited=True, tenant="short"),
    Case(name="few-bytes", loaded="reference", limited=True, tenant="little"),
    Case(name="few-series", loaded="lab-015", limited=True, tenant="series", options={"lines": 900}),
    Case(name="no-volume", loaded="reference", limited=True, tenant="novolume", exact=True),
)
BY_NAME = {case.name: case for case in CASES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came of a case."""

    ledger: Ledger
    gathered: Gathered | None = None
    found: Found | None = None
    fields: tuple[Field, ...] = ()

    @property
    def logs(self) -> Logs | None:
        if self.gathered is None:
            return None
        assert isinstance(self.gathered.data, Logs)
        return self.gathered.data


def folder_of(case: Case, scratch: Path) -> Path:
    """The recording a case is about."""
    if case.loaded.startswith("lab-"):
        return LAB / case.loaded
    target = scratch / (case.loaded or "reference")
    if target.is_dir():
        return target
    return {"odd": write_odd, "rare": write_rare}.get(case.loaded, write_reference)(target)


ODD = {"app": 'q"uo`te\n\\ä'}


def write_odd(target: Path) -> Path:
    """A recording with all that Loki might not keep."""
    lines = [
        Line(at_s=1, line="twice", labels=ODD), Line(at_s=1, line="twice", labels=ODD),
        Line(at_s=1, line="at the same time", labels=ODD), Line(at_s=2, line="", labels=ODD),
        Line(at_s=3, line="two\nlines", labels=ODD), Line(at_s=4, line="\x1b[31m 😀 <&> \\ \"", labels=ODD),
        Line(at_s=5, line="dotted", labels={"service.name": "web", "k8s.pod.name": "web-1"}),
        Line(at_s=5.5, line="a word of LogQL", labels={"app": "web", "ip": "10.0.0.1", "by": "x"}),
        Line(at_s=6, line="no name", labels={"zone": "eu", "nothing": ""}),
        Line(at_s=7, line="ERROR of a job", labels={"job": "nightly"}, trace_id="ab" * 16),
        Line(at_s=0, line="at the start", labels=ODD), Line(at_s=60, line="at the end", labels=ODD),
    ]  # fmt: skip
    return write_recording(target, seconds=60, logs=lines)


RARE = {
    ("checkout", 'level=info msg="feature flag new-pricing switched on" by=anna'): 1,
    ("checkout", 'level=info msg="falling back to stored prices" order={n}'): 40,
    ("orders", "INFO  [main] c.e.o.Leader - lost the lease orders-leader to orders-1"): 1,
    ("orders", "INFO  [main] c.e.o.Pool - pause of {n} ms seen, heap 97 of 100"): 9,
    ("cart", '{{"level": "info", "message": "reconnected to redis after {n} ms", "id": "{n}"}}'): 3,
}
"""Lines from second 400 on, and how many; none of them states a warning."""
USUAL = {
    ("checkout", 'level=info msg="order placed" order={n} user=u{n}'): 1300,
    ("checkout", 'level=debug msg="session refreshed" user=u{n}'): 1300,
    ("orders", "INFO  [worker-{n}] c.e.o.OrderService - stored order {n} in {n} ms"): 1700,
    ("cart", '{{"level": "info", "message": "cart {n} read from redis", "id": "{n}"}}'): 1700,
}
NO_PATTERN = ("audit", '{{"actor": "a{n}", "action": "read", "object": "o{n}"}}')
"""JSON in which Loki finds no message: such lines have no pattern."""


def write_rare(target: Path) -> Path:
    """A recording of many lines that are alike, and few that are not."""
    chance = Random(4)
    day = 86_400.0  # later than the reference, which is in the same Loki
    lines = []
    for (service, text), number in (*USUAL.items(), *RARE.items(), (NO_PATTERN, 1500)):
        first = 400.0 if (service, text) in RARE else 0.0
        for _ in range(number):
            line = text.format(n=chance.randrange(10**6))
            at_s = day + round(chance.uniform(first, 599.0), 6)
            lines.append(Line(at_s=at_s, line=line, labels={"service_name": service}))
    header = {"window": {"start": iso(day), "end": iso(day + 600)}, "detected_at": iso(day + 550)}
    return write_recording(target, header=header, logs=lines)


def feed_of(
    case: Case, transport: httpx2.AsyncBaseTransport, clock: Clock, *, url: str = REPLAYED
) -> tuple[LokiFeed, Ledger]:
    """A feed as the settings of a case describe it."""
    ledger = Ledger()
    transport = Plain(transport) if case.plain else transport
    transport = Slow(transport, case.slow, later=case.later) if case.slow else transport
    means = Means(clock=clock, ledger=ledger, secrets=Secrets({}, Path()), transport=transport)
    table: dict[str, object] = {"type": "loki", "url": url, **case.options}
    if case.tenant:
        table["tenant"] = case.tenant
    (feed,) = connect({"loki": table}, means)
    assert isinstance(feed, LokiFeed)
    return feed, ledger


class Plain(httpx2.AsyncBaseTransport):
    """A proxy that drops headers it does not know."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers.pop("X-Loki-Response-Encoding-Flags", None)
        return await self._inner.handle_async_request(request)


class Slow(httpx2.AsyncBaseTransport):
    """A server that does not answer queries with `part` in them; `later`: but for those that begin as the first."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, part: str, *, later: bool) -> None:
        self._inner, self._part, self._later = inner, part, later
        self._first = ""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        asked = request.url.params
        if self._part in asked.get("query", ""):
            self._first = self._first or asked["start"]
            if not self._later or asked["start"] != self._first:
                raise httpx2.ReadTimeout("", request=request)
        return await self._inner.handle_async_request(request)


def incident_of(case: Case, folder: Path) -> Incident:
    return read_header(folder).incident


async def ask(
    case: Case,
    folder: Path,
    transport: httpx2.AsyncBaseTransport,
    clock: Clock,
    *,
    url: str = REPLAYED,
    settle_s: float = 0.0,
) -> Said:
    """Ask as the case does. Raises SourceError, `settle_s` later: what else is under way is then answered too."""
    incident = incident_of(case, folder)
    later = case.later_s * NS_PER_S
    window = Window(start_ns=incident.window.start_ns + later, end_ns=incident.window.end_ns + later)
    feed, ledger = feed_of(case, transport, StillClock(window.end_ns, clock), url=url)
    try:
        if case.ask == "look":
            return Said(ledger=ledger, found=await feed.look("logs", deadline=NO_DEADLINE))
        if case.ask == "fields":
            found = await feed.fields(case.service or "", window, deadline=NO_DEADLINE)
            return Said(ledger=ledger, fields=tuple(found))
        scope = Scope(window=window, detected_ns=incident.detected_ns + later, service=case.service, exact=case.exact)
        return Said(ledger=ledger, gathered=await feed.gather("logs", scope, deadline=NO_DEADLINE))
    except SourceError:
        await asyncio.sleep(settle_s)
        raise
    finally:
        await feed.aclose()
