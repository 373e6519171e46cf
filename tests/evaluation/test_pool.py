"""Workers are real processes: they are late, die and fail."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from compass.evaluation.pool import run_all


def work(folder: Path) -> str:
    if folder.name == "late":
        time.sleep(60)
    if folder.name == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if folder.name == "wrong":
        raise ZeroDivisionError("a defect")
    return f"{folder.name} in {os.getpid()}"


def lost(folder: Path, why: str) -> str:
    return f"{folder.name}: {why}"


def test_results_come_in_order_each_from_a_process_of_its_own() -> None:
    found = list(run_all([Path(n) for n in "abc"], work, lost, jobs=2, limit_s=30))
    assert [f.split(" ")[0] for f in found] == ["a", "b", "c"]
    pids = {f.split(" in ")[1] for f in found}
    assert len(pids) == 3
    assert str(os.getpid()) not in pids


def test_what_is_late_is_ended_and_the_rest_goes_on() -> None:
    began = time.monotonic()
    found = list(run_all([Path("late"), Path("a")], work, lost, jobs=1, limit_s=1.5))
    assert found[0] == "late: took longer than 1.5 s and was ended"
    assert found[1].startswith("a in ")
    assert time.monotonic() - began < 55, "it would have taken 60 s"


def test_a_worker_that_is_killed_is_a_result_too() -> None:
    found = list(run_all([Path("killed"), Path("a")], work, lost, jobs=1, limit_s=30))
    assert found[0].startswith("killed: the worker process died")
    assert found[1].startswith("a in ")


def test_a_defect_in_the_work_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(run_all([Path("wrong")], work, lost, jobs=1, limit_s=30))
