"""`compass eval --learning`: the same recordings in the order of time, with and without what earlier ones taught."""

from __future__ import annotations

from pathlib import Path

import msgspec

from compass import __version__
from compass.analysis.posterior import ENGINE
from compass.domain.failure import ExitCode
from compass.entrypoints.cli.evaluating import STDOUT, Wish, stopped
from compass.entrypoints.cli.render.learning import learning_screen
from compass.entrypoints.cli.render.output import console, show, show_json
from compass.evaluation.evaluate import Plan
from compass.evaluation.files import check_writable, write_whole
from compass.evaluation.learning.course import Course, Mode, run_course
from compass.evaluation.learning.kept import Kept
from compass.ports.errors import BadInputError

OFF, ON, BOTH = "off", "on", "both"
PRELOAD = ("compass.evaluation.learning.lived",)


def run_learning(plan: Plan, wish: Wish, file: Path | None) -> int:
    """Run every mode, print, write. Exit code 130 when a person stopped it."""
    if wish.resume is not None:
        check_writable(wish.resume)
    course = Course(
        cases=plan.cases, prepare=plan.prepare, labels=plan.labels, modes=modes_of(wish.learning, wish.wrong),
        kept=Kept(wish.resume, f"{__version__} {ENGINE} {plan.table_sha256}"), foreign=wish.others,
        jobs=plan.jobs, limit_s=plan.limit_s, preload=(*plan.preload, *PRELOAD), told=plan.told,
    )  # fmt: skip
    try:
        report = run_course(course)
    except KeyboardInterrupt:
        return stopped()
    if wish.json == STDOUT:
        show_json(report)
    else:
        show(console(), learning_screen(report))
    if file is not None:
        write_whole(file, msgspec.json.format(msgspec.json.encode(report, order="sorted"), indent=1) + b"\n")
    return int(ExitCode.DONE)


def modes_of(learning: str, wrong: str) -> tuple[Mode, ...]:
    """The modes that are meant. Raises BadInputError with what there is."""
    if learning not in ("", OFF, ON, BOTH):
        raise BadInputError(f"{learning!r} is none of off, on, both", where="--learning", hint="--learning both")
    found = [Mode(name=OFF, learning=False)] if learning in (OFF, BOTH) else []
    found += [Mode(name=ON, learning=True)] if learning in (ON, BOTH) else []
    for text in (part.strip() for part in wrong.split(",") if part.strip()):
        try:
            share = float(text)
        except ValueError:
            share = -1.0
        if not 0 < share <= 1:
            raise BadInputError(f"{text!r} is no share", where="--wrong", hint="--wrong 0.1,0.3")
        found.append(Mode(name=f"{share:.0%} wrong", learning=True, wrong=share))
    return tuple(found)
