"""Run everything that has to hold: `python tools/check.py [--no-tests] [PYTEST ARGS ...]`.

Tests marked `long` are left out, so that a landing takes less than 20 minutes; `-m long` runs them.
Each check runs even when an earlier one failed, so that one run shows everything; the exit status is 1 then.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def checks(pytest_args: list[str], *, tests: bool) -> list[tuple[str, list[str]]]:
    """Name and command of every check, the cheapest first."""
    found = [
        ("lint", [str(BIN / "ruff"), "check", "--quiet", "src", "tests", "lab", "tools", "benchmarks"]),
        ("format", [str(BIN / "ruff"), "format", "--check", "--quiet", "src", "tests", "lab", "tools", "benchmarks"]),
        ("layers", [str(BIN / "lint-imports"), "--no-cache"]),
        ("types", [str(BIN / "mypy")]),
        ("types of the lab", [str(BIN / "mypy"), "-p", "lab"]),
        ("types of the benchmarks", [str(BIN / "mypy"), "-p", "benchmarks"]),
        ("documentation equals help", [sys.executable, "tools/cli_docs.py", "--check"]),
        ("documentation equals JSON", [sys.executable, "tools/json_docs.py", "--check"]),
        ("structure", [sys.executable, "tools/structure.py"]),
    ]
    if tests:
        # Two workers: as many as the smallest machine this has to be fast on has cores.
        # The same draws each time: a new one that fails is found by a plain `pytest`, not by an unrelated landing.
        drawn = ["--hypothesis-profile", "ci", "-n", "2", "--dist", "loadgroup"]
        left_out = [] if "-m" in pytest_args else ["-m", "not long"]
        found.append(("tests", [sys.executable, "-m", "pytest", "-q", *drawn, *left_out, *pytest_args]))
        trend = [sys.executable, "-m", "benchmarks", "investigation", "screening", "--quick"]
        found.append(("speed, for the trend only", trend))
        found.append(("accuracy", [sys.executable, "tools/accuracy.py"]))
    return found


def main() -> int:
    arguments = sys.argv[1:]
    tests = "--no-tests" not in arguments
    failed = []
    for name, command in checks([a for a in arguments if a != "--no-tests"], tests=tests):
        began = time.monotonic()
        status = subprocess.run(command, cwd=ROOT, env={**os.environ, "NO_COLOR": "1"}, check=False).returncode
        print(f"{'ok  ' if status == 0 else 'FAIL'} {name} ({time.monotonic() - began:.1f} s)", flush=True)
        if status != 0:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
