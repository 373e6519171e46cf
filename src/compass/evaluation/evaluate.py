"""A whole evaluation: find labelled recordings, read their labels, run them where no label is known, and score."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from compass import __version__
from compass.analysis.posterior import ENGINE
from compass.evaluation.case import CaseRun, Prepare, run_case
from compass.evaluation.models.script import Script, Sort
from compass.evaluation.models.told import told_of
from compass.evaluation.pool import run_all
from compass.evaluation.ranks import rank_of
from compass.evaluation.report import FORMAT, Repeats, Report, RivalReport
from compass.evaluation.rival_run import RivalRun, run_rival
from compass.evaluation.rivals import Rival
from compass.evaluation.scoring import accuracy, by_set, pooled_calibration, score, set_report, spread
from compass.evaluation.truth import Truth, load_truth, set_of
from compass.ports.errors import BadInputError
from compass.sources.recording.discover import find_recordings

R = TypeVar("R", CaseRun, RivalRun)

TRUTH = "truth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A recording and the file with its label, which no investigation is given."""

    folder: Path
    label: Path

    @property
    def id(self) -> str:
        return self.folder.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to evaluate, and how. `limit_s` is for one run; `told` is called with a line of progress after each.

    `sort`: which scripted model joins every investigation, `every_call` whether it is asked without routing, caching
    and early stop. `preload` names the modules that `prepare` needs: the template of the worker processes loads them
    once.
    """

    cases: Sequence[Labelled]
    prepare: Prepare
    labels: Mapping[str, tuple[str, ...]]
    table_sha256: str
    rivals: Sequence[Rival] = ()
    jobs: int = 1
    runs: int = 1
    limit_s: float = 300.0
    sort: Sort | None = None
    every_call: bool = False
    preload: Sequence[str] = ()
    told: Callable[[str], None] = field(default=lambda _line: None)


def find_labelled(places: Iterable[Path], truth: Path | None) -> tuple[tuple[Labelled, ...], tuple[Path, ...]]:
    """Recordings with a label, and those without, by id. Without `truth`, a folder `truth` beside them is looked for.

    Raises BadInputError when a place or `truth` is no folder, there is no labelled recording, or one id stands in two
    places.
    """
    if truth is not None and not truth.is_dir():
        hint = "give the folder that holds one <id>.yaml a recording"
        raise BadInputError("this is not a folder", where=f"--truth {truth}", hint=hint)
    found: dict[str, Labelled] = {}
    without: list[Path] = []
    places = tuple(places)
    for folder in dict.fromkeys(f for place in places for f in find_recordings(place)):
        label = label_of(folder, truth)
        if label is None:
            without.append(folder)
        elif folder.name in found:
            hint = "an evaluation counts every incident once: give other folders, or rename one"
            raise BadInputError(f"a second recording {folder.name}", where=str(folder), hint=hint)
        else:
            found[folder.name] = Labelled(folder=folder, label=label)
    if not found:
        what = "no recording is here"
        if without:
            wanted = (truth or without[0].parent / TRUTH) / f"{without[0].name}.yaml"
            what = f"none of the recordings here has a label, e.g. there is no {wanted}"
        hint = "give folders that hold recording.yaml, and --truth DIR with one <id>.yaml a recording"
        raise BadInputError(what, where=", ".join(str(p) for p in places), hint=hint)
    return tuple(found[key] for key in sorted(found)), tuple(sorted(without))


def evaluate(plan: Plan) -> Report:
    """Run everything and score it. Raises BadInputError for a label that cannot be understood, before anything runs."""
    truths = read_labels(plan.cases)
    runs, changed = _run(plan, _scripts(plan, truths))
    rival_runs = {rival.id: _run_rival(plan, rival, truths) for rival in plan.rivals}
    scored = [score(run, truths[run.id], plan.labels) for run in runs]
    return Report(
        format=FORMAT, compass=__version__, engine=ENGINE, table_sha256=plan.table_sha256,
        sets={name: set_report(cases) for name, cases in by_set(scored).items()},
        calibration=pooled_calibration(scored),
        rivals={name: _rival_report(found, truths) for name, found in rival_runs.items()},
        model=plan.sort.value if plan.sort is not None else "", every_call=plan.every_call,
        repeats=Repeats(runs=plan.runs, changed=changed) if plan.runs > 1 else None,
    )  # fmt: skip


def read_labels(cases: Iterable[Labelled]) -> dict[str, Truth]:
    """What really happened, by id of the case. Raises BadInputError for a label that cannot be understood.

    Investigations run in processes of their own, which get the folder of a recording and nothing that is read here;
    but see `_scripts`.
    """
    return {case.id: _read(case) for case in cases}


def _scripts(plan: Plan, truths: Mapping[str, Truth]) -> dict[Path, Script]:
    """The scripted model of every case: the only thing with any knowledge of a label that goes where one runs."""
    if plan.sort is None:
        return {}
    return {
        case.folder: Script(
            sort=plan.sort, case=case.id, told=told_of(truths[case.id], plan.labels), every_call=plan.every_call
        )
        for case in plan.cases
    }


def _run(plan: Plan, scripts: Mapping[Path, Script]) -> tuple[list[CaseRun], tuple[str, ...]]:
    """The first runs in the order of the cases, and the ids whose later runs gave another answer."""
    folders = [case.folder for case in plan.cases]
    work = partial(run_case, prepare=plan.prepare, scripts=scripts)
    first: list[CaseRun] = []
    changed: set[str] = set()
    for number in range(1, plan.runs + 1):
        results = run_all(folders, work, _lost, jobs=plan.jobs, limit_s=plan.limit_s, preload=plan.preload)
        turn = f"run {number} of {plan.runs}, " if plan.runs > 1 else ""
        found = list(_telling(plan, results, turn))
        first = first or found
        changed |= differing(found, first)
    return first, tuple(sorted(changed))


def differing(new: Sequence[CaseRun], old: Sequence[CaseRun]) -> set[str]:
    """Ids of the cases whose answer, or why there is none, is another one. Both hold the same cases in one order."""
    return {n.id for n, o in zip(new, old, strict=True) if (n.answer, n.error) != (o.answer, o.error)}


def _telling(plan: Plan, results: Iterable[R], what: str) -> Iterator[R]:
    """The results as they come, each with a line of progress that begins with `what`."""
    for done, result in enumerate(results, start=1):
        plan.told(f"{what}{done}/{len(plan.cases)} {result.id}" + (f": {result.error}" if result.error else ""))
        yield result


def _run_rival(plan: Plan, rival: Rival, truths: Mapping[str, Truth]) -> list[RivalRun]:
    onsets = {case.folder: truths[case.id].onset_ns for case in plan.cases}
    seeds = {case.folder: zlib.crc32(case.id.encode()) for case in plan.cases}
    work = partial(run_rival, rival=rival, onsets=onsets, seeds=seeds)
    lost = partial(_rival_lost, rival=rival.id)
    folders = [case.folder for case in plan.cases]
    results = run_all(folders, work, lost, jobs=plan.jobs, limit_s=plan.limit_s, preload=plan.preload)
    return list(_telling(plan, results, f"{rival.id} "))


def _rival_report(runs: Sequence[RivalRun], truths: Mapping[str, Truth]) -> dict[str, RivalReport]:
    sets: dict[str, list[RivalRun]] = {}
    for run in runs:
        sets.setdefault(set_of(run.id), []).append(run)
    return {
        name: RivalReport(
            entity=accuracy([_rival_rank(run, truths[run.id]) for run in found]),
            seconds=spread([run.seconds for run in found]), errors=sum(run.error is not None for run in found),
        )
        for name, found in sorted(sets.items())
    }  # fmt: skip


def _rival_rank(run: RivalRun, truth: Truth) -> int | None:
    """A rival has no way to say that nothing is wrong but an empty list: then that is right."""
    if truth.healthy:
        return 1 if not run.ranked and run.error is None else None
    return rank_of(((kind, name, "") for kind, name in run.ranked), truth.accepted)


def label_of(folder: Path, truth: Path | None) -> Path | None:
    """The label of a recording, in `truth` or in a folder `truth` beside it; None where it has none."""
    places = (truth,) if truth is not None else (folder.parent / TRUTH, folder.parent.parent / TRUTH)
    return next((place / f"{folder.name}.yaml" for place in places if (place / f"{folder.name}.yaml").is_file()), None)


def _read(case: Labelled) -> Truth:
    truth = load_truth(case.label)
    if truth.id != case.id:
        raise BadInputError(
            f"this label is of {truth.id}, not of {case.id}", where=str(case.label), hint="correct its id"
        )
    return truth


def _lost(folder: Path, why: str) -> CaseRun:
    return CaseRun(id=folder.name, error=why)


def _rival_lost(folder: Path, why: str, *, rival: str) -> RivalRun:
    return RivalRun(id=folder.name, rival=rival, error=why)
