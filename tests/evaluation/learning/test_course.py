"""The same recordings in the order of time: what the first teaches, the second knows, and no case its own label."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from compass.analysis.likelihood import load_table
from compass.domain.knowledge import Learned
from compass.domain.learned import Cause
from compass.entrypoints.cli.evaluating import prepare
from compass.entrypoints.cli.evaluating_learning import modes_of
from compass.entrypoints.cli.render.learning import learning_screen
from compass.entrypoints.settings import Settings
from compass.evaluation.case import CaseRun
from compass.evaluation.evaluate import Labelled, find_labelled
from compass.evaluation.labels import load_labels
from compass.evaluation.learning.course import FOREIGN, Course, run_course
from compass.evaluation.learning.kept import Kept
from compass.evaluation.learning.lived import Lived
from compass.mechanisms.loader import load_catalogue
from compass.ports.errors import BadInputError
from tests.support.boards import ORDERS


def test_modes_are_named_and_what_is_none_is_refused() -> None:
    assert [mode.name for mode in modes_of("both", "0.1,0.3")] == ["off", "on", "10% wrong", "30% wrong"]
    assert [mode.learning for mode in modes_of("off", "")] == [False]
    for learning, wrong in (("sometimes", ""), ("on", "2"), ("on", "some")):
        with pytest.raises(BadInputError):
            modes_of(learning, wrong)


def labelled(recordings: Path, place: Path, *ids: str) -> tuple[Labelled, ...]:
    (place / "truth").mkdir()
    for identity in ids:
        shutil.copytree(recordings / "pool", place / identity)
        label = f"id: {identity}\nfault_type: pool_shrunk_by_change\nentity: {{kind: service, name: orders}}\n"
        (place / "truth" / f"{identity}.yaml").write_text(label)
    return find_labelled([place], None)[0]


def course(cases: tuple[Labelled, ...], kept: Kept, wrong: str = "", *, foreign: bool = False) -> Course:
    known = {mechanism.id for mechanism in load_catalogue(()).mechanisms}
    return Course(
        cases=cases, prepare=partial(prepare, settings=Settings(), table=load_table()), labels=load_labels(known),
        modes=modes_of("both", wrong), jobs=2, kept=kept, foreign=foreign,
    )  # fmt: skip


def test_the_second_time_it_is_known_the_leader_gains_and_nothing_is_run_twice(
    recordings: Path, tmp_path: Path
) -> None:
    cases = labelled(recordings, tmp_path, "shop-01", "shop-02")
    file = tmp_path / "kept.jsonl"
    report = run_course(course(cases, Kept(file, "1")))
    off, on = report.modes["off"].together, report.modes["on"].together
    assert (off.entity.ac1, on.entity.ac1) == (1.0, 1.0)
    assert on.calibration.log_loss < off.calibration.log_loss
    assert [one.earlier for one in on.cases] == [0, 1]
    assert report.curves["on"]["shop"].differences["log_loss"].mean < 0
    screen = "\n".join(line.plain for line in learning_screen(report))
    assert "on: 0 of 2 ranks moved" in screen
    for number in (1, 2):
        shutil.rmtree(tmp_path / f"shop-0{number}" / "metrics")  # had it to be run again, it would end differently
    assert run_course(course(cases, Kept(file, "1"))) == report
    assert run_course(course(cases[:1], Kept(file, "2"))).modes["off"].together.cases != off.cases[:1]


class Remembered(Kept):
    """Every investigation was done before: it put `ORDERS` first. Notes what each of them knew."""

    def __init__(self) -> None:
        super().__init__(None, "")
        self.asked: list[tuple[str, list[str] | None]] = []

    def key(self, case: str, past: Sequence[Learned] | None) -> str:
        self.asked.append((case, None if past is None else [one.incident.title for one in past]))
        return case

    def find(self, key: str) -> Lived | None:
        cause = Cause(mechanism="pool_shrunk_by_change", entity=ORDERS)
        at = datetime(2026, 1, 1, tzinfo=UTC)
        return Lived(run=CaseRun(id=key), at=at, led=cause, theories=((cause, ORDERS),), entities=(ORDERS,))


class Interrupted(Remembered):
    """A person presses Ctrl-C at the second investigation; those beside it take until that is known."""

    def __init__(self, ended: Event) -> None:
        super().__init__()
        self._ended = ended

    def find(self, key: str) -> Lived | None:
        if len(self.asked) == 2:
            raise KeyboardInterrupt
        if len(self.asked) > 2:
            self._ended.wait(10)
        return super().find(key)


def test_a_stop_ends_the_other_sets_and_modes_as_well(recordings: Path, tmp_path: Path) -> None:
    cases = labelled(recordings, tmp_path, "mall-01", "mall-02", "shop-01")
    ended = Event()
    kept = Interrupted(ended)
    with pytest.raises(KeyboardInterrupt):
        run_course(replace(course(cases, kept), ended=ended, jobs=1))
    assert len(kept.asked) <= 3  # of six


def test_each_system_may_be_given_what_the_others_taught_and_nothing_of_its_own(
    recordings: Path, tmp_path: Path
) -> None:
    cases = labelled(recordings, tmp_path, "mall-01", "mall-02", "shop-01")
    kept = Remembered()
    report = run_course(replace(course(cases, kept, foreign=True), jobs=1))
    assert list(report.modes) == ["off", "on", FOREIGN]
    screen = [line.plain.split() for line in learning_screen(report)]
    assert [row[:3] for row in screen if row[:1] == ["all"]][:2] == [["all", "off", "3"], ["all", "on", "3"]]
    # right, effort, quarters that have incidents, differences
    assert sum(row[:1] == ["all"] for row in screen) == 3 + 3 + 2 + 2
    assert kept.asked[-3:] == [
        ("mall-01", ["shop-01"]), ("mall-02", ["shop-01"]), ("shop-01", ["mall-01", "mall-02"]),
    ]  # fmt: skip
    assert ("mall-02", ["mall-01"]) in kept.asked
    assert [known for case, known in kept.asked if case == "shop-01"] == [None, [], ["mall-01", "mall-02"]]
    with pytest.raises(BadInputError, match="nothing of others"):
        run_course(course(cases[2:], kept, foreign=True))
