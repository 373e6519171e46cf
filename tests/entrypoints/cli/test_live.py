"""Live servers through the command line: a real Prometheus that holds a recording, and one that fires an alert."""

from __future__ import annotations

import json
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from compass.domain.time import to_datetime
from compass.sources.recording import RecordingSource
from tests.support.cli import Cli, on_terminal, plain
from tests.support.prometheus import needs_prometheus, prometheus

pytestmark = [pytest.mark.xdist_group("cli"), needs_prometheus()]
LAB = Path(__file__).parents[2] / "data" / "lab" / "lab-021"
RULES = """
groups:
  - name: test
    rules:
      - alert: CheckoutSlow
        expr: vector(1)
        labels: {severity: critical, service_name: checkout}
        annotations: {summary: "checkout answers slowly", description: "p99 above 1 s", runbook_url: "https://runbooks/slow"}
      - alert: DiskFilling
        expr: vector(1)
        labels: {severity: warning}
"""
TOKEN = "glsa_canary_0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Stack:
    """A Prometheus with the metrics of `recording`, and the settings that name it."""

    cli: Cli
    recording: Path
    folder: Path

    def told(self) -> list[str]:
        """Options that name the window and the page of the recording."""
        incident = RecordingSource.open(self.recording).incident()
        times = (incident.window.start_ns, incident.window.end_ns, incident.detected_ns)
        start, end, at = (to_datetime(ns).isoformat() for ns in times)
        return ["--from", start, "--to", end, "--at", at, "--symptom", incident.symptom]


@pytest.fixture(scope="module")
def metrics_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings") / LAB.name
    shutil.copytree(LAB / "metrics", folder / "metrics")
    shutil.copy(LAB / "recording.yaml", folder)
    return folder


@pytest.fixture(scope="module")
def server(metrics_only: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prometheus(tmp_path_factory.mktemp("prometheus") / "server", metrics_only, rules=RULES) as url:
        yield url


@pytest.fixture
def stack(cli: Cli, server: str, metrics_only: Path, tmp_path: Path) -> Stack:
    config = tmp_path / "compass.toml"
    config.write_text(f'[sources.metrics]\ntype = "mimir"\nurl = "{server}"\ntoken = "env:CANARY"\n')
    cli.environment = {"COMPASS_CONFIG": str(config), "CANARY": TOKEN}
    return Stack(cli, metrics_only, tmp_path)


def accounts(view: object) -> list[tuple[object, ...]]:
    assert isinstance(view, dict)
    return [(a["label"], a["mechanism"], a["entity"], round(a["confidence"], 6)) for a in view["accounts"]]


def test_live_and_recorded_give_the_same_accounts_in_the_same_order(stack: Stack) -> None:
    recorded = stack.cli("investigate", "--recording", stack.recording, "--json").json()
    assert isinstance(recorded, dict)
    service = ["--"] if recorded["service"] is None else [str(recorded["service"])]
    live = stack.cli("investigate", *stack.told(), "--json", *service)
    assert live.code in (0, 3), live.said
    assert accounts(live.json()) == accounts(recorded)
    assert accounts(recorded)


def test_what_was_asked_is_shown_and_the_token_is_nowhere(stack: Stack, tmp_path: Path) -> None:
    said = [stack.cli("investigate", *stack.told())]
    said.append(stack.cli("show", "--queries"))
    assert "POST /api/v1/series" in said[-1].out
    assert "requests," in said[-1].out.splitlines()[-1]
    asked = stack.cli("show", "--queries", "--json").json()
    assert isinstance(asked, list)
    assert {one["status"] for one in asked} == {200}
    assert all(one["size"] > 0 and one["seconds"] > 0 for one in asked if one["answered"] == "server")
    out = tmp_path / "kept"
    said.append(stack.cli("record", "-o", out))
    said += [stack.cli("show", "--json"), stack.cli("postmortem"), stack.cli("timeline")]
    everything = "".join(one.said for one in said) + "".join(repr(event) for event in stack.cli.events())
    everything += "".join(path.read_text(errors="replace") for path in out.rglob("*") if path.is_file())
    assert TOKEN not in everything


def test_record_keeps_the_incident_for_practice(stack: Stack, tmp_path: Path) -> None:
    first = stack.cli("investigate", *stack.told(), "--json").json()
    out = tmp_path / "kept"
    done = stack.cli("record", "-o", out)
    assert done.code == 0, done.said
    assert {stat.S_IMODE(path.stat().st_mode) for path in (out, *out.rglob("*")) if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.rglob("*") if path.is_file()} == {0o600}
    again = stack.cli("investigate", "--recording", out, "--json").json()
    assert accounts(again) == accounts(first)
    assert stack.cli("record", "-o", out).code == 2
    assert not list(tmp_path.glob(".*partial"))


def test_what_fires_now_is_listed_the_severest_first(stack: Stack) -> None:
    end = time.monotonic() + 30
    while (done := stack.cli("investigate")).out.count("\n") < 2 and time.monotonic() < end:
        time.sleep(0.5)  # the server evaluates its rules once a second
    assert done.code == 0, done.said
    first, second = done.out.splitlines()[:2]
    assert "checkout answers slowly" in first
    assert "sev1" in first
    assert "DiskFilling" in second
    found = stack.cli("investigate", "--json").json()
    assert isinstance(found, list)
    assert (found[0]["service"], found[0]["runbook"]) == ("checkout", "https://runbooks/slow")


def test_one_key_starts_and_any_other_leaves(stack: Stack) -> None:
    end = time.monotonic() + 30
    while "DiskFilling" not in stack.cli("investigate").out and time.monotonic() < end:
        time.sleep(0.5)
    left = on_terminal(stack.cli, "investigate", prompt="leaves: ", keys="q")
    assert (left.code, stack.cli.list()) == (0, ())
    started = on_terminal(stack.cli, "investigate", prompt="leaves: ", keys="1")
    assert started.code in (0, 3), started.out
    assert [one.title for one in stack.cli.list()] == ["checkout answers slowly"]
    assert "runbook: https://runbooks/slow" in plain(started.out)


def test_a_page_starts_an_investigation(stack: Stack, tmp_path: Path) -> None:
    page = tmp_path / "page.json"
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "catalog.md").write_text("# Catalog\n\n1. Look at the **cache**\n2. Scale out\n")
    config = Path(stack.cli.environment["COMPASS_CONFIG"])
    config.write_text(config.read_text() + '[runbooks]\nfolder = "runbooks"\n')
    labels = {"alertname": "Slow", "service_name": "catalog", "severity": "warning"}
    annotations = {"summary": "catalog is slow", "runbook_url": "https://runbooks/catalog"}
    alert = {"status": "firing", "labels": labels, "annotations": annotations, "startsAt": "2026-11-25T20:20:00Z"}
    page.write_text(json.dumps({"version": "4", "alerts": [alert]}))
    view = stack.cli("investigate", "--alert", page, "--json", *stack.told()[:6]).json()
    assert isinstance(view, dict)
    assert (view["title"], view["service"]) == ("catalog is slow", "catalog")
    assert view["runbook"] == "https://runbooks/catalog"
    shown = stack.cli("show").out
    assert "runbook: https://runbooks/catalog" in shown
    assert "1. Look at the cache" in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--from", "10m", "--to", "20m"], "the window is empty"),
        (["--to", "10m"], "--to needs --from"),
        (["x", "--at", "2100-01-01T00:00Z"], "lies in the future"),
        (["--alert", "not-there.json"], "cannot be read"),
        (["--alert", "/dev/null"], "no payload"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_asked(stack: Stack, arguments: list[str], told: str) -> None:
    done = stack.cli("investigate", *arguments)
    assert (done.code, told in done.err) == (2, True), done.said


def test_a_dead_server_is_named_with_what_to_do(stack: Stack, tmp_path: Path) -> None:
    config = tmp_path / "dead.toml"
    config.write_text('[sources.metrics]\ntype = "mimir"\nurl = "http://127.0.0.1:9"\n')
    done = stack.cli("investigate", "checkout", COMPASS_CONFIG=str(config))
    assert done.code == 1
    assert "cannot be reached" in done.said
    assert "success" not in done.said


def test_a_source_that_is_wrongly_set_does_not_keep_the_others_from_work(stack: Stack) -> None:
    config = Path(stack.cli.environment["COMPASS_CONFIG"])
    wrong = '[sources.code]\ntype = "github"\ntoken = "env:NOT_SET"\nrepositories = ["a/b"]\n'
    config.write_text(config.read_text() + wrong)
    done = stack.cli("investigate", *stack.told())
    assert done.code in (0, 3), done.said
    assert "NOT_SET holds nothing" in done.err
    assert "going on without it" in done.err
    config.write_text(wrong)
    assert stack.cli("investigate", *stack.told()).code == 2


def test_without_servers_the_way_on_is_told(cli: Cli, tmp_path: Path) -> None:
    done = cli("investigate", "checkout", cwd=tmp_path, HOME=str(tmp_path))
    assert done.code == 2
    assert "compass init" in done.err
