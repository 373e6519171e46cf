"""A source that is lost is told once, by whichever screen: which, since when, what it hides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compass.domain import chronicle as c
from tests.support.cli import Cli, on_terminal, payloads, plain
from tests.support.live_stack import BAD, BEFORE, Stack, serving
from tests.support.prometheus import needs_prometheus

pytestmark = [pytest.mark.xdist_group("cli"), needs_prometheus()]
DEAD = '[sources.{name}]\ntype = "{type}"\nurl = "http://127.0.0.1:9"\n'


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    yield from serving(tmp_path_factory.mktemp("lost"), [BEFORE, BAD])


@pytest.mark.long
def test_each_lost_source_has_one_line_everywhere(cli: Cli, stack: Stack, tmp_path: Path) -> None:
    cli.environment = stack.settings(tmp_path)
    config = tmp_path / "compass.toml"
    dead = DEAD.format(name="applogs", type="loki") + DEAD.format(name="spans", type="tempo")
    config.write_text(config.read_text() + dead)
    done = cli("investigate", *stack.told(tmp_path))
    assert done.code in (0, 3), done.said
    live, screen = done.err.splitlines(), done.out.splitlines()
    for lines in (live, screen, cli("show").out.splitlines(), cli("postmortem").out.splitlines()):
        for source, hides in (("applogs", "what the programs wrote"), ("spans", "where time is spent")):
            told = [line for line in lines if "cannot be reached" in line and source in line]
            told = [line for line in told if not line.startswith("| ")]  # the appendix of events keeps them all
            assert len(told) == 1, told
            assert "since" in told[0]
            assert hides in told[0]
    view = cli("show", "--json").json()
    assert isinstance(view, dict)
    assert [(one["source"], one["parts"]) for one in view["lost"]] == [("applogs", ["logs"]), ("spans", ["traces"])]
    assert "application" in view["lost"][0]["agents"]
    assert not any("cannot be reached" in gap for gap, _ in view["gaps"])
    assert len(payloads(cli.events(), c.AgentFailed)) > 2, "the chronicle keeps what each step met"
    small = plain(on_terminal(cli, "show").out)
    assert "logs from applogs is lost since" in small
