"""Has the engine become worse? `accuracy.py [--write]`: part of the labelled incidents against docs/accuracy.json.

Fails when a set's Avg@5 falls by more than TOLERANCE below the committed figure. Where the incidents are not on this
machine it says so and passes: they are no part of this repository. `--write` stores today's figures instead.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCIDENTS = ROOT.parent / "shared" / "incidents"
UNPACKED = ROOT / "build" / "incidents"
LAB = ROOT / "tests" / "data" / "lab"
COMMITTED = ROOT / "docs" / "accuracy.json"
TOLERANCE = 0.05
WHOLE_UP_TO = 40
"""Sets of up to this many incidents are run whole; of larger ones every third, in order of id."""
EVERY = 3


def main() -> int:
    write = "--write" in sys.argv[1:]
    places = [LAB] if LAB.is_dir() else []
    if INCIDENTS.is_dir():
        places.append(unpacked())
    else:
        print("accuracy: the labelled incidents are not on this machine: only the lab's recordings are checked")
    figures = measure(places) if places else {}
    if write:
        COMMITTED.write_text(json.dumps({"subset": figures}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        return 0
    return compare(figures, json.loads(COMMITTED.read_text(encoding="utf-8"))["subset"])


def unpacked() -> Path:
    """The incidents, unpacked once into an ignored folder."""
    done = UNPACKED / ".unpacked"
    if not done.exists():
        subprocess.run(
            [sys.executable, str(INCIDENTS / "unpack.py"), str(UNPACKED)], check=True, stdout=subprocess.DEVNULL
        )
        done.touch()
    return UNPACKED


def measure(places: list[Path]) -> dict[str, dict[str, float]]:
    """Cases and Avg@5 by set."""
    from compass.entrypoints.cli.evaluating import Wish, default_jobs, plan_of
    from compass.evaluation.evaluate import Labelled, evaluate
    from compass.evaluation.truth import set_of

    found: dict[str, dict[str, float]] = {}
    for place in places:
        truth = INCIDENTS / "truth" if place == UNPACKED else place / "truth"
        plan = plan_of(Wish(places=[place], truth=truth, jobs=default_jobs()))
        sets: dict[str, list[Labelled]] = {}
        for case in plan.cases:
            sets.setdefault(set_of(case.id), []).append(case)
        kept = [case for cases in sets.values() for case in cases[:: 1 if len(cases) <= WHOLE_UP_TO else EVERY]]
        report = evaluate(replace(plan, cases=kept))
        found |= {name: {"n": s.n, "avg5": round(s.entity.avg5, 4)} for name, s in report.sets.items()}
    return found


def compare(now: dict[str, dict[str, float]], committed: dict[str, dict[str, float]]) -> int:
    """1 when a set has fallen, or is no longer what was committed. Sets that are not here are not compared."""
    worse = False
    for name, figures in sorted(now.items()):
        before = committed.get(name)
        if before is None:
            print(f"accuracy: {name}: Avg@5 {figures['avg5']:.3f}, n {figures['n']:.0f}; nothing is committed for it")
            worse = True
            continue
        fell = figures["avg5"] < before["avg5"] - TOLERANCE or figures["n"] != before["n"]
        worse |= fell
        print(
            f"accuracy: {name}: Avg@5 {figures['avg5']:.3f} (committed {before['avg5']:.3f}), n {figures['n']:.0f}"
            + (" FELL" if fell else "")
        )
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
