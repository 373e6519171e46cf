"""One incident investigated from disk, and with the same telemetry in a real Prometheus and what a real Loki and a real
Tempo said when it was loaded into them: the same accounts in the same order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from compass.entrypoints.clock import SystemClock
from compass.ports.telemetry import Telemetry
from compass.projections.view import View
from compass.redaction.secret import Secrets
from compass.sources.http.ledger import Ledger
from compass.sources.live.connector import Means, connectors
from compass.sources.live.source import LiveSource
from compass.sources.recording import RecordingSource
from tests.support.exchanges import Replay
from tests.support.prometheus import needs_prometheus, prometheus
from tests.support.recorded_feed import RecordedFeed
from tests.support.running import prepared, run_means

ROOT = Path(__file__).parents[2]
LAB = ROOT / "data" / "lab"
CONTRACTS = ROOT / "contracts"


def live(folder: Path, metrics: str, transports: dict[str, httpx2.AsyncBaseTransport], ledger: Ledger) -> Telemetry:
    """Metrics from `metrics`, logs and traces as `transports` say, what no server of these has as recorded."""
    made = Means(clock=SystemClock(), ledger=ledger, secrets=Secrets({}, Path()))
    feeds = [connectors()["mimir"].connect("metrics", {"type": "mimir", "url": metrics}, made)]
    for kind, transport in transports.items():
        table = {"type": kind, "url": f"http://{kind}.example"}
        feeds.append(connectors()[kind].connect(kind, table, replace(made, transport=transport)))
    rest = RecordedFeed(folder, without=frozenset({"metrics", "logs", "traces"}))
    return LiveSource("live", [*feeds, rest], RecordingSource.open(folder).incident(), SystemClock(), ledger)


def accounts(view: View) -> list[tuple[str, str, str, float]]:
    return [(a.label, a.mechanism, str(a.entity), round(a.confidence, 6)) for a in (*view.accounts, *view.refuted)]


async def both(folder: Path, open_live: Callable[[], Telemetry]) -> tuple[View, View]:
    recorded = await run_means(folder, prepared(folder))
    from_servers = await run_means(folder, replace(prepared(folder), open_telemetry=open_live))
    return recorded.view, from_servers.view


@needs_prometheus()
@pytest.mark.slow
async def test_servers_and_disk_give_the_same_accounts_in_the_same_order(tmp_path: Path) -> None:
    folder, ledger = LAB / "lab-002", Ledger()
    said = {
        "loki": Replay(CONTRACTS / "loki" / "lab-002-exact.jsonl.gz"),
        "tempo": Replay(CONTRACTS / "tempo" / "lab-002.jsonl.gz"),
    }
    with prometheus(tmp_path / "server", folder) as url:
        recorded, from_servers = await both(folder, lambda: live(folder, url, dict(said), ledger))
    assert len(accounts(recorded)) > 5
    assert [one[:3] for one in accounts(from_servers)] == [one[:3] for one in accounts(recorded)]
    assert accounts(from_servers) == accounts(recorded)
    assert all(replay.unused == [] for replay in said.values())
    assert ledger.requests <= 40
    assert {(part, status) for part, status, _ in from_servers.sources if part in ("metrics", "logs", "traces")} == {
        ("metrics", "ok"), ("logs", "ok"), ("traces", "ok"),
    }  # fmt: skip
