"""Killed, frozen, stopped, raced and taken up again: the chronicle is the investigation (DESIGN §6, §11).

A runner's lease runs out ten seconds after its death. So that nobody has to wait for that, or to be quick before it,
the tests say in the database when it ends.
"""

from __future__ import annotations

import random
import re
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import pytest

from compass.domain import chronicle as c
from compass.domain.commanded import CommandGiven
from compass.domain.failure import Status
from tests.support.cli import PATIENCE_S, Cli, Done, Process, freeze, lease, payloads, ranked, wait_for

pytestmark = pytest.mark.xdist_group("cli")
HOUR_S = 3600.0
ATTEMPTS = 5
WAITS_S = 120


@dataclass(slots=True)
class Aftermath:
    """What was committed when each died, and what those who came after did."""

    cli: Cli
    whole: Done
    killed: dict[str, tuple[c.Event, ...]] = field(default_factory=dict)
    resumed: dict[str, Done] = field(default_factory=dict)
    frozen: str = ""
    found_held: str = ""
    took_over: Done | None = None
    events_then: tuple[c.Event, ...] = ()
    thawed: Done | None = None
    abandoned: str = ""
    stopped: Done | None = None
    moved: tuple[Done, int, int] | None = None


def begin(cli: Cli, recording: Path, count: int) -> tuple[str, Process]:
    """Start an investigation and wait for `count` events: its number and its process."""
    before = len(cli.list())
    process = cli.start("investigate", "--recording", recording, "--json")
    return str(wait_for(cli, count, before)), process


def kill(cli: Cli, recording: Path, count: int) -> str:
    """Kill one after `count` events or somewhat more; one that was quicker than the order to die is none."""
    for _ in range(ATTEMPTS):
        number, process = begin(cli, recording, count)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if cli.list()[0].status is Status.RUNNING:
            return number
    raise AssertionError(f"none of {ATTEMPTS} could be killed while it ran")


@pytest.fixture(scope="module")
def aftermath(cli_database: str, recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    cli = Cli(environment={}, team=f"team-{uuid4()}", url=cli_database)
    # An interpreter of its own has another order of sets: whoever takes over has to come to the same in any.
    whole = replace(cli, fresh=True)("investigate", "--recording", recordings / "pool", "--json")
    seen = Aftermath(cli=cli, whole=whole)
    total = len(cli.events())
    for moment in (2, *sorted(random.Random(7).sample(range(10, total - 30), 2))):
        number = kill(cli, recordings / "pool", moment)
        seen.killed[number] = cli.events(number)
    seen.abandoned = kill(cli, recordings / "pool", 30)
    copy = tmp_path_factory.mktemp("copy")
    for part in (recordings / "pool").iterdir():
        (copy / part.name).symlink_to(part)
    lost = kill(cli, copy, 40)
    copy.rename(copy.parent / "elsewhere")
    count = len(cli.events(lost))
    seen.moved = cli("resume", "-i", lost), count, len(cli.events(lost))
    seen.frozen, first = begin(cli, recordings / "pool", 30)
    freeze(cli, first)
    lease(cli, seen.frozen, HOUR_S)
    second = cli.start("resume", "-i", seen.frozen, "--json")
    assert second.stderr is not None
    seen.found_held = second.stderr.readline()
    for number in (*seen.killed, seen.abandoned, seen.frozen):
        lease(cli, number, 0)

    resuming = {number: cli.start("resume", "-i", number, "--json") for number in seen.killed}
    stop = cli.start("stop", "-i", seen.abandoned)
    seen.took_over = cli.wait(second)
    seen.resumed = {number: cli.wait(process) for number, process in resuming.items()}
    seen.stopped = cli.wait(stop)
    seen.events_then = cli.events(seen.frozen)
    first.send_signal(signal.SIGCONT)
    seen.thawed = cli.wait(first)
    yield seen
    cli.close()


def test_after_a_kill_at_any_moment_resume_comes_to_the_same_result(aftermath: Aftermath) -> None:
    assert len(aftermath.resumed) == 3
    for number, done in aftermath.resumed.items():
        assert done.code == aftermath.whole.code
        assert ranked(done.json()) == ranked(aftermath.whole.json())
        events = aftermath.cli.events(number)
        assert payloads(events, c.Ended)[-1].status is payloads(events, c.Ended)[0].status


def test_everything_that_was_committed_before_a_kill_is_still_there(aftermath: Aftermath) -> None:
    for number, before in aftermath.killed.items():
        events = aftermath.cli.events(number)
        assert events[: len(before)] == before
        (taken_up,) = payloads(events, c.Resumed)
        assert taken_up.after_seq == len(before)
        steps = [(step.agent, step.step) for step in payloads(events, c.StepFinished)]
        assert len(steps) == len(set(steps)), "what was finished is not done again"


def test_replay_verifies_the_chain_of_a_resumed_investigation(aftermath: Aftermath) -> None:
    number = next(iter(aftermath.killed))
    done = aftermath.cli("replay", "-i", number, "--json")
    report = done.json()
    assert isinstance(report, dict)
    assert done.code == 0
    assert (report["verified"], report["same"]) == (True, True)
    assert report["events"] == len(aftermath.cli.events(number))
    shown = aftermath.cli("replay", "-i", number).out
    assert "digest chain valid; the posterior recomputed from the recorded evidence is the same" in shown
    assert "taken up again after event" in shown


def test_a_second_runner_waits_and_never_doubles_the_work(aftermath: Aftermath) -> None:
    """The first was frozen until its lease had run out; the second took over; the first may write no more."""
    assert aftermath.took_over is not None
    assert aftermath.thawed is not None
    assert aftermath.took_over.code == aftermath.whole.code
    assert "another runner holds this investigation; waiting" in aftermath.found_held
    assert ranked(aftermath.took_over.json()) == ranked(aftermath.whole.json())
    if aftermath.thawed.code == 1:  # it wanted to write, and was refused
        assert "another runner" in aftermath.thawed.err
    else:  # it was frozen between two steps, and read that the other had come to the end: it shows the same
        assert ranked(aftermath.thawed.json()) == ranked(aftermath.whole.json())
    assert aftermath.cli.events(aftermath.frozen) == aftermath.events_then
    assert len(payloads(aftermath.events_then, c.Ended)) == 1


def test_a_dead_runner_is_recorded_as_stopped(aftermath: Aftermath) -> None:
    assert aftermath.stopped is not None
    assert f"#{aftermath.abandoned} had no living runner; it is recorded as stopped" in aftermath.stopped.out
    ended = payloads(aftermath.cli.events(aftermath.abandoned), c.Ended)
    assert ended == [c.Ended(status=Status.STOPPED, exit_code=130, said="stopped by a human")]


def test_resume_says_when_the_recording_is_gone_and_records_nothing(aftermath: Aftermath) -> None:
    assert aftermath.moved is not None
    done, before, after = aftermath.moved
    assert done.code == 2
    assert "there is no such folder" in done.err
    assert before == after


def test_stop_from_another_terminal_ends_a_running_investigation(cli: Cli, recordings: Path) -> None:
    runner = cli.start("investigate", "--recording", recordings / "pool")
    wait_for(cli, 20)
    freeze(cli, runner)  # so that it is surely still at work when the order comes
    lease(cli, "1", HOUR_S)
    order = cli.start("stop")
    while not payloads(cli.events(), CommandGiven):
        time.sleep(0.02)
    runner.send_signal(signal.SIGCONT)
    done = cli.wait(runner)
    assert done.code == 130
    stopped = cli.wait(order)
    assert stopped.code == 0
    assert "#1 stopped; `compass resume 1` goes on" in stopped.out
    assert payloads(cli.events(), c.Ended)[-1].status is Status.STOPPED
    assert cli.list()[0].status is Status.STOPPED
    assert cli("stop").out.strip() == "#1 is not running (it is stopped)"
    assert re.search(r"#1 · .*stopped", cli("show").out)


def test_ctrl_c_is_a_recorded_human_stop_each_time_and_resume_goes_on(cli: Cli, recordings: Path) -> None:
    _, process = begin(cli, recordings / "pool", 20)
    process.send_signal(signal.SIGINT)
    assert cli.wait(process).code == 130
    again = cli.start("resume", "--json")
    wait_for(cli, len(cli.events()) + 3)
    again.send_signal(signal.SIGINT)
    assert cli.wait(again).code == 130
    orders = [e for e in cli.events() if isinstance(e.payload, CommandGiven)]
    assert [(e.payload.command, e.actor) for e in orders if isinstance(e.payload, CommandGiven)] == [
        ("stop", "human"), ("stop", "human")
    ]  # fmt: skip
    finished = cli("resume", "--json")
    whole = cli("investigate", "--recording", recordings / "pool", "--json")
    assert finished.code == whole.code
    assert ranked(finished.json()) == ranked(whole.json())
    ended = cli("resume", "-i", "1")
    assert ended.code == 2
    assert "this investigation has ended" in ended.err
    assert "compass test N" in ended.err


@pytest.mark.parametrize(("order", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_nobody_waits_for_a_server_that_hangs_and_nothing_is_left_behind(
    cli: Cli, tmp_path: Path, order: signal.Signals, code: int
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    config = tmp_path / "compass.toml"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        config.write_text(f'[sources.metrics]\ntype = "mimir"\nurl = "{url}"\ntimeout_s = {WAITS_S}\n')
        cli.environment = {"COMPASS_CONFIG": str(config), "TMPDIR": str(temporary)}
        asking = cli.start("investigate", "checkout", "--since", "30m", "--json")
        wait_for(cli, 1)
        silent.settimeout(PATIENCE_S)
        with silent.accept()[0]:
            began = time.monotonic()
            asking.send_signal(order)
            done = cli.wait(asking)
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    assert time.monotonic() - began < WAITS_S / 2
    assert [path.name for path in temporary.iterdir() if path.name.startswith("compass-window-")] == []


def test_it_comes_to_its_end_when_nobody_reads_what_it_tells_any_more(cli: Cli, recordings: Path) -> None:
    """`compass investigate ... 2>&1 | head -1`: else it would stand there as running, and nothing runs it."""
    process = cli.start("investigate", "--recording", recordings / "pool")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stderr.readline()
    process.stderr.close()
    process.stdout.close()
    assert process.wait(PATIENCE_S) == 0
    assert cli.list()[0].status is Status.DONE
