"""`compass recheck` on a real Prometheus: the incident is over, or it is worse and its alert still fires."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from compass.domain.chronicle import Reported, ServersAsked
from compass.domain.recheck import Rechecked
from tests.support.cli import Cli, on_terminal, payloads, plain
from tests.support.live_stack import BAD, BEFORE, Stack, serving
from tests.support.prometheus import needs_prometheus

pytestmark = [pytest.mark.xdist_group("cli"), needs_prometheus()]
RULES = """
groups:
  - name: test
    rules:
      - alert: HighLatency
        expr: vector(1)
        labels: {severity: critical, service_name: web}
        annotations: {summary: "Checkout is slow"}
"""


@pytest.fixture(scope="module")
def over(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    yield from serving(tmp_path_factory.mktemp("over"), [BEFORE, BAD, (20.0, 1.0)])


@pytest.fixture(scope="module")
def worse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    yield from serving(tmp_path_factory.mktemp("worse"), [BEFORE, BAD, (20.0, 20.0)], RULES)


@pytest.fixture
def investigated(cli: Cli, over: Stack, tmp_path: Path) -> Cli:
    cli.environment = over.settings(tmp_path)
    done = cli("investigate", *over.told(tmp_path))
    assert done.code in (0, 3), done.said
    return cli


def test_when_it_is_over_every_signal_is_back(investigated: Cli) -> None:
    before = investigated("show").out
    assert "now:" not in before
    done = investigated("recheck")
    assert done.code == 0, done.said
    first, said, at = done.out.splitlines()[:3]
    assert first.startswith("Checkout is slow  #1")
    assert said.startswith("NOW       recovered: 2 of 2 signals back at usual")
    assert "over the last 15 min" in at
    rows = re.findall(r"^recovered +\d+ ms +1\.\d+ s +\d+ ms  E\d+ (.*)$", done.out, re.MULTILINE)
    assert rows == ["latency p90 of web", "latency p90 of orders"]
    assert "now: recovered: 2 of 2 signals back at usual (" in investigated("show").out
    assert "measured again: recovered: 2 of 2 signals back at usual" in investigated("timeline").out


def test_the_account_is_updated_and_each_run_is_kept_once(investigated: Cli) -> None:
    before = investigated("show", "--json").json()
    assert isinstance(before, dict)
    first = investigated("recheck", "--json").json()
    second = investigated("recheck", "--json", "--last", "10m").json()
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first.pop("model_lost"), second.pop("model_lost")) == ("", "")  # of the investigation, beside each
    assert (first["state"], first["window_s"], second["window_s"]) == ("recovered", 900.0, 600.0)
    view = investigated("show", "--json").json()
    assert isinstance(view, dict)
    assert view == {**before, "rechecks": [first, second]}
    events = investigated.events()
    assert [one.at_ns for one in payloads(events, Rechecked)] == [first["at_ns"], second["at_ns"]]
    assert all(asked.requests for asked in payloads(events, ServersAsked))
    assert len(payloads(events, ServersAsked)) == 3, "the investigation's and one a recheck"
    assert investigated("replay").code == 0


def test_the_post_mortem_cites_it(investigated: Cli) -> None:
    investigated("recheck")
    event = next(e for e in investigated.events() if isinstance(e.payload, Rechecked))
    draft = investigated("postmortem").out
    (line,) = [line for line in draft.splitlines() if line.startswith("- Measured again at ")]
    assert "UTC: recovered: 2 of 2 signals back at usual" in line
    assert line.endswith(f"[#{event.seq}]")
    assert f"| #{event.seq} | signals.rechecked |" in draft
    reported = payloads(investigated.events(), Reported)
    assert investigated("postmortem").out == draft
    assert payloads(investigated.events(), Reported) == reported, "the same draft is the same report"


def test_worse_is_said_and_the_alert_that_still_fires(cli: Cli, worse: Stack, tmp_path: Path) -> None:
    cli.environment = worse.settings(tmp_path)
    assert cli("investigate", *worse.told(tmp_path), "--json").code in (0, 3)
    end = time.monotonic() + 30
    while "still fires" not in (done := cli("recheck")).out and time.monotonic() < end:
        time.sleep(0.5)  # the server evaluates its rules once a second
    lines = done.out.splitlines()
    said = "worse than at the page: 2 of 2 signals further from usual; alert HighLatency still fires"
    assert lines[1] == f"NOW       {said}"
    assert lines[3].startswith("ALERT     HighLatency on web, the alert that paged: still fires (since ")
    drawn = plain(on_terminal(cli, "recheck").out).splitlines()
    assert max(map(len, drawn)) <= 80
    (line,) = [line for line in plain(on_terminal(cli, "show").out).splitlines() if "now: worse" in line]
    assert re.search(r"… \(\d\d:\d\d\)$", line), "the time is never cut"
    assert len(line) <= 80


def test_a_recording_has_no_later(cli: Cli, recordings: Path) -> None:
    cli("investigate", "--recording", recordings / "pool", "--json")
    count = len(cli.events())
    done = cli("recheck")
    assert done.code == 2
    assert "a recording has no later" in done.err
    assert len(cli.events()) == count


@pytest.mark.parametrize(("last", "said"), [("5s", "less than a minute"), ("soon", "cannot read the time")])
def test_a_window_that_shows_nothing_is_refused(investigated: Cli, last: str, said: str) -> None:
    done = investigated("recheck", "--last", last)
    assert (done.code, said in done.err) == (2, True), done.said


def test_a_dead_server_is_named_and_nothing_is_kept(investigated: Cli, tmp_path: Path) -> None:
    config = tmp_path / "dead.toml"
    config.write_text('[sources.metrics]\ntype = "mimir"\nurl = "http://127.0.0.1:9"\n')
    done = investigated("recheck", COMPASS_CONFIG=str(config))
    assert done.code == 1
    assert "cannot be reached" in done.err
    assert payloads(investigated.events(), Rechecked) == []
