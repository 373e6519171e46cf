"""What `tools/contracts_mcp.py` records and the tests replay: real Loki and Tempo behind mcp-grafana, in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from compass.domain.time import NS_PER_S, Window
from compass.entrypoints.clock import SystemClock
from compass.ports.clock import Deadline
from compass.sources.live.feed import Found, Scope
from compass.sources.live.gathered import Gathered
from compass.sources.mcp.feed import McpFeed
from compass.sources.recording import RecordingSource
from tests.sources.mcp.asking import grafana
from tests.support.clocks import StillClock
from tests.support.grafana_answers import Listed
from tests.support.grafana_stand_in import Proxy, grafana_stand_in

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = ROOT / "tests" / "contracts" / "mcp"
LAB = ROOT / "tests" / "data" / "lab" / "lab-002"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`last_s`: only so much of the window, its end. `look`: as `compass doctor` does, at the end of the window.
    `options` are those of the feed."""

    name: str
    part: str
    last_s: int = 0
    exact: bool = False
    look: bool = False
    later_s: int = 0
    options: Mapping[str, object] = field(default_factory=dict)


CASES = (
    Case(name="logs", part="logs"),
    Case(name="logs-selected", part="logs", options={"selector": '{service_name=~"checkout|orders"}'}),
    Case(name="logs-bad-selector", part="logs", options={"selector": '{service_name=~"("}'}),
    Case(name="logs-look", part="logs", look=True),
    Case(name="logs-empty", part="logs", later_s=86_400 * 365),
    Case(name="traces", part="traces", last_s=40),
    Case(name="traces-many", part="traces"),
    Case(name="traces-look", part="traces", look=True),
    Case(name="traces-exact", part="traces", last_s=8, exact=True),
    Case(name="traces-bad-filter", part="traces", last_s=40, options={"filter": "resource.service.name ="}),
    Case(name="traces-empty", part="traces", later_s=86_400 * 365),
)
BY_NAME = {case.name: case for case in CASES}


def path_of(case: Case) -> Path:
    return CONTRACTS / f"{case.name}.jsonl.gz"


def scope_of(case: Case) -> Scope:
    incident = RecordingSource.open(LAB).incident()
    window = incident.window
    start = window.end_ns - case.last_s * NS_PER_S if case.last_s else window.start_ns
    later = case.later_s * NS_PER_S
    window = Window(start_ns=start + later, end_ns=window.end_ns + later)
    return replace(
        Scope(window=window, detected_ns=window.end_ns - 10 * NS_PER_S), exact=case.exact, service=incident.service
    )


@asynccontextmanager
async def feed_of(case: Case, proxy: Proxy, loki: str = "http://loki", tempo: str = "http://tempo") -> AsyncIterator[
    McpFeed
]:  # fmt: skip
    """mcp-grafana before a stand-in whose data sources are answered by `proxy`."""
    sources = (
        Listed(uid="loki", name="Logs", type="loki", url=loki),
        Listed(uid="tempo", name="Traces", type="tempo", url=tempo),
    )
    with grafana_stand_in(*sources, proxy=proxy) as stand_in:
        clock = StillClock(scope_of(case).window.end_ns, SystemClock())
        async with grafana(stand_in, clock=clock, **case.options) as feed:
            yield feed


async def asked(case: Case, feed: McpFeed) -> Gathered | Found:
    """What comes of it. Raises SourceError."""
    if case.look:
        return await feed.look(case.part, deadline=Deadline())
    return await feed.gather(case.part, scope_of(case), deadline=Deadline())
