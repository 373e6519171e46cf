"""Record what a real Tempo says to COMPASS: `tests/contracts/tempo/*.jsonl.gz`.

    python tools/contracts_tempo.py --load http://127.0.0.1:4318 --url http://127.0.0.1:3200
    python tools/contracts_tempo.py --url http://127.0.0.1:3200 --limited http://127.0.0.1:3201

`--load`: its OTLP receiver (HTTP); lab recordings are pushed there with their own times, so the server has to take old
spans (live_store.wal.ingestion_time_range_slack). Then wait until they are in blocks of the backend, a minute or so,
before asking. `--url`: the same server, without tenants. `--limited`: another one on a copy of its data, with tenants
(multitenancy_enabled) and limits: query_frontend.search max_result_limit 100 and max_duration 1m,
query_frontend.metrics max_duration 1m, overrides max_bytes_per_trace 4000.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

import httpx2

from compass.entrypoints.clock import SystemClock
from compass.ports.errors import SourceError
from tests.sources.tempo.asking import CASES, CONTRACTS, Case, ask, folder_of
from tests.support.exchanges import Recording
from tests.support.load_tempo import load


async def record(case: Case, folder: Path, url: str, about: dict[str, str]) -> None:
    """Ask as `case` does and write what was said."""
    transport = Recording()
    try:
        said = await ask(case, folder, transport, SystemClock(), url=url)
        end = f"{len(said.spans)} spans, {said.missing}" if said.gathered is not None else str(said.found or "")
    except SourceError as error:
        end = str(error)
    path = CONTRACTS / f"{case.name}.jsonl.gz"
    told = {**about, "loaded": f"{case.loaded}, not shifted", "how": f"tools/contracts_tempo.py, case {case.name}"}
    transport.write(path, told)
    print(f"{case.name}: {len(transport.exchanges)} exchanges, {path.stat().st_size / 1000:.0f} kB, {end}")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--load", default="")
    parser.add_argument("--url", required=True)
    parser.add_argument("--limited", default="")
    parser.add_argument("--only", default="", help="record this case alone")
    options = parser.parse_args()
    build = httpx2.get(f"{options.url}/api/status/buildinfo", trust_env=False).json()
    about = {"server": "Tempo", "version": f"{build['version']} ({build['revision']})"}
    with tempfile.TemporaryDirectory() as made:
        if options.load:
            for case in {case.loaded: case for case in CASES}.values():
                print(case.loaded, load(folder_of(case, Path(made)), options.load), "spans")
            return
        for case in CASES:
            if options.only in ("", case.name) and (options.limited or not case.limited):
                url = options.limited if case.limited else options.url
                await record(case, folder_of(case, Path(made)), url, about)


if __name__ == "__main__":
    asyncio.run(main())
