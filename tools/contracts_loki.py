"""Record what a real Loki says to COMPASS: `tests/contracts/loki/*.jsonl.gz`.

    python tools/contracts_loki.py --url http://127.0.0.1:3100 --limited http://127.0.0.1:3101

`--url`: a Loki without tenants, with room for old lines (reject_old_samples false) and without discover_log_levels.
`--limited`: one with tenants, discover_log_levels, and limits of these tenants: few (max_entries_limit_per_query 300),
short (max_query_length 1m), little (max_query_bytes_read 1KB), series (max_query_series 5), novolume (volume_enabled
false). Lab recordings are loaded into both, and then asked for as the feed asks. Load into empty servers: exact counts
are compared by tests.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

import httpx2

from compass.entrypoints.clock import SystemClock
from compass.ports.errors import SourceError
from tests.sources.loki.asking import CASES, CONTRACTS, Case, ask, folder_of
from tests.support.exchanges import Recording
from tests.support.load_loki import load

SETTLE_S = 5.0


async def record(case: Case, folder: Path, url: str, about: dict[str, str]) -> None:
    """Ask as `case` does and write what was said."""
    transport = Recording()
    try:
        said = await ask(case, folder, transport, SystemClock(), url=url, settle_s=SETTLE_S)
        end = f"{len(said.logs.line)} lines" if said.logs is not None else "no lines"
    except SourceError as error:
        end = str(error)
    path = CONTRACTS / f"{case.name}.jsonl.gz"
    loaded = f"{case.loaded}, not shifted" if case.loaded else "nothing"
    transport.write(path, {**about, "loaded": loaded, "how": f"tools/contracts_loki.py, case {case.name}"})
    print(f"{case.name}: {len(transport.exchanges)} exchanges, {path.stat().st_size / 1000:.0f} kB, {end}")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--limited", required=True)
    parser.add_argument("--loaded", action="store_true", help="the recordings are in both already")
    parser.add_argument("--only", default="", help="record this case alone")
    options = parser.parse_args()
    build = httpx2.get(f"{options.url}/loki/api/v1/status/buildinfo", trust_env=False).json()
    about = {"server": "Loki", "version": f"{build['version']} ({build['revision']})"}
    with tempfile.TemporaryDirectory() as made:
        seen: set[tuple[str, str]] = set()
        for case in CASES:
            url = options.limited if case.limited else options.url
            if case.loaded and not options.loaded and (case.tenant, case.loaded) not in seen:
                load(folder_of(case, Path(made)), url, tenant=case.tenant)
                seen.add((case.tenant, case.loaded))
        if seen:  # a limit on bytes counts only what is in the store
            for url in (options.url, options.limited):
                httpx2.post(f"{url}/flush", timeout=60.0, trust_env=False).raise_for_status()
            await asyncio.sleep(SETTLE_S)
        for case in CASES:
            if options.only in ("", case.name):
                url = options.limited if case.limited else options.url
                await record(case, folder_of(case, Path(made)), url, about)


if __name__ == "__main__":
    asyncio.run(main())
