"""Run everything that has to hold: `python tools/check.py [--no-tests] [PYTEST ARGS ...]`.

Tests marked `long` are left out, so that a landing takes less than 20 minutes; `-m long` runs them.
Each check runs even when an earlier one failed, so that one run shows everything; the exit status is 1 then.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


Check = tuple[str, list[str]]
AT_ONCE = 2
"""As many as the smallest machine this has to be fast on has cores."""


def cheap() -> list[Check]:
    """Name and command of the checks without tests: each needs one core, so they run beside one another."""
    code = ["src", "tests", "lab", "tools", "benchmarks"]
    return [
        ("types", [str(BIN / "mypy")]),
        ("lint", [str(BIN / "ruff"), "check", "--quiet", *code]),
        ("format", [str(BIN / "ruff"), "format", "--check", "--quiet", *code]),
        ("layers", [str(BIN / "lint-imports"), "--no-cache"]),
        ("documentation equals help", [sys.executable, "tools/cli_docs.py", "--check"]),
        ("documentation equals JSON", [sys.executable, "tools/json_docs.py", "--check"]),
        ("structure", [sys.executable, "tools/structure.py"]),
    ]


def trend() -> Check:
    """It counts processor time and cannot fail by it, so it runs beside the types, which take longest of the cheap."""
    return "speed, for the trend only", [sys.executable, "-m", "benchmarks", "investigation", "screening", "--quick"]


def long(pytest_args: list[str]) -> list[Check]:
    """Name and command of the checks that use every core themselves."""
    # The same draws each time: a new one that fails is found by a plain `pytest`, not by an unrelated landing.
    drawn = ["--hypothesis-profile", "ci", "-n", str(AT_ONCE), "--dist", "loadgroup"]
    left_out = [] if "-m" in pytest_args else ["-m", "not long"]
    return [
        ("tests", [sys.executable, "-m", "pytest", "-q", *drawn, *left_out, *pytest_args]),
        ("accuracy", [sys.executable, "tools/accuracy.py"]),
    ]


def passes(check: Check, *, beside: bool = False) -> bool:
    """Run one check and tell how it ended. `beside` others, what it writes is told when it has ended, in one piece."""
    name, command = check
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "NO_COLOR": "1"}, check=False, encoding="utf-8",
        stdout=subprocess.PIPE if beside else None, stderr=subprocess.STDOUT if beside else None,
    )  # fmt: skip
    ended = f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name} ({time.monotonic() - began:.1f} s)\n"
    sys.stdout.write((done.stdout or "") + ended)
    sys.stdout.flush()
    return done.returncode == 0


def main() -> int:
    arguments = sys.argv[1:]
    first, then = cheap(), list[Check]()
    if "--no-tests" not in arguments:
        first, then = [*first, trend()], long(arguments)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        passed = list(pool.map(partial(passes, beside=True), first))
    passed += [passes(check) for check in then]
    failed = [name for (name, _), fine in zip([*first, *then], passed, strict=True) if not fine]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
