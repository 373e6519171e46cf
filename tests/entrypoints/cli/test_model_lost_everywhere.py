"""`[llm]` cannot be read: the investigation is made all the same, and every output says that no model was heard."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer.main

from compass.entrypoints.cli.main import build
from tests.support.in_process import Compass

WRONG = "[llm]\nfast = 3\n"
SAID = "AI service unavailable"

EVERY_OUTPUT = (
    "show", "show --queries", "show --prompts", "accounts", "accounts 1", "why", "evidence", "evidence E1", "timeline",
    "replay", "cost", "postmortem", "test 1", "ask database?", "status",
)  # fmt: skip
NOT_OF_A_RESULT = frozenset({
    "database", "demo", "doctor", "eval", "init", "llm", "record", "redact", "signals",  # of no investigation
    "stop", "resume",  # there is nothing to stop here; it prints what `show` prints
    "recheck",  # needs live servers: tests/entrypoints/cli/test_recheck.py
    "hypotheses",  # another name of accounts
    "answer", "continue", "escalate", "look", "pause", "reject", "restore", "review", "theory",  # orders of people
    "shell",  # the same orders and outputs
    "correct", "near-miss", "resolve", "forget",  # what people say of an incident
    "gaps", "knowledge", "patterns", "retention", "unsolved",  # of all incidents
    "investigate", "list",  # below
})  # fmt: skip


@pytest.fixture(autouse=True)
def unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that commands go by from the start: before `compass` is made."""
    config = tmp_path / "compass.toml"
    config.write_text(WRONG)
    monkeypatch.setenv("COMPASS_CONFIG", str(config))


def test_every_output_says_that_no_model_was_heard_and_why(compass: Compass, recordings: Path) -> None:
    done = compass("investigate", "--recording", str(recordings / "pool"))
    assert done.code == 0, "it ends as without any [llm]"
    assert SAID in done.err, "the live view"
    assert SAID in done.out, "the first screen"
    for words in ("compass.toml: llm", "Expected `str`, got `int`", "compass llm test"):
        assert words in done.out, "what is wrong, where, and what to do"
    assert "without model" in compass("list").out
    assert '"model_lost": true' in compass("list", "--json").out
    for line in EVERY_OUTPUT:
        assert SAID in compass(*line.split()).out, line
    for line in EVERY_OUTPUT:
        if not line.startswith(("show --", "postmortem", "replay")):
            assert SAID in compass(*line.split(), "--json").out, f"{line} --json"


def test_no_command_is_left_out_of_the_walk() -> None:
    known = vars(typer.main.get_command(build()))["commands"]
    assert set(known) == {line.split()[0] for line in EVERY_OUTPUT} | NOT_OF_A_RESULT
