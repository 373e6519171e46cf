"""The cases that `tools/contracts_tempo.py` records and the tests replay: how each is asked, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Incident
from compass.domain.time import NS_PER_S, Window
from compass.ports.clock import Clock, Deadline
from compass.ports.errors import SourceRefusedError
from compass.redaction.secret import Secrets
from compass.sources.http.client import Client
from compass.sources.http.ledger import Ledger
from compass.sources.http.settings import Server
from compass.sources.live.connector import Means, connect
from compass.sources.live.feed import Found, Scope, TraceFound
from compass.sources.live.gathered import Gathered, Span, Spans
from compass.sources.live.native import traceql
from compass.sources.live.options import options_of
from compass.sources.recording.header import read_header
from compass.sources.tempo.answers import Count, Hits, WholeTrace
from compass.sources.tempo.api import EITHER, ENDPOINTS, HttpTempo
from compass.sources.tempo.feed import TempoFeed
from compass.sources.tempo.options import TempoOptions
from compass.sources.tempo.traceql import Share, Slice, seconds, spans_query
from tests.sources.reference import write_reference
from tests.support.clocks import StillClock

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = ROOT / "tests" / "contracts" / "tempo"
LAB = ROOT / "tests" / "data" / "lab"
NO_DEADLINE = Deadline()
REPLAYED = "http://tempo.example"
JSON = "application/json"
SLOW_SERVICE, SLOWEST = "checkout", 20
SLOW_QUERY = traceql(EntityRef(kind=EntityKind.SERVICE, name=SLOW_SERVICE), "latency.up")
TENANT = "single-tenant"
"""What a Tempo without tenants calls its only one: a second server on the same data is asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way to ask. `ask`: gather, look, trace (`trace_id`, or the largest of the recording), slowest or search.
    `limited`: of the server with limits. `without`: words of TraceQL that the server is taken not to know, `first_api`:
    so of the second API for traces. `from_s`, `to_s`: part of the recording's window."""

    name: str
    loaded: str
    ask: str = "gather"
    exact: bool = False
    limited: bool = False
    tenant: str = ""
    accept: str = EITHER
    from_s: int = 0
    to_s: int = 0
    later_s: int = 0
    trace_id: str = ""
    without: tuple[str, ...] = ()
    first_api: bool = False
    options: Mapping[str, object] = field(default_factory=dict)


CASES = (
    Case(name="lab-002", loaded="lab-002"),
    Case(name="lab-009-sampled", loaded="lab-009", options={"spans": 500}),
    Case(name="lab-009-thin", loaded="lab-009", options={"spans": 20}),
    Case(name="lab-009-filtered", loaded="lab-009", options={"filter": 'resource.service.name = "checkout"'}),
    Case(name="lab-009-look", loaded="lab-009", ask="look"),
    Case(name="lab-015-exact", loaded="lab-015", exact=True, from_s=60, to_s=75),
    Case(name="lab-015-exact-few", loaded="lab-015", exact=True, from_s=60, to_s=75, options={"exact_traces": 5}),
    Case(
        name="lab-015-exact-filtered", loaded="lab-015", exact=True, from_s=60, to_s=65,
        options={"filter": 'resource.service.name = "orders"'},
    ),
    Case(name="reference", loaded="reference"),
    Case(name="reference-exact", loaded="reference", exact=True),
    Case(name="older", loaded="lab-015", without=("select",), from_s=60, to_s=90, options={"by_id": 12}),
    Case(
        name="older-filtered", loaded="lab-015", without=("select", "by("), from_s=60, to_s=65, exact=True,
        options={"filter": 'resource.service.name = "orders"'},
    ),
    Case(name="uncounted", loaded="lab-009", without=("count_over_time",), options={"spans": 500}),
    Case(name="trace", loaded="lab-009", ask="trace"),
    Case(name="trace-json", loaded="lab-009", ask="trace", accept=JSON),
    Case(name="trace-first-api", loaded="lab-009", ask="trace", first_api=True),
    Case(name="trace-first-api-json", loaded="lab-009", ask="trace", first_api=True, accept=JSON),
    Case(
        name="trace-first-api-unknown", loaded="lab-009", ask="trace", first_api=True,
        trace_id="0123456789abcdef0123456789abcdef",
    ),
    Case(name="trace-unknown", loaded="lab-009", ask="trace", trace_id="0123456789abcdef0123456789abcdef"),
    Case(name="trace-no-id", loaded="lab-009", ask="trace", trace_id="not-an-id"),
    Case(name="slowest", loaded="lab-009", ask="slowest"),
    Case(name="slowest-filtered", loaded="lab-009", ask="slowest", options={"filter": "kind = client"}),
    Case(name="search", loaded="lab-009", ask="search", from_s=100, to_s=110),
    Case(name="search-json", loaded="lab-009", ask="search", from_s=100, to_s=110, accept=JSON),
    Case(name="empty", loaded="reference", later_s=-86_400 * 365),
    Case(name="empty-look", loaded="reference", ask="look", later_s=-86_400 * 365),
    Case(name="bad-filter", loaded="reference", options={"filter": "resource.service.name ="}),
    Case(name="no-tenant", loaded="reference", limited=True),
    Case(name="few-traces", loaded="lab-009", limited=True, tenant=TENANT, from_s=60, to_s=119),
    Case(name="short-range", loaded="lab-021", limited=True, tenant=TENANT),
    Case(name="too-short-range", loaded="reference", limited=True, tenant=TENANT),
    Case(name="trace-in-part", loaded="lab-009", ask="trace", limited=True, tenant=TENANT),
)  # fmt: skip
BY_NAME = {case.name: case for case in CASES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came of a case."""

    ledger: Ledger
    window: Window
    gathered: Gathered | None = None
    found: Found | None = None
    trace: WholeTrace | None = None
    hits: Hits | None = None
    slowest: Sequence[TraceFound] = ()

    @property
    def spans(self) -> list[Span]:
        assert self.gathered is not None
        assert isinstance(self.gathered.data, Spans)
        return list(self.gathered.data.spans)

    @property
    def missing(self) -> tuple[str, ...]:
        assert self.gathered is not None
        return self.gathered.missing


def folder_of(case: Case, scratch: Path) -> Path:
    """The recording a case is about."""
    if case.loaded.startswith("lab-"):
        return LAB / case.loaded
    target = scratch / "reference"
    return target if target.is_dir() else write_reference(target)


def incident_of(folder: Path) -> Incident:
    return read_header(folder).incident


def window_of(case: Case, folder: Path) -> Window:
    whole = incident_of(folder).window
    start = whole.start_ns + (case.from_s + case.later_s) * NS_PER_S
    end = whole.start_ns + case.to_s * NS_PER_S if case.to_s else whole.end_ns
    return Window(start_ns=start, end_ns=end + case.later_s * NS_PER_S)


def feed_of(
    case: Case, transport: httpx2.AsyncBaseTransport, clock: Clock, *, url: str = REPLAYED
) -> tuple[TempoFeed, Ledger]:
    """A feed as the settings of a case describe it."""
    ledger = Ledger()
    table: dict[str, object] = {"type": "tempo", "url": url, **case.options}
    if case.tenant:
        table["tenant"] = case.tenant
    means = Means(clock=clock, ledger=ledger, secrets=Secrets({}, Path()), transport=transport)
    (feed,) = connect({"tempo": table}, means)
    assert isinstance(feed, TempoFeed)
    return feed, ledger


class FirstApi(httpx2.AsyncBaseTransport):
    """The real server, but for the second API for traces: to that it says what any server says to a wrong path."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.startswith("/api/v2/traces/"):
            return httpx2.Response(404, text="404 page not found", request=request)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class Older(HttpTempo):
    """The real server, but for words that older ones do not know: those are refused as a real one refuses others."""

    def __init__(self, client: Client, without: tuple[str, ...]) -> None:
        super().__init__(client, "tempo")
        self._without = without

    async def search(self, query: str, within: Slice, limit: int, *, deadline: Deadline) -> Hits:
        self._known(query)
        return await super().search(query, within, limit, deadline=deadline)

    async def count(self, query: str, within: Slice, step_s: int, *, deadline: Deadline) -> Count:
        self._known(query)
        return await super().count(query, within, step_s, deadline=deadline)

    def _known(self, query: str) -> None:
        if any(word in query for word in self._without):
            raise SourceRefusedError("rejects the query (400): invalid TraceQL query", where="tempo", status=400)


def older_feed_of(case: Case, transport: httpx2.AsyncBaseTransport, clock: Clock, url: str) -> tuple[TempoFeed, Ledger]:
    ledger = Ledger()
    means = Means(clock=clock, ledger=ledger, secrets=Secrets({}, Path()), transport=transport)
    options = options_of({"type": "tempo", "url": url, **case.options}, TempoOptions, "tempo")
    client = means.client(Server(name="tempo", url=url), ENDPOINTS)
    return TempoFeed("tempo", Older(client, case.without), options, clock), ledger


async def ask(
    case: Case, folder: Path, transport: httpx2.AsyncBaseTransport, clock: Clock, *, url: str = REPLAYED
) -> Said:
    """Ask as the case does. Raises SourceError."""
    window = window_of(case, folder)
    at = StillClock(window.end_ns, clock)
    if case.first_api:
        transport = FirstApi(transport)
    if case.ask == "search" or case.accept != EITHER:
        return await _ask_api(case, folder, transport, at, url)
    if case.without:
        feed, ledger = older_feed_of(case, transport, at, url)
    else:
        feed, ledger = feed_of(case, transport, at, url=url)
    try:
        if case.ask == "look":
            return Said(ledger=ledger, window=window, found=await feed.look("traces", deadline=NO_DEADLINE))
        if case.ask == "trace":
            found = await feed.trace(trace_of(case, folder), deadline=NO_DEADLINE)
            return Said(ledger=ledger, window=window, trace=found)
        if case.ask == "slowest":
            slow = await feed.slowest(SLOW_QUERY, window, SLOWEST, deadline=NO_DEADLINE)
            return Said(ledger=ledger, window=window, slowest=slow)
        scope = Scope(window=window, detected_ns=window.end_ns, exact=case.exact)
        return Said(ledger=ledger, window=window, gathered=await feed.gather("traces", scope, deadline=NO_DEADLINE))
    finally:
        await feed.aclose()


async def _ask_api(case: Case, folder: Path, transport: httpx2.AsyncBaseTransport, clock: Clock, url: str) -> Said:
    """As another transport would that asks for another form of answer."""
    ledger, window = Ledger(), window_of(case, folder)
    means = Means(clock=clock, ledger=ledger, secrets=Secrets({}, Path()), transport=transport)
    api = HttpTempo(means.client(Server(name="tempo", url=url), ENDPOINTS), "tempo", accept=case.accept)
    try:
        if case.ask == "trace":
            whole = await api.trace(trace_of(case, folder), None, deadline=NO_DEADLINE)
            return Said(ledger=ledger, window=window, trace=whole)
        query = spans_query("", Share())
        hits = await api.search(query, seconds(window), 100, deadline=NO_DEADLINE)
        return Said(ledger=ledger, window=window, hits=hits)
    finally:
        await api.aclose()


def trace_of(case: Case, folder: Path) -> str:
    """The trace that a case asks for: of the recording the one with the most spans, the first of these."""
    from tests.support.load_tempo import spans_of

    counts: dict[str, int] = {}
    for span in spans_of(folder):
        counts[span.trace_id] = counts.get(span.trace_id, 0) + 1
    return case.trace_id or max(sorted(counts), key=lambda one: counts[one])
