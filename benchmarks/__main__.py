"""`python -m benchmarks [NAME ...] [--quick] [--json FILE] [--markdown FILE] [--recordings FOLDER]`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import cast

import benchmarks
from benchmarks.base import Benchmark, Options
from benchmarks.report import markdown, text

HELPERS = {"__main__", "base", "report", "running"}


def known() -> dict[str, Benchmark]:
    """Every benchmark by name: each module of this package that is no helper defines one class with `run`.

    Packages in it have commands of their own."""
    found: dict[str, Benchmark] = {}
    for info in pkgutil.iter_modules(benchmarks.__path__):
        if info.ispkg or info.name in HELPERS:
            continue
        module = importlib.import_module(f"benchmarks.{info.name}")
        own = [v for v in vars(module).values() if isinstance(v, type) and v.__module__ == module.__name__]
        (made,) = (cast(Benchmark, v()) for v in own if "run" in vars(v))
        found[made.id] = made
    return found


def main() -> int:
    every = known()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure COMPASS. No test depends on it.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones (default: all of {', '.join(every)})")
    parser.add_argument("--quick", action="store_true", help="small sizes and one repeat: a trend in under a minute")
    parser.add_argument("--repeats", type=int, default=3, help="rounds that medians are taken of (default 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the report")
    parser.add_argument("--recordings", type=Path, metavar="FOLDER", help="measure on the recordings in there as well")
    given = parser.parse_args()
    wrong = sorted(set(given.names) - set(every))
    if wrong:
        parser.error(f"no such benchmark: {', '.join(wrong)} (there are {', '.join(every)})")
    options = Options(quick=given.quick, repeats=1 if given.quick else given.repeats, recordings=given.recordings)
    results, load = [], os.getloadavg()[0]
    for name in given.names or every:
        results.append((every[name].summary, every[name].run(options)))
        print(text(*results[-1]), flush=True)
    machine = (
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"load average {load:.1f} before and {os.getloadavg()[0]:.1f} after"
    )
    if given.json:
        body = {"machine": machine, "quick": given.quick, "results": [asdict(result) for _, result in results]}
        given.json.write_text(json.dumps(body, indent=1) + "\n")
    if given.markdown:
        given.markdown.write_text(markdown(results, machine, quick=given.quick))
    return 0


if __name__ == "__main__":
    sys.exit(main())
