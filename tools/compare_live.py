"""Investigate recordings from disk, and with the same telemetry in real servers: are the accounts the same?

    PYTHONPATH=src:. python tools/compare_live.py --loki http://127.0.0.1:3100 --tempo http://127.0.0.1:3200 \\
        --otlp http://127.0.0.1:4318 RECORDING ...

A Prometheus of its own is started for each recording. The recordings are loaded into the Loki and the Tempo
named, which have to take lines and spans of long ago; `--loaded` says that they hold them already. Exit 1 when an order
differs.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from compass.entrypoints.clock import SystemClock
from compass.projections.view import View
from compass.redaction.secret import Secrets
from compass.sources.http.ledger import Ledger
from compass.sources.live.connector import Means, connectors
from compass.sources.live.source import LiveSource
from compass.sources.recording import RecordingSource
from compass.sources.recording.header import read_header
from tests.support import load_loki, load_tempo
from tests.support.prometheus import prometheus
from tests.support.recorded_feed import RecordedFeed
from tests.support.running import prepared, run_means

SETTLE_S = 60.0


def accounts(view: View) -> list[tuple[str, str, float]]:
    """Every account: label and mechanism, where, how probable."""
    every = (*view.accounts, *view.refuted)
    return [(f"{a.label} {a.mechanism}", str(a.entity), round(a.confidence, 4)) for a in every]


async def compare(folder: Path, servers: dict[str, str]) -> bool:
    """Print how both went; whether the order is the same."""
    ledger = Ledger()
    incident = RecordingSource.open(folder).incident()

    def open_live() -> LiveSource:
        made = Means(clock=SystemClock(), ledger=ledger, secrets=Secrets({}, Path()))
        more = {"tempo": {"collected": read_header(folder).span_sampling}}  # what no server knows
        feeds = [
            connectors()[kind].connect(kind, {"type": kind, "url": url, **more.get(kind, {})}, made)
            for kind, url in servers.items()
        ]
        rest = RecordedFeed(folder, without=frozenset({"metrics", "logs", "traces"}))
        return LiveSource("live", [*feeds, rest], incident, SystemClock(), ledger)

    began = time.perf_counter()
    recorded = accounts((await run_means(folder, prepared(folder))).view)
    between = time.perf_counter()
    live = accounts((await run_means(folder, replace(prepared(folder), open_telemetry=open_live))).view)
    ended = time.perf_counter()
    ordered = [one[:2] for one in recorded] == [one[:2] for one in live]
    off = max((abs(a[2] - b[2]) for a, b in zip(recorded, live, strict=False)), default=0.0)
    said = f"same order, {off:.4f} apart at most" if ordered else "ANOTHER ORDER"
    took = f"{between - began:.1f} s from disk, {ended - between:.1f} s live"
    moved = f"{ledger.requests} requests, {ledger.size / 1e6:.2f} MB"
    print(f"{folder.name}: {said}; {len(recorded)} accounts; {took}; {moved}")
    if not ordered:
        for a, b in zip(recorded[:6], live[:6], strict=False):
            print("   ", a, "|", b)
    return ordered


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", nargs="+", type=Path)
    for name in ("--loki", "--tempo", "--otlp"):
        parser.add_argument(name, required=True)
    parser.add_argument("--loaded", action="store_true")
    given = parser.parse_args()
    if not given.loaded:
        for folder in given.recordings:
            load_loki.load(folder, given.loki)
            load_tempo.load(folder, given.otlp)
        time.sleep(SETTLE_S)  # until what was sent can be searched
    same = True
    for folder in given.recordings:
        with tempfile.TemporaryDirectory() as scratch, prometheus(Path(scratch) / "server", folder) as url:
            servers = {"mimir": url, "loki": given.loki, "tempo": given.tempo}
            same &= asyncio.run(compare(folder, servers))
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
