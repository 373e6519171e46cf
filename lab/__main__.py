"""`python -m lab`: list incident types, record one, package a recording."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from lab.collect import cases, collect
from lab.gameday import draw, now, page, play, record_quietly, reveal
from lab.incidents import INCIDENTS
from lab.incidents.base import Timing
from lab.packaging import package
from lab.processes import LabError, go_first
from lab.run import Request, record
from lab.stage import say

FULL = Timing(
    warmup=25, baseline=420, incident=260, scrape=5, alert_window=60, alert_hold=30, decoy_after=6, page_patience=120
)  # fmt: skip
FAST = Timing(
    warmup=10, baseline=20, incident=30, scrape=1.5, alert_window=10, alert_hold=4, decoy_after=4, page_patience=25
)  # fmt: skip
DRILL = Timing(
    warmup=8, baseline=100, incident=65, scrape=2, alert_window=30, alert_hold=10, decoy_after=8, page_patience=45
)  # fmt: skip
# With journeys a second. The fast recording has little time to fill the pool's queue.
PACES = {"full": (FULL, 4.0), "fast": (FAST, 4.5), "drill": (DRILL, 3.5)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 failed, 2 usage, 130 stopped."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "list":
            _list()
        elif options.command == "record":
            go_first()
            folder = record(_request(options))
            say(f"wrote {folder}")
        elif options.command == "collect":
            return _collect(options)
        elif options.command == "drill":
            _drill(options)
        elif options.command == "reveal":
            _tell(reveal(options.out, options.id))
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
    recording.add_argument("--id", type=_name, help="default: shop-<incident>")
    recording.add_argument("--seed", type=int, default=1)
    recording.add_argument("--rate", type=_positive, help="customer journeys a second")
    recording.add_argument("--minutes", type=_positive, help="length of the baseline before the change")
    pace = recording.add_mutually_exclusive_group()
    pace.add_argument("--fast", dest="pace", action="store_const", const="fast", help="about a minute, for tests")
    pace.add_argument(
        "--drill", dest="pace", action="store_const", const="drill", help="about three and a half minutes"
    )
    recording.set_defaults(pace="full")
    recording.add_argument(
        "--node", action="store_true", help="also the host's CPU and memory: only where nothing else runs"
    )
    collecting = commands.add_parser("collect", help="record every incident type; keep what is there")
    collecting.add_argument("--out", type=Path, default=Path("build/recordings"))
    collecting.add_argument("--seeds", type=_count, default=1, help="how many cases of each type")
    collecting.add_argument("--only", nargs="+", choices=sorted(INCIDENTS), default=[], help="only these types")
    collecting.add_argument("--jobs", type=_count, default=1, help="how many at a time")
    collecting.add_argument("--tries", type=_count, default=2, help="how often each is tried")
    collecting.add_argument("--full", action="store_true", help="13 minutes each instead of about three and a half")
    drilling = commands.add_parser("drill", help="a game day: an incident nobody is told, the page, then the truth")
    drilling.add_argument("incident", nargs="*", type=_incident, help="draw from these types only")
    drilling.add_argument("--out", type=Path, default=Path("build/recordings"))
    drilling.add_argument("--seed", type=int, help="draw the same again")
    drilling.add_argument("--fast", action="store_true", help="about a minute instead of three and a half")
    drilling.add_argument("--no-wait", action="store_true", help="end after the page; `reveal` tells the truth later")
    revealing = commands.add_parser("reveal", help="tell what really happened in a recording")
    revealing.add_argument("id")
    revealing.add_argument("--out", type=Path, default=Path("build/recordings"))
    packing = commands.add_parser("package", help="copy a recording, keeping one in N whole traces")
    packing.add_argument("recording", type=Path)
    packing.add_argument("--to", type=Path, required=True, help="the folder to write")
    packing.add_argument("--one-in", type=_count, default=5)
    return parser


def _incident(text: str) -> str:
    if text not in INCIDENTS:
        raise argparse.ArgumentTypeError(f"not an incident type; `list` shows them: {', '.join(sorted(INCIDENTS))}")
    return text


def _tell(text: str) -> None:
    """A reader that went away (`| head`) is no failure; what else is said goes nowhere."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("expected a whole number from 1 on")
    return int(text)


def _name(text: str) -> str:
    if not text or text.startswith(".") or Path(text).name != text:
        raise argparse.ArgumentTypeError("expected the name of a folder, not a path")
    return text


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1000:
        raise argparse.ArgumentTypeError("expected a number above 0 and below 1000")
    return value


def _list() -> None:
    for incident in INCIDENTS.values():
        _tell(f"{incident.name}: {incident.summary}\n")


def _collect(options: argparse.Namespace) -> int:
    pace = [] if options.full else ["--drill"]
    left = collect(options.out, cases(options.seeds, options.only), options.jobs, options.tries, pace)
    for case in left:
        sys.stderr.write(f"lab: not recorded: {case.identity} ({case.incident}, seed {case.seed})\n")
    return 1 if left else 0


def _drill(options: argparse.Namespace) -> None:
    drawn = draw(Random(options.seed), options.incident, now())
    pace = ["--fast" if options.fast else "--drill"]
    if options.no_wait:
        record_quietly(options.out, drawn, pace)
        _tell(page(options.out, drawn.identity))
        _tell(f"      then: python -m lab reveal {drawn.identity} --out {options.out}\n")
    else:
        play(options.out, drawn, pace, input, _tell)


def _request(options: argparse.Namespace) -> Request:
    timing, rate = PACES[options.pace]
    if options.minutes is not None:
        timing = replace(timing, baseline=options.minutes * 60)
    return Request(
        incident=INCIDENTS[options.incident],
        identity=options.id or f"shop-{options.incident}",
        out=options.out,
        seed=options.seed,
        rate=options.rate or rate,
        timing=timing,
        node=options.node,
    )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
