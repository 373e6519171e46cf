"""`python -m benchmarks.worlds make DIR --n 60 --seed 1`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.worlds.make import make, plans


def main() -> None:
    """Write recordings to DIR/world-NNN, truth to DIR/truth, and DIR/worlds.json, which says what each one is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worlds", description=__doc__)
    parser.add_argument("command", choices=["make"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    index = [make(plan, options.seed, options.folder) for plan in plans(options.n, options.seed)]
    (options.folder / "worlds.json").write_text(json.dumps(index, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
