"""Killed, stopped, raced and taken up again: the chronicle is the investigation (DESIGN §6, §11)."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from compass.domain import chronicle as c
from compass.domain.failure import Status
from tests.support.cli import Cli, payloads, ranked, wait_for

pytestmark = pytest.mark.xdist_group("postgres")
MOMENTS = 4


def interrupt_at(cli: Cli, recording: Path, count: int, how: signal.Signals) -> tuple[c.Event, ...]:
    """Start an investigation and signal its process once `count` events are there; what was committed by then."""
    before = len(cli.list())
    process = cli.start("investigate", "--recording", recording, "--json")
    while len(cli.list()) == before:
        time.sleep(0.01)
    wait_for(cli, count)
    process.send_signal(how)
    if how is signal.SIGKILL:
        process.wait()
    return cli.events()


def keys(events: tuple[c.Event, ...]) -> list[str]:
    return [event.key for event in events]


def test_after_a_kill_at_any_moment_resume_comes_to_the_same_result(cli: Cli, recordings: Path) -> None:
    """Also: everything that was committed is still there, in its place, and the chain holds."""
    whole = cli("investigate", "--recording", recordings / "pool", "--json")
    expected, total = ranked(whole.json()), len(cli.events())
    rng = random.Random(7)
    moments = [2, *sorted(rng.sample(range(10, total - 10), MOMENTS - 1))]
    committed = {}
    for moment in moments:
        events = interrupt_at(cli, recordings / "pool", moment, signal.SIGKILL)
        assert cli.list()[0].status is Status.RUNNING
        committed[str(cli.list()[0].number)] = events
    resumed = {number: cli.start("resume", "-i", number, "--json") for number in committed}
    for number, process in resumed.items():
        done = cli.wait(process)
        assert done.code == whole.code
        assert ranked(done.json()) == expected
        events = cli.events(number)
        assert events[: len(committed[number])] == committed[number]
        (taken_up,) = payloads(events, c.Resumed)
        assert taken_up.after_seq == len(committed[number])
        assert len(keys(events)) == len(set(keys(events)))
    replayed = cli("replay", "-i", number, "--json")
    report = replayed.json()
    assert isinstance(report, dict)
    assert (report["verified"], report["same"], report["events"]) == (True, True, len(events))


def test_stop_from_another_terminal_ends_a_running_investigation(cli: Cli, recordings: Path) -> None:
    runner = cli.start("investigate", "--recording", recordings / "pool")
    wait_for(cli, 20)
    runner.send_signal(signal.SIGSTOP)  # hold it, so that it is surely still at work when the order comes
    order = cli.start("stop")
    while not payloads(cli.events(), c.CommandGiven):
        time.sleep(0.02)
    runner.send_signal(signal.SIGCONT)
    stopped = cli.wait(order)
    assert stopped.code == 0
    assert "#1 stopped; `compass resume` goes on" in stopped.out
    done = cli.wait(runner)
    assert done.code == 130
    events = cli.events()
    assert payloads(events, c.Ended)[-1].status is Status.STOPPED
    assert cli.list()[0].status is Status.STOPPED
    assert cli("stop").out.strip() == "#1 is not running (it is stopped)"
    assert cli("show").code == 0
    assert cli("resume", "--json").code == 0


def test_ctrl_c_is_a_recorded_human_stop_each_time_and_resume_goes_on(cli: Cli, recordings: Path) -> None:
    whole = cli("investigate", "--recording", recordings / "pool", "--json")
    process = cli.start("investigate", "--recording", recordings / "pool", "--json")
    while len(cli.list()) == 1:
        time.sleep(0.01)
    wait_for(cli, 20)
    process.send_signal(signal.SIGINT)
    done = cli.wait(process)
    assert done.code == 130
    again = cli.start("resume", "--json")
    count = len(cli.events())
    wait_for(cli, count + 3)
    again.send_signal(signal.SIGINT)
    assert cli.wait(again).code == 130
    orders = [e for e in cli.events() if isinstance(e.payload, c.CommandGiven)]
    assert [(e.payload.command, e.actor) for e in orders if isinstance(e.payload, c.CommandGiven)] == [
        ("stop", "human"), ("stop", "human")
    ]  # fmt: skip
    finished = cli("resume", "--json")
    assert finished.code == whole.code
    assert ranked(finished.json()) == ranked(whole.json())
    ended = cli("resume")
    assert ended.code == 2
    assert "this investigation has ended" in ended.err
    assert "compass test N" in ended.err


def test_a_second_runner_waits_and_never_doubles_the_work(cli: Cli, recordings: Path) -> None:
    """The first is frozen until its lease has run out; the second takes over; the first may write no more."""
    first = cli.start("investigate", "--recording", recordings / "pool", "--json")
    wait_for(cli, 30)
    first.send_signal(signal.SIGSTOP)
    second = cli("resume", "--json")
    assert second.code == 0
    assert "another runner holds this investigation" in second.err
    events = cli.events()
    first.send_signal(signal.SIGCONT)
    late = cli.wait(first)
    assert late.code == 1
    assert "lease" in late.err
    assert cli.events() == events
    steps = [(s.agent, s.step) for s in payloads(events, c.StepFinished)]
    assert len(steps) == len(set(steps))
    assert len(payloads(events, c.Ended)) == 1


def test_a_dead_runner_is_recorded_as_stopped(cli: Cli, recordings: Path) -> None:
    interrupt_at(cli, recordings / "pool", 30, signal.SIGKILL)
    done = cli("stop")
    assert "#1 had no living runner; it is recorded as stopped" in done.out
    assert payloads(cli.events(), c.Ended)[-1] == c.Ended(
        status=Status.STOPPED, exit_code=130, said="stopped by a human"
    )


def test_resume_says_when_the_recording_is_gone_and_records_nothing(cli: Cli, recordings: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    moved.symlink_to(recordings / "pool")
    copy = tmp_path / "copy"
    copy.mkdir()
    for part in (recordings / "pool").iterdir():
        (copy / part.name).symlink_to(part)
    interrupt_at(cli, copy, 40, signal.SIGKILL)
    copy.rename(tmp_path / "elsewhere")
    count = len(cli.events())
    done = cli("resume")
    assert done.code == 2
    assert "there is no such folder" in done.err
    assert len(cli.events()) == count
