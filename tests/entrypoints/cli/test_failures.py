"""Every failure mode that a person can meet without a language model: words, action, what is stored, exit code.

DESIGN §5, through the real command line; what was stored is read back through the storage API.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from compass.domain import chronicle as c
from compass.domain.commanded import Decided
from compass.domain.failure import FailureMode, Status
from tests.support.cli import Cli, payloads
from tests.support.recordings import write_recording

DRILLS = Path(__file__).parents[2] / "data" / "lab"
pytestmark = pytest.mark.xdist_group("cli")


def modes(events: tuple[c.Event, ...]) -> list[FailureMode]:
    return [declared.mode for declared in payloads(events, c.FailureDeclared)]


def ending(events: tuple[c.Event, ...]) -> c.Ended:
    return payloads(events, c.Ended)[-1]


def test_no_hypothesis_presents_the_observations_and_stores_an_unsolved_pattern(cli: Cli, recordings: Path) -> None:
    done = cli("investigate", "--recording", recordings / "unexplained")
    assert done.code == 3
    assert "I couldn't form a clear hypothesis; here is what I observed" in done.out
    assert "threads of mail" in done.out
    events = cli.events()
    assert modes(events) == [FailureMode.NO_HYPOTHESIS]
    (pattern,) = payloads(events, c.UnsolvedPattern)
    assert pattern.signs == ("threads.up",)
    assert [entity.name for entity in pattern.entities] == ["mail"]
    assert ending(events) == c.Ended(status=Status.INCONCLUSIVE, exit_code=3, said=ending(events).said)


def test_all_hypotheses_disproven_lists_what_refuted_each_and_names_the_blind_spots(cli: Cli, recordings: Path) -> None:
    done = cli("investigate", "--recording", recordings / "busier")
    assert done.code == 3
    assert "I've eliminated these: H1" in done.out
    assert "never near 85%" in done.out
    assert "It may be somewhere I can't observe" in done.out
    assert "look by hand at" in done.out
    events = cli.events()
    assert modes(events) == [FailureMode.ALL_HYPOTHESES_DISPROVEN]
    blind = {gap.gap for gap in payloads(events, c.GapNamed) if gap.gap.endswith("not connected")}
    assert {"logs not connected", "traces not connected", "changes not connected"} <= blind
    assert ending(events).status is Status.INCONCLUSIVE


def test_that_nothing_is_wrong_stands_before_every_account(cli: Cli) -> None:
    done = cli("investigate", "--recording", DRILLS / "lab-021")  # a page with too tight a threshold, and a deploy
    assert done.code == 0
    assert modes(cli.events()) == [FailureMode.NO_INCIDENT]
    answer = done.out.index("No incident is visible")
    assert answer < done.out.index("H1 ", answer)
    assert "No account reaches" not in done.out
    assert done.out.count("No incident is visible") == 1


def test_no_incident_says_what_was_checked_and_is_normal(cli: Cli, recordings: Path) -> None:
    done = cli("investigate", "--recording", recordings / "quiet")
    assert done.code == 0
    assert "No incident is visible" in done.out
    said = re.search(r"(\d+) signals of (\d+) parts were checked and are normal \((.*?)\)", done.out)
    assert said is not None
    assert (int(said[1]) >= 15, int(said[2]) >= 5) == (True, True)
    assert {"cpu", "latency", "traffic"} <= set(said[3].split(", "))
    assert "To look again later: compass investigate" in done.out
    events = cli.events()
    assert modes(events) == [FailureMode.NO_INCIDENT]
    assert ending(events).status is Status.DONE
    assert not payloads(events, c.UnsolvedPattern)


def test_a_damaged_part_is_named_and_the_rest_goes_on(cli: Cli, recordings: Path) -> None:
    done = cli("investigate", "--recording", recordings / "damaged", "--json")
    assert done.code == 0
    view = done.json()
    assert isinstance(view, dict)
    assert view["failure"] == "source_lost"
    assert view["said"].startswith("logs from ")
    assert "is lost" in view["said"]
    assert "what the programs wrote about themselves cannot be seen" in view["said"]
    assert view["accounts"][0]["entity"]["name"] == "orders"
    events = cli.events()
    assert modes(events) == [FailureMode.SOURCE_LOST]
    assert any(gap.gap.startswith("logs: ") for gap in payloads(events, c.GapNamed))
    shown = cli("show")
    assert "logs from " in shown.out
    assert "is lost" in shown.out
    outcome = next(line for line in cli("postmortem").out.splitlines() if line.startswith("- Outcome"))
    assert "working theory" in outcome


def test_with_nothing_connected_an_investigation_never_reports_success(cli: Cli, recordings: Path) -> None:
    done = cli("investigate", "--recording", recordings / "nothing")
    assert done.code == 1
    assert "No source of metrics, logs, traces or state is connected" in done.out
    events = cli.events()
    assert FailureMode.SOURCE_LOST in modes(events)
    assert ending(events).status is Status.FAILED
    assert cli.list()[0].status is Status.FAILED


def test_when_the_work_budget_is_reached_the_decision_is_stored_and_what_remains_is_said(
    cli: Cli, recordings: Path
) -> None:
    done = cli("investigate", "--recording", recordings / "pool", "--work", "1")
    assert "The work budget is spent" in done.out
    assert "units done of 1, 0 left" in done.out
    assert "What remains to be done: attempts to refute H" in done.out
    events = cli.events()
    assert FailureMode.BUDGET_REACHED in modes(events)
    assert "stop spending" in [decided.decision for decided in payloads(events, Decided)]
    assert not payloads(events, c.Attempted), "nothing is attempted on a spent budget"
    assert done.code == ending(events).exit_code


def test_a_budget_that_pays_for_no_further_step_is_a_reached_budget(cli: Cli, recordings: Path) -> None:
    cli("investigate", "--recording", recordings / "pool", "--json")
    screened = sum(1 for s in payloads(cli.events(), c.StepFinished) if s.round == 1)
    cli("investigate", "--recording", recordings / "pool", "--json", "--work", str(screened))
    events = cli.events()
    assert FailureMode.BUDGET_REACHED in modes(events)
    worked = {step.round for step in payloads(events, c.StepStarted)}
    assert {started.number for started in payloads(events, c.RoundStarted)} == worked, "no round without a step"


# --- bad input: nothing half-done is left ---------------------------------------------------------------


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings that are none."""
    folder = tmp_path_factory.mktemp("wrong")
    (folder / "a-file").write_text("not a folder")
    (folder / "empty").mkdir()
    write_recording(folder / "format", header={"format": 2})
    write_recording(folder / "field", header={"detected_at": "soon"})
    write_recording(folder / "backwards", header={"window": {"start": "2026-01-02", "end": "2026-01-01T00:00:00Z"}})
    (folder / "broken").mkdir()
    (folder / "broken" / "recording.yaml").write_text("window: [1, 2\n")
    write_recording(folder / "good", series=[])
    return folder


BAD_INPUT = {
    "nothing named": ((), ("no server is connected", "--recording DIR", "compass demo")),
    "no such folder": (("-r", "{}/absent"), ("absent", "not a folder")),
    "a file": (("-r", "{}/a-file"), ("a-file", "not a folder", "give a recording")),
    "no recording": (("-r", "{}/empty"), ("empty", "recording.yaml")),
    "wrong format": (("-r", "{}/format"), ("recording.yaml: format", "2", "reads format 1")),
    "wrong field": (("-r", "{}/field"), ("detected_at", "soon", "2026-01-01T10:00:00Z")),
    "wrong window": (("-r", "{}/backwards"), ("window",)),
    "broken header": (("-r", "{}/broken"), ("recording.yaml", "not valid YAML")),
    "page outside": (("-r", "{}/good", "--at", "2020-01-01T00:00Z"), ("--at", "outside", "10:00:00 to 11:00:00 UTC")),
    "unreadable time": (("-r", "{}/good", "--at", "teatime"), ("--at", "teatime", "2026-11-23T14:05Z")),
    "empty window": (("-r", "{}/good", "--since", "2026-01-05T12:00Z"), ("--since", "empty")),
    "unknown option": (("--recordin", "{}/good"), ("--recordin", "--recording")),
    "unknown severity": (("-r", "{}/good", "--severity", "bad"), ("--severity", "sev1")),
    "no budget": (("-r", "{}/good", "--work", "0"), ("--work", "1")),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_says_what_is_wrong_and_leaves_nothing(cli: Cli, wrong: Path, case: str) -> None:
    arguments, words = BAD_INPUT[case]
    done = cli("investigate", *(argument.format(wrong) for argument in arguments))
    assert done.code == 2
    assert done.out == ""
    for word in words:
        assert word in done.err
    assert cli.list() == ()


def test_a_mechanism_file_that_is_wrong_leaves_nothing_either(cli: Cli, wrong: Path) -> None:
    mechanisms = wrong / "mechanisms.yaml"
    mechanisms.write_text("mechanisms: [{id: half}]\n")
    done = cli("investigate", "-r", wrong / "good", COMPASS_MECHANISMS=str(mechanisms))
    assert done.code == 2
    assert "mechanisms.yaml" in done.err
    assert cli.list() == ()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lst",), ("No such command 'lst'", "Did you mean 'list'")),
        (("show", "9999"), ("there is no investigation yet", "compass investigate")),
        (("show", "-i", "zebra"), ("'zebra' is no investigation", "compass list")),
        (("show",), ("there is no investigation yet", "compass investigate")),
        (("resume",), ("there is no investigation yet",)),
        (("database", "explode"), ("explode", "status")),
    ],
)
def test_what_does_not_exist_is_said_with_what_to_do(
    cli: Cli, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    done = cli(*arguments)
    assert done.code == 2
    assert done.out == ""
    for word in words:
        assert word in done.err


def test_an_unreachable_database_is_a_failure_in_words(cli: Cli) -> None:
    done = cli("list", COMPASS_DATABASE_URL="postgresql://someone:secret-word@127.0.0.1:1/compass")
    assert done.code == 1
    assert "127.0.0.1" in done.err
    assert "secret-word" not in done.said
    assert cli("list", COMPASS_DATABASE_URL="nonsense").code == 2


def test_several_recordings_one_bad(cli: Cli, wrong: Path, recordings: Path, tmp_path: Path) -> None:
    folder = tmp_path / "several"
    folder.mkdir()
    for name, target in (("a-bad", wrong / "format"), ("b-quiet", recordings / "quiet")):
        (folder / name).mkdir()
        for part in target.iterdir():
            (folder / name / part.name).symlink_to(part)
    done = cli("investigate", "--recording", folder, "--json")
    assert done.code == 2, "the severest of the codes"
    views = json.loads(done.out)
    assert [view["failure"] for view in views] == ["no_incident"]
    assert "a-bad" in done.err
    assert "format" in done.err
