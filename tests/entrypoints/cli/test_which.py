"""Which investigation: named alike with every command of the command line, walked command by command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import TYPE_CHECKING, cast

import pytest
import typer.main

from compass.entrypoints.cli.main import build
from compass.entrypoints.clock import SystemClock
from compass.storage.memory import MemoryChronicle
from tests.support.in_process import Compass, in_process
from tests.support.past import ended

if TYPE_CHECKING:
    from click import Command

ABOUT_NONE = frozenset({
    "database", "demo", "doctor", "eval diff", "eval fit", "eval run", "gaps", "init", "investigate",
    "knowledge apply", "knowledge diff", "knowledge documents add", "knowledge documents find",
    "knowledge documents list", "knowledge documents remove", "knowledge dry-run", "knowledge export",
    "knowledge import", "knowledge init", "knowledge log", "knowledge push", "knowledge reembed",
    "knowledge rollback", "knowledge show", "knowledge validate", "knowledge versions", "list", "llm list",
    "llm test", "llm use", "patterns effectiveness", "patterns prune", "patterns reject", "patterns unmark",
    "patterns validate", "redact", "retention", "signals", "unsolved",
})  # fmt: skip
"""Commands about no investigation or about all of them. A new command stands here, or has `-i`."""
WORDS: Mapping[str, str] = {
    "answer": "R1 --shows nothing", "ask": "database?", "look": "everywhere", "theory": "disk full", "reject": "1",
    "restore": "1", "record": "-o never-written", "resolve": "--was 1 --fix it", "correct": "--was 1 --fix it",
    "near-miss": "--was 1 --stopped-by it", "forget": "--yes",
}  # fmt: skip
"""What a command needs besides, that asks for something."""


def commands(command: Command, path: str = "") -> Iterator[tuple[str, Command]]:
    """Every command that can be called, by its words."""
    below = cast("Mapping[str, Command]", getattr(command, "commands", {}))
    if not below:
        yield path, command
    for name, one in below.items():
        yield from commands(one, f"{path} {name}".strip())


EVERY = dict(commands(typer.main.get_command(build())))
OF_ONE = {path: one for path, one in EVERY.items() if any("-i" in option.opts for option in one.params)}
ARGUMENTS = {path: [p.name for p in one.params if p.param_type_name == "argument"] for path, one in OF_ONE.items()}
ALONE = sorted(path for path, names in ARGUMENTS.items() if names in ([], ["which"]))
"""Those that have no argument of their own."""


@pytest.fixture
def compass(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Compass:
    chronicle = MemoryChronicle(clock=SystemClock())
    for _ in range(2):
        ended(chronicle)
    return in_process(chronicle, monkeypatch, capsys)


def test_every_command_about_one_investigation_takes_the_option() -> None:
    assert set(EVERY) - set(OF_ONE) == ABOUT_NONE


def test_the_option_names_it(compass: Compass) -> None:
    for path, option in zip(sorted(OF_ONE), cycle(("-i", "--investigation"))):
        done = compass(*path.split(), *WORDS.get(path, "").split(), option, "7")
        assert (done.code, done.out) == (2, ""), path
        assert "no investigation '7' (there are #1 to #2" in done.err, path


def test_where_no_other_argument_is_it_is_the_argument(compass: Compass) -> None:
    for path in ALONE:
        words = (*path.split(), *WORDS.get(path, "").split())
        assert "no investigation '7'" in compass(*words, "7").err, path
        assert "no investigation '#7'" in compass(*words, "#7", "-i", "7").err, path
        done = compass(*words, "1", "-i", "2")
        assert (done.code, done.out) == (2, ""), path
        assert "named twice, '1' and -i '2' (name one of them)" in done.err, path


def test_what_is_said_to_one_is_not_said_to_the_latest(compass: Compass) -> None:
    assert "#1" in compass("resolve", "--was", "1", "-i", "1").out
    assert "#1" in compass("knowledge", "undo", "-i", "1").out
    assert compass("correct", "1", "--was", "1").code == 0
    assert "Checkout is slow" in compass("show", "2").out


def test_nothing_is_forgotten_that_was_not_named(compass: Compass) -> None:
    done = compass("forget", "--yes")
    assert (done.code, done.out) == (2, "")
    assert "no investigation was named" in done.err
    assert "2" in compass("list").out
