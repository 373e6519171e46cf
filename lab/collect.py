"""Records every incident type, several times, into one folder; what is there already is kept."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lab.incidents import TYPES
from lab.processes import REPOSITORY
from lab.stage import say


@dataclass(frozen=True)
class Case:
    """One recording to be made. Its id does not tell the type."""

    identity: str
    incident: str
    seed: int


def cases(seeds: int, only: Sequence[str] = ()) -> list[Case]:
    """Every type with seed 1, then every type with seed 2, and so on; the numbers do not depend on `only`."""
    found = [
        Case(f"lab-{(seed - 1) * len(TYPES) + number:03d}", incident.name, seed)
        for seed in range(1, seeds + 1)
        for number, incident in enumerate(TYPES, start=1)
    ]
    return [case for case in found if not only or case.incident in only]


def is_there(out: Path, case: Case) -> bool:
    """Whether a case is recorded, with its truth: the truth is written last."""
    return (out / case.identity / "recording.yaml").exists() and (out / "truth" / f"{case.identity}.yaml").exists()


def collect(out: Path, wanted: Sequence[Case], jobs: int, tries: int, options: Sequence[str]) -> list[Case]:
    """Record what is missing, `jobs` at a time; return the cases that could not be recorded."""
    out.mkdir(parents=True, exist_ok=True)

    def make(case: Case) -> bool:
        if is_there(out, case):
            say(f"{case.identity} is there")
            return True
        return any(_record(out, case, options) for _ in range(tries))

    with ThreadPoolExecutor(jobs) as pool:
        made = list(pool.map(make, wanted))
    return [case for case, done in zip(wanted, made, strict=True) if not done]


def _record(out: Path, case: Case, options: Sequence[str]) -> bool:
    say(f"{case.identity} begins")
    with (out / f"{case.identity}.log").open("ab") as log:
        done = run_apart(out, case, options, log)
    say(f"{case.identity} {'is recorded' if done else f'failed, see {case.identity}.log'}")
    return done


def run_apart(out: Path, case: Case, options: Sequence[str], said: IO[bytes]) -> bool:
    """One recording in a process of its own, so that nothing of it is left behind; its progress goes to `said`."""
    out.mkdir(parents=True, exist_ok=True)
    where = ("--out", str(out), "--id", case.identity, "--seed", str(case.seed))
    command = [sys.executable, "-m", "lab", "record", case.incident, *where, *options]
    done = subprocess.run(command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=said, stderr=said, check=False)
    return done.returncode == 0
