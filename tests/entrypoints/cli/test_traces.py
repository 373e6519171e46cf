"""`compass evidence E1 --trace`: from a latency to traces, by exemplars that a real Prometheus scraped."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from compass.domain.chronicle import ServersAsked
from compass.domain.time import NS_PER_S
from compass.projections.board import fold_all
from tests.support.cli import Cli, Done, payloads
from tests.support.grafana_answers import Listed
from tests.support.grafana_stand_in import TOKEN, grafana_stand_in
from tests.support.live_stack import BAD, BEFORE, Stack, serving
from tests.support.openmetrics import histogram, target
from tests.support.prometheus import needs_prometheus

pytestmark = [pytest.mark.xdist_group("cli"), needs_prometheus()]
SLOW, SLOWER, EARLY = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c", "a" * 32
NAME = "http_server_request_duration_seconds"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    course = [BEFORE, BAD, (1.0, 1.0)]
    bad_s = time.time() - 10 * 60
    told = {
        "0.05": (f'trace_id="{EARLY}"', 0.04, bad_s - 20 * 60),
        "1.0": (f'traceID="{SLOW}",span_id="00f067aa0ba902b7"', 0.9, bad_s),
        "2.5": (f'trace_id="{SLOWER}"', 1.75, bad_s + 60),
        "5.0": ('request="no-trace-id"', 4.5, bad_s + 60),
    }
    with target(histogram(NAME, 'service_name="web",k8s_namespace_name="shop"', told)) as address:
        for made in serving(tmp_path_factory.mktemp("traces"), course, scrape=address):
            scraped(made)
            yield made


def scraped(stack: Stack) -> None:
    """Wait until the server has read its target."""
    query = f"query={NAME}_bucket&start={stack.start_ns // NS_PER_S}&end={int(time.time())}"
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with urllib.request.urlopen(f"{stack.url}/api/v1/query_exemplars?{query}", timeout=5) as reply:
            if len(json.load(reply)["data"]) >= 4:
                return
        time.sleep(0.2)
    raise AssertionError("nothing was scraped")


def fact(cli: Cli, sign: str, entity: str) -> str:
    """The label of one symptom."""
    view = cli("show", "--json").json()
    assert isinstance(view, dict)
    return next(
        str(one["label"]) for one in view["situation"]["symptoms"]
        if (one["observation"]["sign"], one["observation"]["entity"]["name"]) == (sign, entity)
    )  # fmt: skip


def looked(cli: Cli, stack: Stack, folder: Path) -> Done:
    done = cli("investigate", *stack.told(folder))
    assert done.code in (0, 3), done.said
    return done


def test_a_latency_leads_to_the_slowest_traces_since_the_onset(cli: Cli, stack: Stack, tmp_path: Path) -> None:
    cli.environment = stack.settings(tmp_path)
    looked(cli, stack, tmp_path)
    done = cli("evidence", fact(cli, "latency.up", "web"), "--trace")
    assert done.code == 0, done.said
    assert "exemplars of its series" in done.out
    rows = re.findall(r"^ +([\d.]+ m?s)  \d\d:\d\d:\d\d  (\w+)", done.out, re.MULTILINE)
    assert rows == [("1.75 s", SLOWER), ("900 ms", SLOW)], "neither what was before the onset nor what names no trace"
    assert "http" not in re.sub(r"http_server\w+", "", done.out), "nothing that is connected opens a trace"
    found = cli("evidence", fact(cli, "latency.up", "web"), "--trace", "--json").json()
    assert isinstance(found, dict)
    assert [(one["trace_id"], one["value"], one["unit"]) for one in found["traces"]] == [
        (SLOWER, 1.75, "s"), (SLOW, 0.9, "s"),
    ]  # fmt: skip
    asked = payloads(cli.events(), ServersAsked)[-1].requests
    assert [one.path for one in asked] == ["POST /api/v1/query_exemplars"]
    assert "query_exemplars" in cli("show", "--queries").out


def test_without_exemplars_and_without_traces_that_is_said(cli: Cli, stack: Stack, tmp_path: Path) -> None:
    cli.environment = stack.settings(tmp_path)
    looked(cli, stack, tmp_path)
    done = cli("evidence", fact(cli, "latency.up", "orders"), "--trace")
    assert done.code == 0, done.said
    assert "no exemplars, and no source of traces is connected to search in" in done.out
    assert re.search(r'traceql: \{ \(resource.service.name = "orders"\) && duration > \d+ms \}', done.out)


def test_grafana_opens_each_trace(cli: Cli, stack: Stack, tmp_path: Path) -> None:
    sources = (
        Listed(uid="prom-1", name="Metrics", type="prometheus", url=stack.url),
        Listed(uid="tempo-1", name="Traces", type="tempo", url="http://127.0.0.1:9"),
    )
    with grafana_stand_in(*sources) as grafana:
        config = tmp_path / "compass.toml"
        config.write_text(f'[sources.grafana]\ntype = "grafana"\nurl = "{grafana.url}"\ntoken = "env:CANARY"\n')
        cli.environment = {"COMPASS_CONFIG": str(config), "CANARY": TOKEN}
        looked(cli, stack, tmp_path)
        label = fact(cli, "latency.up", "web")
        found = cli("evidence", label, "--trace", "--json").json()
        assert isinstance(found, dict)
        assert [one["trace_id"] for one in found["traces"]] == [SLOWER, SLOW]
        for one in found["traces"]:
            assert one["url"].startswith(f"{grafana.url}/explore?schemaVersion=1&panes=")
            assert one["trace_id"] in one["url"]
            assert "tempo-1" in one["url"]
        # With a fact that no exemplar shows, its Tempo is searched: this one is dead, which is said.
        dead = cli("evidence", fact(cli, "latency.up", "orders"), "--trace")
        assert dead.code == 1
        assert "cannot be reached" in dead.err or "502" in dead.err


def test_what_leads_to_no_trace_is_refused(cli: Cli, stack: Stack, recordings: Path, tmp_path: Path) -> None:
    cli.environment = stack.settings(tmp_path)
    looked(cli, stack, tmp_path)
    assert "no fact E999" in cli("evidence", "E999", "--trace").err
    board = fold_all(cli.events())
    other = next(o for o in board.observations.values() if "latency" not in o.sign and "error" not in o.sign)
    done = cli("evidence", board.observation_labels[other.id], "--trace")
    assert (done.code, "does not lead to traces" in done.err) == (2, True), done.said
    cli("investigate", "--recording", recordings / "pool", "--json")
    done = cli("evidence", "E1", "--trace")
    assert (done.code, "keeps no exemplars" in done.err) == (2, True), done.said
