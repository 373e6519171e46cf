"""`compass eval fit`: run labelled recordings, fit the table of likelihoods, write it, say what was gained."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from compass.analysis.likelihood import load_assumed, parse_table
from compass.domain.board import Board
from compass.domain.failure import ExitCode
from compass.entrypoints.cli import session
from compass.entrypoints.cli.evaluating import Wish, plan_of, stopped
from compass.entrypoints.cli.render.fit import fit_screen
from compass.entrypoints.cli.render.output import console, show, tell
from compass.evaluation.case import Prepare, board_of, to_end
from compass.evaluation.evaluate import Plan, read_labels
from compass.evaluation.files import check_writable, write_whole
from compass.evaluation.fitting.fit import check, fit
from compass.evaluation.fitting.sample import Sample, sample_of
from compass.evaluation.fitting.written import table_text
from compass.evaluation.pool import run_all
from compass.evaluation.truth import set_of
from compass.ports.errors import BadInputError, CompassError


def run_fit(wish: Wish, out: Path, validate: str, called: Sequence[str] = ()) -> int:
    """Fit and write. Sets named in `validate` only validate; `called` holds SET=WORDS for the written file."""
    check_writable(out)
    plan = plan_of(wish)
    sets = {set_of(case.id) for case in plan.cases}
    names = _named(called, sets)
    only = {name.strip() for name in validate.split(",") if name.strip()}
    _check_sets(only, sets, "--validate")
    check(sorted(sets - only))
    try:
        return _fit(gather(plan), only, out, names)
    except KeyboardInterrupt:
        return stopped()


def _fit(samples: Sequence[Sample], only: Collection[str], out: Path, names: Mapping[str, str]) -> int:
    fitting = [s for s in samples if s.set not in only]
    found = fit(
        fitting, [s for s in samples if s.set in only], session.mechanisms_of(session.settings()), load_assumed()
    )  # fmt: skip
    sets = {name: sum(s.set == name for s in fitting) for name in {s.set for s in fitting}}
    text = table_text(found, sets, f"{datetime.now(UTC):%Y-%m-%d}", names)
    parse_table(text)  # what is written can be read again
    write_whole(out, text.encode())
    show(console(), fit_screen(found, out))
    return int(ExitCode.DONE)


def _named(called: Sequence[str], sets: Collection[str]) -> dict[str, str]:
    names: dict[str, str] = {}
    for item in called:
        name, equals, words = item.partition("=")
        if not (name.strip() and equals and words.strip()):
            raise BadInputError(f"{item!r} names no set", where="--called", hint="write SET=WORDS, as in ours=our shop")
        names[name.strip()] = words.strip()
    _check_sets(names, sets, "--called")  # a name that is misspelt here would be told after all
    return names


def _check_sets(named: Iterable[str], sets: Collection[str], where: str) -> None:
    unknown = sorted(set(named) - set(sets))
    if unknown:
        hint = f"there are {', '.join(sorted(sets))}"
        raise BadInputError(f"no set is called {unknown[0]}", where=where, hint=hint)


def gather(plan: Plan) -> list[Sample]:
    """The final boards of all cases beside their labels. Cases without a posterior say nothing and are left out.

    Raises BadInputError for a label that cannot be understood, before anything runs.
    """
    truths = read_labels(plan.cases)
    folders = [case.folder for case in plan.cases]
    work = partial(final_board, prepare=plan.prepare)
    finished = run_all(folders, work, _why, jobs=plan.jobs, limit_s=plan.limit_s, preload=plan.preload)
    samples = []
    for done, (folder, board) in enumerate(zip(folders, finished, strict=True), start=1):
        plan.told(f"{done}/{len(folders)} {folder.name}")
        if isinstance(board, str):
            tell(f"{folder.name}: left out: {board}")
            continue
        truth = truths[folder.name]
        samples.append(sample_of(folder.name, board, truth, plan.labels.get(truth.fault_type, ())))
    return samples


def final_board(folder: Path, prepare: Prepare) -> Board | str:
    """The board, or why there is nothing on it to fit."""
    try:
        board = to_end(board_of(folder, prepare))
    except CompassError as error:
        return str(error)
    return board if board.posterior is not None else "there is no posterior to fit"


def _why(_folder: Path, why: str) -> str:
    return why
