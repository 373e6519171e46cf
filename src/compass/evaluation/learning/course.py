"""Recordings of one system in the order of time, each with what the earlier ones taught; systems at the same time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from compass.domain.knowledge import Learned
from compass.evaluation.case import CaseRun, Prepare
from compass.evaluation.evaluate import Labelled, read_labels
from compass.evaluation.learning.lived import Lived, live
from compass.evaluation.learning.report import LearningReport, mode_report
from compass.evaluation.learning.teach import taught
from compass.evaluation.pool import run_all
from compass.evaluation.scoring import Scored, score
from compass.evaluation.truth import Truth, set_of
from compass.sources.recording import RecordingSource

SEED = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """`learning` False: no memory. `wrong`: the share of corrections that are mistaken."""

    name: str
    learning: bool
    wrong: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What to run, and how. A set of recordings is a team of its own: nothing is learned across systems."""

    cases: Sequence[Labelled]
    prepare: Prepare
    labels: Mapping[str, tuple[str, ...]]
    modes: Sequence[Mode]
    jobs: int = 1
    limit_s: float = 300.0
    preload: Sequence[str] = ()
    told: Callable[[str], None] = field(default=lambda _line: None)


def run_course(course: Course) -> LearningReport:
    """Every mode over every set. Raises BadInputError for a label that cannot be understood, before anything runs."""
    truths = read_labels(course.cases)
    sets = _in_time_order(course.cases)
    modes = {}
    for mode in course.modes:
        with ThreadPoolExecutor(max_workers=max(1, course.jobs)) as threads:
            ran = list(threads.map(partial(_run_set, course, mode, truths), sets.values()))
        modes[mode.name] = mode_report({
            name: [(_scored(course, truths, lived), lived) for lived in found]
            for name, found in zip(sets, ran, strict=True)
        })  # fmt: skip
    return LearningReport(modes=modes)


def _scored(course: Course, truths: Mapping[str, Truth], lived: Lived) -> Scored:
    return score(lived.run, truths[lived.run.id], course.labels)


def _in_time_order(cases: Iterable[Labelled]) -> dict[str, list[Labelled]]:
    found: dict[str, list[Labelled]] = {}
    for case in cases:
        found.setdefault(set_of(case.id), []).append(case)
    return {name: sorted(own, key=lambda c: (_page_ns(c), c.id)) for name, own in sorted(found.items())}


def _page_ns(case: Labelled) -> int:
    return RecordingSource.open(case.folder).incident().detected_ns


def _run_set(course: Course, mode: Mode, truths: Mapping[str, Truth], cases: Sequence[Labelled]) -> list[Lived]:
    """One after another: each may learn from all before it."""
    past: list[Learned] = []
    found: list[Lived] = []
    for number, case in enumerate(cases):
        work = partial(live, prepare=course.prepare, past=tuple(past) if mode.learning else None)
        (lived,) = run_all([case.folder], work, _lost, jobs=1, limit_s=course.limit_s, preload=course.preload)
        found.append(lived)
        course.told(f"{mode.name} {case.id}" + (f": {lived.run.error}" if lived.run.error else ""))
        # The same corrections are mistaken whatever else changes: a case's own draw.
        draw = random.Random(f"{SEED}/{case.id}")  # noqa: S311  # not for secrets
        wrong = draw if draw.random() < mode.wrong else None
        truth = truths[case.id]
        lesson = taught(lived, truth, course.labels.get(truth.fault_type, ()), number, wrong)
        if lesson is not None:
            past.append(lesson)
    return found


def _lost(folder: Path, why: str) -> Lived:
    return Lived(run=CaseRun(id=folder.name, error=why))
