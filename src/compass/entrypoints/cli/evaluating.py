"""`compass eval`: from folders and options to a report and its screens."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from compass.analysis.likelihood import LikelihoodTable, load_table, parse_table
from compass.domain.failure import ExitCode
from compass.entrypoints.cli import session
from compass.entrypoints.cli.render.evaluation import diff_screen, report_screen
from compass.entrypoints.cli.render.output import console, progress, show, show_json, tell
from compass.entrypoints.settings import Settings
from compass.entrypoints.wiring import means, recording_choice
from compass.evaluation.diff import compare
from compass.evaluation.evaluate import Labelled, Plan, evaluate, find_labelled
from compass.evaluation.files import check_writable
from compass.evaluation.labels import load_labels
from compass.evaluation.models.script import PRELOAD as SCRIPTED
from compass.evaluation.models.script import Sort
from compass.evaluation.report import read_report, write_report
from compass.evaluation.rivals import Rival, all_rivals
from compass.investigation.runner import Means
from compass.investigation.settings import Limits
from compass.ports.errors import BadInputError
from compass.redaction import bound

STDOUT = Path("-")
NO_MODEL = "none"
PRELOAD = ("compass.evaluation.case", "compass.entrypoints.wiring", "compass.entrypoints.ahead")
"""What a worker process needs: loaded once, in their template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the person asked for. `json` "-" is standard output, instead of the tables."""

    places: Sequence[Path]
    truth: Path | None = None
    json: Path | None = None
    runs: int = 1
    rivals: str = ""
    labels: Path | None = None
    jobs: int = 1
    limit_s: float = 300.0
    only: str = ""
    table: Path | None = None
    model: str = NO_MODEL
    every_call: bool = False
    learning: str = ""
    wrong: str = ""
    others: bool = False
    resume: Path | None = None


def run_evaluation(wish: Wish) -> int:
    """Evaluate, print, write. Exit code 1 when a repeated run gave another answer, 130 when it was stopped, else 0."""
    file = wish.json if wish.json != STDOUT else None
    if file is not None:
        check_writable(file)
    plan = plan_of(wish)
    if wish.learning or wish.wrong or wish.others or wish.resume is not None:
        from compass.entrypoints.cli.evaluating_learning import run_learning

        return run_learning(plan, wish, file)
    try:
        report = evaluate(plan)
    except KeyboardInterrupt:
        return stopped()
    if wish.json == STDOUT:
        show_json(report)
    else:
        show(console(), report_screen(report))
    if file is not None:
        write_report(report, file)
    return int(ExitCode.FAILED if report.repeats is not None and report.repeats.changed else ExitCode.DONE)


def stopped() -> int:
    """Say that a person stopped it; the exit code."""
    tell("\nstopped: nothing was written")
    return int(ExitCode.STOPPED)


def run_diff(before: Path, after: Path) -> int:
    """Compare two reports. Raises BadInputError when one of the files is none."""
    show(console(), diff_screen(compare(read_report(before), read_report(after))))
    return int(ExitCode.DONE)


def plan_of(wish: Wish) -> Plan:
    """What will be run. All that is wrong with what was asked is said before anything runs."""
    chosen = session.settings()
    rivals = choose_rivals(wish.rivals)
    sort = choose_sort(wish.model, every_call=wish.every_call)
    labels = load_labels(session.mechanisms_of(chosen).keys(), wish.labels)
    table = table_of(wish.table)
    cases, without = find_labelled(wish.places, wish.truth)
    cases = _only(cases, wish.only)
    if without:
        tell(f"{len(without)} recordings without a label are left out, e.g. {without[0].name}")
    return Plan(
        cases=cases, prepare=partial(prepare, settings=chosen, table=table), labels=labels, rivals=rivals,
        table_sha256=table.sha256, jobs=wish.jobs, runs=wish.runs, limit_s=wish.limit_s,
        sort=sort, every_call=wish.every_call, preload=PRELOAD if sort is None else (*PRELOAD, *SCRIPTED), told=_tell,
    )  # fmt: skip


def prepare(folder: Path, settings: Settings, table: LikelihoodTable) -> Means:
    """The means of one case, made where it runs. No real language model: nothing here leaves the machine."""
    return replace(means(settings, recording_choice(folder), Limits()), table=table)


def table_of(path: Path | None) -> LikelihoodTable:
    """The table in a file, or the one that ships. Raises BadInputError saying what is wrong in it."""
    if path is None:
        return load_table()
    try:
        return parse_table(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInputError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except ValueError as error:
        raise BadInputError(
            str(error), where=str(path), hint="`compass eval fit --out FILE` writes such a table"
        ) from error


def choose_rivals(names: str) -> tuple[Rival, ...]:
    """Rivals by name, commas between. Raises BadInputError naming those there are."""
    known = {rival.id: rival for rival in all_rivals()}
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        hint = f"there are {', '.join(sorted(known))}"
        raise BadInputError(f"no rival is called {unknown[0]}", where="--rival", hint=hint)
    return tuple(known[name] for name in dict.fromkeys(wanted))


def choose_sort(name: str, *, every_call: bool) -> Sort | None:
    """The sort of scripted model; None for none. Raises BadInputError naming those there are."""
    sorts = {sort.value: sort for sort in Sort}
    if name != NO_MODEL and name not in sorts:
        hint = f"there are {', '.join(sorts)}, {NO_MODEL}"
        raise BadInputError(f"no scripted model is called {name}", where="--model", hint=hint)
    if every_call and name == NO_MODEL:
        raise BadInputError("there is nothing to call", where="--every-call", hint="choose one with --model")
    return sorts.get(name)


def default_jobs() -> int:
    """As many as there are processors for this process."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1  # systems that bind no process to a processor


def _only(cases: tuple[Labelled, ...], text: str) -> tuple[Labelled, ...]:
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    kept = tuple(c for c in cases if not wanted or any(part in c.id for part in wanted))
    if not kept:
        raise BadInputError(f"no labelled recording has {text!r} in its id", where="--only", hint=f"e.g. {cases[0].id}")
    return kept


def _tell(line: str) -> None:
    """Progress for a person who waits; in a pipe only what went wrong."""
    if sys.stderr.isatty():
        progress(bound(line, 100))
    elif ": " in line:
        tell(bound(line, 300))
