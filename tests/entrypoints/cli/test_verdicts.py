"""What it was, said once: the next incident like it knows, and every word can be taken back.

The course of commands is one fixture, since each stands on the one before; tests look at what each of them did.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from compass.domain.commanded import Agreement, Decided
from compass.domain.learned import Corrected, Resolved
from tests.support.cli import Cli, Done, payloads, ranked

pytestmark = pytest.mark.xdist_group("cli")


@dataclass(slots=True)
class Course:
    cli: Cli
    recording: Path
    done: dict[str, Done] = field(default_factory=dict)


@pytest.fixture(scope="module")
def course(cli_database: str, recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    cli = Cli(environment={}, team=f"team-{uuid4()}", url=cli_database)
    kept = tmp_path_factory.mktemp("kept") / "pool"
    shutil.copytree(recordings / "pool", kept)
    seen = Course(cli=cli, recording=kept)
    do = seen.done
    do["first"] = cli("investigate", "--recording", kept, "--json")
    do["unsaid"] = cli("resolve")
    do["unclear"] = cli("resolve", "--was", "x", "--at", "nobody-is-called-this")
    do["resolved"] = cli("resolve", "--was", "1", "--fix", "rolled orders back", "--truth", kept)
    do["again"] = cli("resolve", "--was", "1", "--truth", kept)
    do["second"] = cli("investigate", "--recording", kept, "--json")
    do["screen"] = cli("show")
    do["why"] = cli("why", "1")
    do["corrected"] = cli(
        "correct", "--was", "disk_full", "--at", "orders", "--fix", "freed space", "--misled", "E1", "--visible",
        "invisible", "--missing", "node_filesystem_avail_bytes", "--json",
    )  # fmt: skip
    for name in ("gaps", "patterns", "unsolved"):
        do[name] = cli(name)
    do["undone"] = cli("knowledge", "undo", "2", "--reason", "a slip")
    do["nothing left"] = cli("knowledge", "undo", "2")
    do["after"] = cli("patterns")
    yield seen
    cli.close()


def counted(out: str) -> list[list[str]]:
    """How often it was it and was not, of each pattern of the list."""
    return sorted(line.split()[1:3] for line in out.splitlines() if line.split()[0].isdigit())


def test_what_was_not_said_or_not_understood_records_nothing(course: Course) -> None:
    assert course.done["unsaid"].code == 2
    assert "--was 1" in course.done["unsaid"].err
    assert course.done["unclear"].code == 2
    assert "nothing here is called 'nobody-is-called-this'" in course.done["unclear"].err
    assert course.done["again"].code == 2
    assert "there is a label already" in course.done["again"].err
    assert len(payloads(course.cli.events("1"), Resolved)) == 1


def test_a_resolution_is_a_decision_with_what_stood_on_the_list_and_a_label(course: Course) -> None:
    assert course.done["resolved"].code == 0, course.done["resolved"].err
    assert "it now counts for it" in course.done["resolved"].out
    (resolved,) = payloads(course.cli.events("1"), Resolved)
    accounts = course.done["first"].json()["accounts"]  # type: ignore[index, call-overload]
    assert resolved.cause.mechanism == accounts[0]["mechanism"]
    record = payloads(course.cli.events("1"), Decided)[-1].record
    assert record is not None
    assert record.agreement is Agreement.AGREES
    assert record.options
    label = (course.recording.parent / "truth" / "pool.yaml").read_text()
    assert f"fault_type: {resolved.cause.mechanism}" in label


def test_the_next_incident_like_it_says_so_and_history_is_a_term(course: Course) -> None:
    (before, *_), (after, *_) = (ranked(course.done[name].json()) for name in ("first", "second"))
    assert after[:2] == before[:2]
    assert after[2] > before[2]  # what it was before it is a little likelier to be again
    past = course.done["second"].json()["past"]  # type: ignore[index, call-overload]
    assert [(one["number"], one["fix"]) for one in past] == [(1, "rolled orders back")]
    assert "SIMILAR" in course.done["screen"].out
    assert "resolved by: rolled orders back" in course.done["screen"].out
    assert "history of incidents like this (decayed): it was it 1.0 times" in course.done["why"].out


def test_a_correction_counts_both_ways_and_names_the_gap(course: Course) -> None:
    assert course.done["corrected"].code == 0, course.done["corrected"].err
    said = course.done["corrected"].json()["said"]  # type: ignore[index, call-overload]
    assert said[0].startswith("Thanks for the correction. #2 was: disk_full")
    (corrected,) = payloads(course.cli.events("2"), Corrected)
    assert corrected.believed is not None
    assert corrected.misled_by == ("E1",)
    assert "node_filesystem_avail_bytes" in course.done["gaps"].out
    assert course.done["unsolved"].out.startswith("nothing unsolved")
    assert counted(course.done["patterns"].out) == [["1", "0"], ["1", "1"]]


def test_a_word_that_is_taken_back_counts_no_more(course: Course) -> None:
    assert course.done["undone"].code == 0, course.done["undone"].err
    assert course.done["nothing left"].code == 2
    assert counted(course.done["after"].out) == [["1", "0"]]


def test_a_kill_during_a_correction_leaves_all_of_it_or_none(course: Course) -> None:
    """Whatever the moment: the event and its decision are one append, and what they teach is derived by the next."""
    cli, told = course.cli, ("correct", "1", "--was", "disk_full", "--at", "orders")
    began = time.monotonic()
    assert cli(*told).code == 0
    usual = time.monotonic() - began
    for share in (0.5, 0.8, random.Random(3).random(), 0.95):
        before = len(cli.events("1"))
        process = cli.start(*told)
        time.sleep(share * usual)
        process.kill()
        process.communicate()
        events = cli.events("1")[before:]
        assert [type(event.payload) for event in events] in ([], [Corrected, Decided])
    assert len(payloads(cli.events("1"), Corrected)) >= 1
    # One incident, however often it was said: once the truth, and once against what led, which it was said to be before
    assert counted(cli("patterns").out) == [["0", "1"], ["1", "0"]]
