"""`python -m lab`: list incident types, record one, package a recording."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lab.incidents import INCIDENTS
from lab.incidents.base import Timing
from lab.packaging import package
from lab.processes import LabError
from lab.run import Request, record, say

FULL = Timing(
    warmup=25,
    baseline=420,
    incident=260,
    scrape=5,
    alert_window=60,
    alert_hold=30,
    decoy_after=6,
    page_patience=120,
)
FAST = Timing(
    warmup=4,
    baseline=20,
    incident=18,
    scrape=1,
    alert_window=10,
    alert_hold=4,
    decoy_after=4,
    page_patience=15,
)
# Journeys a second. The fast recording has little time to fill the pool's queue.
RATE, FAST_RATE = 5.5, 7.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 failed, 2 usage, 130 stopped."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "list":
            _list()
        elif options.command == "record":
            folder = record(_request(options))
            say(f"wrote {folder}")
        else:
            say(f"{package(options.recording, options.to, options.one_in)} bytes in {options.to}")
    except LabError as error:
        sys.stderr.write(f"lab: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description="records incidents of a small real shop")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="list incident types")
    recording = commands.add_parser("record", help="record an incident from scratch")
    recording.add_argument("incident", choices=sorted(INCIDENTS))
    recording.add_argument("--out", type=Path, default=Path("build/recordings"), help="folder for <id>/ and truth/")
    recording.add_argument("--id", help="default: shop-<incident>")
    recording.add_argument("--seed", type=int, default=1)
    recording.add_argument("--rate", type=_positive, help="customer journeys a second")
    recording.add_argument("--minutes", type=_positive, help="length of the baseline before the change")
    recording.add_argument("--fast", action="store_true", help="under a minute, for tests")
    recording.add_argument(
        "--node", action="store_true", help="also the host's CPU and memory: only where nothing else runs"
    )
    packing = commands.add_parser("package", help="copy a recording, keeping one in N whole traces")
    packing.add_argument("recording", type=Path)
    packing.add_argument("--to", type=Path, required=True, help="the folder to write")
    packing.add_argument("--one-in", type=int, default=5)
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1000:
        raise argparse.ArgumentTypeError("expected a number above 0 and below 1000")
    return value


def _list() -> None:
    for incident in INCIDENTS.values():
        sys.stdout.write(f"{incident.name}: {incident.summary}\n")


def _request(options: argparse.Namespace) -> Request:
    timing = FAST if options.fast else FULL
    if options.minutes is not None:
        timing = replace(timing, baseline=options.minutes * 60)
    return Request(
        incident=INCIDENTS[options.incident],
        identity=options.id or f"shop-{options.incident}",
        out=options.out,
        seed=options.seed,
        rate=options.rate or (FAST_RATE if options.fast else RATE),
        timing=timing,
        node=options.node,
    )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
