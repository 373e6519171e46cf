"""Runs one service: `python -m lab.shop --config FILE --wiring FILE`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from lab.controls import Controls
from lab.processes import die_with_parent
from lab.shop import clock


def main() -> None:
    """Set the process's clock, then serve until SIGTERM."""
    parser = argparse.ArgumentParser(description="one service of the lab's shop")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--wiring", type=Path, required=True)
    options = parser.parse_args()
    die_with_parent()
    clock.follow(Controls(json.loads(options.wiring.read_text(encoding="utf-8"))["controls"]))
    from lab.shop.serve import run  # after the clock: its imports keep time.time_ns under names of their own

    run(options.config, options.wiring)


if __name__ == "__main__":
    main()
