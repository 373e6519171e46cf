"""Recordings of one system in the order of time, each with what the earlier ones taught; systems at the same time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event

from compass.domain.knowledge import Learned
from compass.evaluation.case import CaseRun, Prepare
from compass.evaluation.evaluate import Labelled, read_labels
from compass.evaluation.learning.kept import Kept
from compass.evaluation.learning.lived import Lived, live
from compass.evaluation.learning.report import LearningReport, Ran, learning_report
from compass.evaluation.learning.teach import taught
from compass.evaluation.pool import run_all
from compass.evaluation.scoring import score
from compass.evaluation.truth import Truth, set_of
from compass.ports.errors import BadInputError
from compass.sources.recording import RecordingSource

SEED = 7
FOREIGN = "others' only"
"""The mode in which each system knows what the other ones taught, whenever that was, and nothing of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """`learning` False: no memory. `wrong`: the share of corrections that are mistaken."""

    name: str
    learning: bool
    wrong: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What to run, and how. A set of recordings is a team of its own: nothing is learned across systems.

    `foreign`: also run the mode FOREIGN, which needs one mode without memory. `kept` is where finished investigations
    are looked up and noted. `ended` is set when the rest is not wanted any more.
    """

    cases: Sequence[Labelled]
    prepare: Prepare
    labels: Mapping[str, tuple[str, ...]]
    modes: Sequence[Mode]
    kept: Kept
    foreign: bool = False
    jobs: int = 1
    limit_s: float = 300.0
    preload: Sequence[str] = ()
    told: Callable[[str], None] = field(default=lambda _line: None)
    ended: Event = field(default_factory=Event)


Past = tuple[Learned, ...]
"""What is known when an incident begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One incident, run: `past` None: without memory. `teaches` None: nothing comes of it."""

    lived: Lived
    past: Past | None
    teaches: Learned | None


def run_course(course: Course) -> LearningReport:
    """Every mode over every set. Raises BadInputError for a label that cannot be understood, before anything runs."""
    truths = read_labels(course.cases)
    sets = _in_time_order(course.cases)
    without = next((mode for mode in course.modes if not mode.learning), None)
    if course.foreign and (without is None or len(sets) < 2):
        raise BadInputError(
            "there is nothing of others to know", where="--others", hint="give two sets or more, with --learning both"
        )
    pairs = [(mode, name) for mode in course.modes for name in sets]
    ran = _all(course, [partial(_run_set, course, mode, truths, sets[name]) for mode, name in pairs])
    steps = {(mode.name, name): own for (mode, name), own in zip(pairs, ran, strict=True)}
    names = [mode.name for mode in course.modes]
    if course.foreign and without is not None:
        own = {name: _lessons(steps[without.name, name]) for name in sets}
        others = {name: tuple(one for other, all_ in own.items() if other != name for one in all_) for name in sets}
        more = _all(course, [partial(_run_with, course, truths, cases, others[name]) for name, cases in sets.items()])
        steps |= {(FOREIGN, name): found for name, found in zip(sets, more, strict=True)}
        names.append(FOREIGN)
    scored = {mode: {name: _ran(course, truths, steps[mode, name]) for name in sets} for mode in names}
    return learning_report(scored, without.name if without is not None else "")


def _all(course: Course, works: Sequence[Callable[[], list[_Step]]]) -> list[list[_Step]]:
    """The results in the order of `works`, as many at the same time as there are jobs.

    A person's Ctrl-C, or an error of one of them, ends the others after the investigation they are at.
    """
    with ThreadPoolExecutor(max_workers=max(1, course.jobs)) as threads:
        waiting = [threads.submit(work) for work in works]
        try:
            return [future.result() for future in waiting]
        except BaseException:
            course.ended.set()
            threads.shutdown(wait=False, cancel_futures=True)
            raise


def _ran(course: Course, truths: Mapping[str, Truth], steps: Iterable[_Step]) -> list[Ran]:
    return [
        Ran(
            scored=score(step.lived.run, truths[step.lived.run.id], course.labels), lived=step.lived,
            earlier=len(step.past or ()),
        ) for step in steps
    ]  # fmt: skip


def _lessons(steps: Iterable[_Step]) -> Past:
    return tuple(step.teaches for step in steps if step.teaches is not None)


def _in_time_order(cases: Iterable[Labelled]) -> dict[str, list[Labelled]]:
    """By set, the largest first: it takes longest, and is not to be waited for when all others are done."""
    found: dict[str, list[Labelled]] = {}
    for case in cases:
        found.setdefault(set_of(case.id), []).append(case)
    largest = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return {name: sorted(own, key=lambda c: (_page_ns(c), c.id)) for name, own in largest}


def _page_ns(case: Labelled) -> int:
    return RecordingSource.open(case.folder).incident().detected_ns


def _run_set(course: Course, mode: Mode, truths: Mapping[str, Truth], cases: Sequence[Labelled]) -> list[_Step]:
    """One after another: each may learn from all before it."""
    past: list[Learned] = []
    found: list[_Step] = []
    for number, case in enumerate(cases):
        # The same corrections are mistaken whatever else changes: a case's own draw.
        draw = random.Random(f"{SEED}/{case.id}")  # noqa: S311  # not for secrets
        wrong = draw if draw.random() < mode.wrong else None
        step = _step(course, mode.name, truths, case, number, tuple(past) if mode.learning else None, wrong)
        found.append(step)
        if step.teaches is not None:
            past.append(step.teaches)
    return found


def _run_with(course: Course, truths: Mapping[str, Truth], cases: Sequence[Labelled], past: Past) -> list[_Step]:
    """All with the same knowledge."""
    return [_step(course, FOREIGN, truths, case, number, past, None) for number, case in enumerate(cases)]


def _step(
    course: Course, mode: str, truths: Mapping[str, Truth], case: Labelled, number: int, past: Past | None,
    wrong: random.Random | None,
) -> _Step:  # fmt: skip
    if course.ended.is_set():
        raise KeyboardInterrupt  # nobody waits for this thread's result any more
    key = course.kept.key(case.id, past)
    lived = course.kept.find(key)
    if lived is None:
        work = partial(live, prepare=course.prepare, past=past)
        (lived,) = run_all([case.folder], work, _lost, jobs=1, limit_s=course.limit_s, preload=course.preload)
        course.kept.keep(key, lived)
    course.told(f"{mode} {case.id}" + (f": {lived.run.error}" if lived.run.error else ""))
    truth = truths[case.id]
    lesson = taught(lived, truth, course.labels.get(truth.fault_type, ()), number, wrong)
    return _Step(lived=lived, past=past, teaches=lesson)


def _lost(folder: Path, why: str) -> Lived:
    return Lived(run=CaseRun(id=folder.name, error=why))
