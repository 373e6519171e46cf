"""The same recordings in the order of time: what the first teaches, the second knows, and no case its own label."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from compass.analysis.likelihood import load_table
from compass.entrypoints.cli.evaluating import prepare
from compass.entrypoints.cli.evaluating_learning import modes_of
from compass.entrypoints.cli.render.learning import learning_screen
from compass.entrypoints.settings import Settings
from compass.evaluation.evaluate import find_labelled
from compass.evaluation.labels import load_labels
from compass.evaluation.learning.course import Course, run_course
from compass.mechanisms.loader import load_catalogue
from compass.ports.errors import BadInputError


def test_modes_are_named_and_what_is_none_is_refused() -> None:
    assert [mode.name for mode in modes_of("both", "0.1,0.3")] == ["off", "on", "10% wrong", "30% wrong"]
    assert [mode.learning for mode in modes_of("off", "")] == [False]
    for learning, wrong in (("sometimes", ""), ("on", "2"), ("on", "some")):
        with pytest.raises(BadInputError):
            modes_of(learning, wrong)


def test_the_second_time_it_is_known_and_the_leader_gains(recordings: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        shutil.copytree(recordings / "pool", tmp_path / f"shop-0{number}")
    (tmp_path / "truth").mkdir()
    for number in (1, 2):
        label = f"id: shop-0{number}\nfault_type: pool_shrunk_by_change\nentity: {{kind: service, name: orders}}\n"
        (tmp_path / "truth" / f"shop-0{number}.yaml").write_text(label)
    cases, _ = find_labelled([tmp_path], None)
    known = {mechanism.id for mechanism in load_catalogue(()).mechanisms}
    report = run_course(Course(
        cases=cases, prepare=partial(prepare, settings=Settings(), table=load_table()), labels=load_labels(known),
        modes=modes_of("both", ""), jobs=2,
    ))  # fmt: skip
    off, on = report.modes["off"].together, report.modes["on"].together
    assert (off.entity.ac1, on.entity.ac1) == (1.0, 1.0)
    assert on.calibration.log_loss < off.calibration.log_loss
    screen = "\n".join(line.plain for line in learning_screen(report))
    assert "on: 0 of 2 ranks moved" in screen
