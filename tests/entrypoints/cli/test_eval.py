"""`compass eval` through the real command line: real recordings, real processes, no database."""

from __future__ import annotations

import json
import signal
from functools import partial
from pathlib import Path

import pytest

from compass.analysis.likelihood import load_table
from compass.entrypoints.cli.evaluating import prepare
from compass.entrypoints.cli.fitting import final_board
from compass.entrypoints.settings import Settings
from tests.support import incidents
from tests.support.cli import Cli

LABELS = {
    "shop-1": "entity: {kind: service, name: orders}\nfault_type: pool_gone\ntrigger: {kind: config, id: orders-77}\n",
    "shop-2": "entity: {kind: none}\nfault_type: healthy\ntrigger: {kind: none}\n",
    "mall-1": "entity: {kind: service, name: cart}\nfault_type: other\n",
}


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sets: one incident found, one healthy; one whose label says another place than the data."""
    folder = tmp_path_factory.mktemp("labelled")
    incidents.pool_incident(folder / "shop-1")
    incidents.quiet_day(folder / "shop-2")
    incidents.pool_incident(folder / "mall-1")
    (folder / "truth").mkdir()
    for identity, text in LABELS.items():
        (folder / "truth" / f"{identity}.yaml").write_text(f"id: {identity}\n{text}")
    return folder


@pytest.fixture
def alone() -> Cli:
    """Commands that have no database to go to."""
    return Cli(environment={"COMPASS_DATA_DIR": "/nonexistent"})


def test_report_tables_json_and_diff(alone: Cli, labelled: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.yaml"
    labels.write_text("pool_gone: [connection_pool_exhausted, pool_shrunk_by_change]\n")
    written = tmp_path / "a.json"
    done = alone(
        "eval", labelled, "--labels", labels, "--json", written, "--rival", "last-change,alerting-service"
    )  # fmt: skip
    assert done.code == 0, done.said
    for word in ("AC@1", "Avg@5", "last-change", "alerting-service", "reliability", "true refuted", "pool_gone"):
        assert word in done.out
    report = json.loads(written.read_text())
    shop, mall = report["sets"]["shop"], report["sets"]["mall"]
    assert (shop["n"], shop["entity"]["ac1"], shop["diagnosis"]["ac1"]) == (2, 1.0, 1.0)
    assert (mall["n"], mall["entity"]["ac1"], mall["diagnosis"]) == (1, 0.0, None)
    assert shop["no_incident_led"] == {"n": 1, "right": 1}
    assert shop["trigger"]["n"] == 2
    assert {"ece", "brier", "log_loss"} <= shop["calibration"].keys()
    assert {"median", "p95"} <= shop["seconds"].keys()
    assert shop["peak_mb"] > 20
    case = next(c for c in shop["cases"] if c["id"] == "shop-1")
    assert {"entity", "mechanism", "trigger", "confidence"} <= case["ranked"][0].keys()
    assert case["ranked"][0]["entity"] == "orders"
    assert {"not_listed", "no_incident", "seconds", "error"} <= case.keys()
    assert report["rivals"]["last-change"]["shop"]["entity"]["n"] == 2
    same = alone("eval", "diff", written, written)
    assert same.code == 0
    assert "first places won 0, lost 0" in same.out
    assert "not of the same cases" not in same.out
    part = tmp_path / "b.json"
    assert alone("eval", labelled, "--only", "shop-1", "--json", part).code == 0
    fewer = alone("eval", "diff", written, part)
    assert "shop: 1 cases in both, 1 only in the first" in fewer.out
    assert "not of the same cases" in fewer.out


def test_repeating_says_that_nothing_changed(alone: Cli, labelled: Path) -> None:
    done = alone("eval", "--only", "shop-1", "--repeat", "2", labelled)
    assert done.code == 0, done.said
    assert "2 runs: nothing changed between runs" in done.out


def test_json_on_standard_output_is_nothing_else(alone: Cli, labelled: Path) -> None:
    done = alone("eval", labelled, "--only", "shop-2", "--json", "-")
    assert done.code == 0, done.said
    assert set(json.loads(done.out)["sets"]) == {"shop"}


def test_an_unreadable_recording_is_a_miss(alone: Cli, labelled: Path, tmp_path: Path) -> None:
    incidents.pool_incident(tmp_path / "shop-1")
    (tmp_path / "shop-1" / "recording.yaml").write_text("format: 99")
    done = alone("eval", tmp_path, "--truth", labelled / "truth", "--json", tmp_path / "r.json")
    assert done.code == 0, done.said
    case = json.loads((tmp_path / "r.json").read_text())["sets"]["shop"]["cases"][0]
    assert case["rank"] is None
    assert "format" in case["error"]


def unreadable(folder: Path, *identities: str) -> Path:
    """Labelled recordings that say so on standard error as soon as they are run."""
    (folder / "truth").mkdir()
    for identity in identities:
        (folder / identity).mkdir()
        (folder / identity / "recording.yaml").write_text("format: 99")
        (folder / "truth" / f"{identity}.yaml").write_text(f"id: {identity}\nentity: {{kind: none}}\n")
    return folder


@pytest.mark.parametrize(("arguments", "said"), [
    (("--rival", "oracle"), "no rival is called oracle (there are "),
    (("--only", "nothing"), "no labelled recording has 'nothing' in its id"),
    (("--labels", "none.yaml"), "none.yaml: cannot be read"),
    (("--table", "none.yaml"), "none.yaml: cannot be read"),
    (("--truth", "none"), "--truth none: this is not a folder"),
    (("--truth", "/"), "none of the recordings here has a label, e.g. there is no /shop-1.yaml"),
    (("--json", "/proc/none/a.json"), "/proc/none/a.json: cannot be written"),
    (("--json", "/"), "/: cannot be written"),
])  # fmt: skip
def test_what_is_wrong_is_said_before_anything_runs(
    alone: Cli, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = alone("eval", unreadable(tmp_path, "shop-1"), *arguments)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_a_subcommand_that_is_misspelt_is_named_and_a_folder_of_that_name_is_a_folder(
    alone: Cli, tmp_path: Path
) -> None:  # fmt: skip
    slip = alone("eval", "dif", "a.json", "b.json", cwd=tmp_path)
    assert slip.code == 2
    assert "No such command 'dif'. Did you mean 'diff'?" in slip.err
    (tmp_path / "dif").mkdir()
    assert "no recording is here" in alone("eval", "dif", cwd=tmp_path).err
    assert "this is not a folder" in alone("eval", "recordings", cwd=tmp_path).err


@pytest.mark.parametrize("command", [("run",), ("fit", "--out", "t.yaml")])
@pytest.mark.parametrize(("label", "said"), [
    ("id: shop-2\nentity: {kind: servce, name: a}\n", "cannot be understood: no entity has the kind 'servce'"),
    ("id: shop-3\nentity: {kind: none}\n", "this label is of shop-3, not of shop-2"),
])  # fmt: skip
def test_a_label_that_cannot_be_understood_is_said_before_anything_runs(
    alone: Cli, tmp_path: Path, command: tuple[str, ...], label: str, said: str
) -> None:
    """It is the last one's: hours of the others' runs would be lost."""
    cases = unreadable(tmp_path, "mall-1", "shop-2")
    (cases / "truth" / "shop-2.yaml").write_text(label)
    done = alone("eval", command[0], cases, *command[1:], cwd=tmp_path)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(("arguments", "said"), [
    (("--validate", "castle"), "no set is called castle (there are mall, shop)"),
    (("--called", "castle=ours"), "no set is called castle (there are mall, shop)"),
    (("--called", "shop"), "write SET=WORDS"),
    (("--out", "/proc/none/table.yaml"), "/proc/none/table.yaml: cannot be written"),
])  # fmt: skip
def test_what_is_wrong_with_a_fit_is_said_before_anything_runs(
    alone: Cli, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = alone("eval", "fit", unreadable(tmp_path, "shop-1", "mall-1"), "--out", tmp_path / "t.yaml", *arguments)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert not (tmp_path / "t.yaml").exists()


def test_an_evaluation_that_is_stopped_says_so_and_leaves_nothing(alone: Cli, tmp_path: Path) -> None:
    cases = unreadable(tmp_path, "shop-1")
    running = alone.start("eval", cases, "--repeat", "1000", "--json", tmp_path / "out" / "a.json")
    assert running.stderr is not None
    assert "shop-1" in running.stderr.readline()
    running.send_signal(signal.SIGINT)
    done = alone.wait(running)
    assert done.code == 130
    assert "stopped: nothing was written" in done.err
    assert [*tmp_path.glob("out/*"), *tmp_path.glob("out/.*")] == []


def test_recordings_without_labels(alone: Cli, recordings: Path) -> None:
    done = alone("eval", recordings)
    assert done.code == 2
    assert "none of the recordings here has a label" in done.err


def test_fitting_writes_a_table_that_evaluation_takes(alone: Cli, labelled: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.yaml"
    done = alone("eval", "fit", labelled, "--out", table)
    assert done.code == 0, done.said
    assert "(chosen)" in done.out
    again = alone("eval", labelled, "--only", "shop-1", "--table", table, "--json", "-")
    assert json.loads(again.out)["sets"]["shop"]["entity"]["ac1"] == 1.0


def test_a_case_that_cannot_be_fitted_says_why(tmp_path: Path) -> None:
    incidents.pool_incident(tmp_path / "shop-1")
    (tmp_path / "shop-1" / "recording.yaml").write_text("format: 99")
    said = final_board(tmp_path / "shop-1", partial(prepare, settings=Settings(), table=load_table()))
    assert isinstance(said, str)
    assert "format" in said


def test_a_scripted_model_takes_part_and_its_figures_are_told(alone: Cli, labelled: Path, tmp_path: Path) -> None:
    written = tmp_path / "hostile.json"
    done = alone("eval", labelled, "--only", "shop-1", "--model", "hostile", "--json", written)
    assert done.code == 0, done.said
    for word in ("model: hostile", "suggested", "untestable", "tokens in", "listed prices, USD"):
        assert word in done.out
    report = json.loads(written.read_text())
    assert report["model"] == "hostile"
    assert report["sets"]["shop"]["model"]["record"]["calls"] > 0
    assert alone("eval", labelled, "--model", "clever").code == 2
    assert alone("eval", labelled, "--every-call").code == 2
