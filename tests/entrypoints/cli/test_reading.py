"""The commands that read: text and JSON, the latest investigation and any other, by number and by id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest

from compass.domain import chronicle as c
from compass.domain.commanded import CommandGiven
from tests.support.cli import Cli, Done, payloads

pytestmark = pytest.mark.xdist_group("cli")


@dataclass(frozen=True, slots=True)
class Told:
    """Two investigations of one team: #1 found an exhausted pool, #2 found nothing wrong."""

    cli: Cli
    first: Done
    pool_id: str


@pytest.fixture(scope="module")
def told(cli_database: str, recordings: Path) -> Iterator[Told]:
    cli = Cli(environment={}, team=f"team-{uuid4()}", url=cli_database)
    first = cli("investigate", "--recording", recordings / "pool", "--json")
    assert cli("investigate", "--recording", recordings / "quiet").code == 0
    view = first.json()
    assert isinstance(view, dict)
    yield Told(cli, first, str(view["id"]))
    cli.close()


def keys(done: Done) -> set[str]:
    assert done.code == 0, done.said
    found = done.json()
    assert isinstance(found, dict)
    return set(found)


def test_list_shows_the_latest_first(told: Told) -> None:
    lines = told.cli("list").out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["2", "done"], ["1", "done"]]
    assert "Checkout is slow" in lines[2]
    rows = told.cli("list", "--json", "--limit", "1").json()
    assert isinstance(rows, list)
    assert [row["number"] for row in rows] == [2]
    assert {"id", "number", "team", "title", "status", "opened_at", "last_event_at", "events", "model_lost"} == set(
        rows[0]
    )


def test_an_empty_list_says_what_to_try(cli: Cli) -> None:
    assert cli("list").out.strip() == "no investigations yet; try: compass demo"
    assert cli("list", "--json").json() == []


def test_show_means_the_latest_unless_told(told: Told) -> None:
    assert told.cli("show").out.startswith("Is anything wrong?  #2 · ")
    by_number, by_id = told.cli("show", "-i", "1"), told.cli("show", "-i", told.pool_id[:13])
    assert by_number.out.startswith("Checkout is slow  #1 · ")
    assert by_number.out == by_id.out
    assert told.cli("show", "-i", "#1").out == by_number.out


def test_the_json_of_show_is_what_the_investigation_itself_printed(told: Told) -> None:
    assert told.cli("show", "-i", "1", "--json").out == told.first.out
    assert {
        "id", "number", "title", "status", "failure", "said", "onset_ns", "situation", "changes", "accounts", "refuted",
        "not_listed", "no_incident", "advice", "gaps", "sources", "elapsed_s", "engine", "table_sha256",
    } <= keys(told.first)  # fmt: skip


def test_accounts_and_its_other_name(told: Told) -> None:
    done = told.cli("accounts", "-i", "1")
    assert done.code == 0
    assert "All connections in a pool of orders are in use" in done.out
    assert "  check" in done.out
    assert told.cli("hypotheses", "-i", "1").out == done.out
    assert keys(told.cli("accounts", "-i", "1", "--json")) == {
        "accounts",
        "refuted",
        "not_listed",
        "no_incident",
        "model_lost",
    }


def test_why_adds_up(told: Told) -> None:
    done = told.cli("why", "1", "-i", "1")
    assert done.code == 0
    terms = [float(found) for found in re.findall(r"^ *([+-]\d+\.\d\d) +[×÷]", done.out, re.MULTILINE)]
    total = re.search(r"^ *([+-]\d+\.\d\d) +total", done.out, re.MULTILINE)
    assert total is not None
    assert len(terms) >= 3
    assert sum(terms) == pytest.approx(float(total[1]), abs=0.005 * (len(terms) + 1))
    there = {"account", "confidence", "documents", "terms", "model_lost"}
    assert keys(told.cli("why", "1", "-i", "1", "--json")) == there


def test_an_account_can_be_meant_by_its_rank_or_its_label(told: Told) -> None:
    by_rank = told.cli("why", "1", "-i", "1")
    label = re.search(r"\bH\d+\b", by_rank.out)
    assert label is not None
    assert told.cli("why", label[0], "-i", "1").out == by_rank.out
    assert told.cli("why", label[0].lower(), "-i", "1").out == by_rank.out


@pytest.mark.parametrize("command", ["why", "evidence", "test"])
def test_an_account_that_is_not_there_is_answered_with_those_that_are(told: Told, command: str) -> None:
    done = told.cli(command, "99", "-i", "1")
    assert done.code == 2
    assert "no account 99" in done.err
    assert re.search(r"there are: 1 \(H\d+\)", done.err)
    assert done.out == ""
    assert "there are: none" in told.cli(command).err


def test_evidence_comes_with_the_query_to_run_again(told: Told) -> None:
    done = told.cli("evidence", "1", "-i", "1")
    assert done.code == 0
    assert re.search(r"^for \(\d+\)", done.out, re.MULTILINE)
    assert re.search(r"^attempts to refute \(\d+\)", done.out, re.MULTILINE)
    assert "duckdb: " in done.out
    assert "coverage complete" in done.out
    assert keys(told.cli("evidence", "1", "-i", "1", "--json")) == {
        "account",
        "for",
        "against",
        "attempts",
        "model_lost",
    }


def test_the_timeline_has_the_system_first_and_both_in_order(told: Told) -> None:
    done = told.cli("timeline", "-i", "1")
    assert done.code == 0
    system, investigation = done.out.split("In the investigation (UTC)")
    told_in_order = ("smaller connection pool", "onset of the incident (", "someone was paged")
    assert sorted(told_in_order, key=system.index) == list(told_in_order)
    assert "round 1 (screen)" in investigation
    assert "ended (done): working theory" in investigation
    moments = told.cli("timeline", "-i", "1", "--json").json()
    assert isinstance(moments, list)
    assert {"ns", "uncertainty_ns", "track", "text", "seq", "by", "detail"} == set(moments[0])
    single = [moment for moment in moments if moment["detail"]]
    assert single
    assert single[0]["text"] not in done.out
    assert single[0]["text"] in told.cli("timeline", "-i", "1", "--all").out
    for track in ("system", "investigation"):
        times = [moment["ns"] for moment in moments if moment["track"] == track]
        assert times == sorted(times)


def test_replay_recomputes_the_same_posterior(told: Told) -> None:
    done = replace(told.cli, fresh=True)("replay", "-i", "1")  # in any order that sets may have
    assert done.code == 0
    assert "digest chain valid; the posterior recomputed from the recorded evidence is the same" in done.out
    assert keys(told.cli("replay", "-i", "1", "--json")) == {
        "events", "verified", "moments", "same", "largest_difference", "view"
    }  # fmt: skip


def test_the_postmortem_goes_to_the_terminal_or_whole_to_a_file(told: Told, tmp_path: Path) -> None:
    printed = told.cli("postmortem", "-i", "1")
    assert printed.code == 0
    assert printed.out.startswith("# Post-mortem draft: Checkout is slow\n")
    target = tmp_path / "report.md"
    written = told.cli("postmortem", "-i", "1", "-o", target)
    assert written.code == 0
    assert written.out == ""
    assert f"written to {target}" in written.err
    assert target.read_text() + "\n" == printed.out, "a draft of one chronicle is always the same"
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]
    reports = list(payloads(told.cli.events("1"), c.Reported))
    assert len(reports) == 1, "the same report is the same event"


def test_the_postmortem_overwrites_only_when_told(told: Told, tmp_path: Path) -> None:
    target = tmp_path / "mine.md"
    target.write_text("written by a person")
    refused = told.cli("postmortem", "-i", "1", "-o", target)
    assert refused.code == 2
    assert "the file exists" in refused.err
    assert "--force overwrites it" in refused.err
    assert target.read_text() == "written by a person"
    assert told.cli("postmortem", "-i", "1", "-o", target, "--force").code == 0
    assert target.read_text().startswith("# Post-mortem draft")
    assert "this is a folder" in told.cli("postmortem", "-o", tmp_path).err
    missing = told.cli("postmortem", "-o", tmp_path / "no" / "x.md")
    assert (missing.code, "the folder does not exist" in missing.err) == (2, True)


def test_a_postmortem_that_cannot_be_written_is_not_recorded(told: Told) -> None:
    before = len(told.cli.events("2"))
    done = told.cli("postmortem", "-i", "2", "-o", "/proc/report.md")
    assert done.code == 2
    assert "it cannot be written" in done.err
    assert len(told.cli.events("2")) == before


def test_a_reader_that_goes_away_is_no_error(told: Told) -> None:
    for arguments in (("accounts", "-i", "1"), ("show", "-i", "1", "--json")):
        process = told.cli.start(*arguments)
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait() in (0, 1)
        process.stderr.close()


# --- compass test N -------------------------------------------------------------------------------------


def test_a_deeper_attempt_is_ordered_run_and_ended_on_its_own(cli: Cli, recordings: Path) -> None:
    cli("investigate", "--recording", recordings / "pool", "--json")
    before = cli.events()
    done = cli("test", "1")
    assert done.code == 0
    assert re.search(r"\d+ % before, \d+ % now", done.out)
    events = cli.events()
    assert events[: len(before)] == before
    fresh = events[len(before) :]
    assert [order.command for order in payloads(fresh, CommandGiven)] == ["test"]
    rounds = payloads(fresh, c.RoundStarted)
    assert rounds[0].phase == "deepen"
    assert len(rounds) <= 5
    number = rounds[-1].number
    assert [event.key for event in fresh if isinstance(event.payload, c.Ended)] == [f"ended/{number}/1"]
    assert [event.key for event in fresh if isinstance(event.payload, c.TimingMeasured)] == [f"timing/{number}/1"]
    assert cli("replay", "--json").code == 0

    again = cli("test", "1", "--json")
    assert again.code == 0
    report = again.json()
    assert isinstance(report, dict)
    assert set(report) == {"before", "after", "model_lost"}
    assert [e.key for e in cli.events() if isinstance(e.payload, c.Ended)][-1].endswith("/2")
    assert len(payloads(cli.events(), CommandGiven)) == 2
