"""Record what a real Loki and a real Tempo say to mcp-grafana: `tests/contracts/mcp/*.jsonl.gz`.

    python tools/contracts_mcp.py --loki http://127.0.0.1:3100 --tempo http://127.0.0.1:3200 \\
        --otlp http://127.0.0.1:4318

mcp-grafana asks them through a stand-in Grafana that only proxies. The recording lab-002 is loaded into both, at its
own time: Loki must take old lines (reject_old_samples false), Tempo old spans. Load into empty servers.
"""

from __future__ import annotations

import argparse
import asyncio

import httpx2

from compass.ports.errors import SourceError
from compass.sources.live.feed import Found
from tests.sources.mcp.kept import CASES, LAB, Case, asked, feed_of, path_of
from tests.support.grafana_exchanges import KeptProxy
from tests.support.load_loki import load as load_logs
from tests.support.load_tempo import load as load_spans

SETTLE_S = 45.0
"""Searches of Tempo see what it took in after a while."""


async def record(case: Case, loki: str, tempo: str, about: dict[str, str]) -> None:
    proxy = KeptProxy()
    async with feed_of(case, proxy, loki, tempo) as feed:
        try:
            came = await asked(case, feed)
            end = came.detail if isinstance(came, Found) else f"missing: {came.missing}"
        except SourceError as error:
            end = str(error)
    path = path_of(case)
    proxy.recording.write(path, {**about, "how": f"tools/contracts_mcp.py, case {case.name}"})
    print(f"{case.name}: {len(proxy.recording.exchanges)} exchanges, {path.stat().st_size / 1000:.0f} kB, {end}")


def version(url: str, path: str) -> str:
    build = httpx2.get(f"{url}{path}", trust_env=False).json()
    return f"{build['version']} ({build['revision']})"


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loki", required=True)
    parser.add_argument("--tempo", required=True)
    parser.add_argument("--otlp", required=True, help="where Tempo takes spans in")
    parser.add_argument("--loaded", action="store_true", help="the recording is in both already")
    parser.add_argument("--only", default="", help="record this case alone")
    options = parser.parse_args()
    if not options.loaded:
        load_logs(LAB, options.loki)
        load_spans(LAB, options.otlp)
        httpx2.post(f"{options.loki}/flush", timeout=60.0, trust_env=False).raise_for_status()
        await asyncio.sleep(SETTLE_S)
    server = (
        f"Loki {version(options.loki, '/loki/api/v1/status/buildinfo')},"
        f" Tempo {version(options.tempo, '/api/status/buildinfo')}, asked by mcp-grafana"
    )
    for case in CASES:
        if options.only in ("", case.name):
            about = {"server": server, "version": "see server", "loaded": "lab-002, not shifted"}
            await record(case, options.loki, options.tempo, about)


if __name__ == "__main__":
    asyncio.run(main())
