"""What a person sees: golden text for terminals and pipes, narrow ones, without colours and without Unicode."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.cli import GOLDEN, Cli, check_golden, on_terminal, plain, readme_screen

pytestmark = pytest.mark.xdist_group("cli")


@pytest.fixture(scope="module")
def shown(cli_database: str, recordings: Path) -> Iterator[Cli]:
    """#1: an exhausted pool; #2: nothing wrong; #3: nothing explains it."""
    cli = Cli(environment={}, team=f"team-{uuid4()}", url=cli_database)
    for name in ("pool", "quiet", "unexplained"):
        cli("investigate", "--recording", recordings / name, "--json")
    yield cli
    cli.close()


@pytest.mark.parametrize(("number", "name"), [("1", "pool"), ("2", "quiet"), ("3", "unexplained")])
def test_the_first_screen_fits_a_terminal_of_24_by_80(shown: Cli, number: str, name: str) -> None:
    done = on_terminal(shown, "show", "-i", number)
    lines = plain(done.out).splitlines()
    assert done.code == 0
    assert "\x1b[" in done.out
    assert len(lines) <= 23, "one line is the prompt's"
    assert max(map(len, lines)) <= 80
    check_golden(f"{name}-24x80.txt", plain(done.out))


def test_a_narrow_terminal_cuts_lines_and_breaks_none(shown: Cli) -> None:
    lines = plain(on_terminal(shown, "show", "-i", "1", columns=60).out)
    assert max(map(len, lines.splitlines())) <= 60
    check_golden("pool-24x60.txt", lines)


@pytest.mark.parametrize(
    "command", [("accounts",), ("why",), ("evidence",), ("timeline",), ("replay",), ("list",)], ids=lambda c: c[0]
)
def test_no_command_is_wider_than_its_terminal(shown: Cli, command: tuple[str, ...]) -> None:
    where = () if command == ("list",) else ("-i", "1")
    done = on_terminal(shown, *command, *where)
    assert done.code == 0
    if command not in (("accounts",), ("evidence",)):  # these show every line in full: for reading, not for a glance
        assert max(map(len, plain(done.out).splitlines())) <= 80


def test_a_pipe_gets_every_line_whole(shown: Cli) -> None:
    done = shown("show", "-i", "1")
    assert "\x1b" not in done.out
    assert "…" not in done.out
    check_golden("pool-pipe.txt", done.out)


def test_no_color_is_heeded(shown: Cli) -> None:
    drawn = on_terminal(shown, "show", "-i", "1", NO_COLOR="1").out
    assert not re.search(r"\x1b\[[\d;]*3[0-7]", drawn), "no colour"


@pytest.mark.parametrize(
    "locale",
    [{"LANG": "C", "LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
     {"PYTHONIOENCODING": "latin-1"}],
    ids=["C", "ascii", "latin-1"],
)  # fmt: skip
def test_any_locale_gets_an_answer(shown: Cli, locale: dict[str, str]) -> None:
    done = shown("replay", "-i", "1", **locale)  # the timeline and the first screen in one
    assert done.code == 0
    assert "orders" in done.out


def test_while_it_works_a_terminal_shows_the_agents_and_ends_with_the_result(cli: Cli, recordings: Path) -> None:
    done = on_terminal(cli, "investigate", "--recording", recordings / "pool")
    assert done.code == 0
    drawn = plain(done.out)
    assert "round 1: looking for what is abnormal" in drawn
    assert re.search(r"^database +\S", drawn, re.MULTILINE)
    last = drawn[drawn.rindex("Checkout is slow") :]
    assert re.match(r"Checkout is slow  #1 · (\w+ )?done\n", last)
    assert "more: compass accounts" in last
    assert "database  " not in last, "the live view leaves nothing behind"


def test_in_a_pipe_progress_goes_to_the_error_stream_only(cli: Cli, recordings: Path) -> None:
    done = cli("investigate", "--recording", recordings / "pool", COLUMNS="60")
    assert done.out.startswith("Checkout is slow  #1 · ")
    assert "round 1: looking for what is abnormal" in done.err
    assert "trying to refute" in done.err
    assert "\x1b" not in done.said
    quiet = cli("investigate", "--recording", recordings / "pool", "--json")
    assert quiet.err == ""


def test_the_demo_needs_nothing_and_its_result_fits_the_screen(cli: Cli) -> None:
    done = cli("demo", "--json")
    assert done.code == 0
    view = done.json()
    assert isinstance(view, dict)
    assert view["accounts"][0]["entity"]["name"] == "orders"
    screen = plain(on_terminal(cli, "show").out)
    assert len(screen.splitlines()) <= 23
    assert max(map(len, screen.splitlines())) <= 80
    check_golden("demo-24x80.txt", screen)
    renewed = screen if os.environ.get("COMPASS_UPDATE_GOLDEN") else None
    assert readme_screen(renewed) == (GOLDEN / "demo-24x80.txt").read_text(), (
        "README shows another first screen than the demo"
    )
