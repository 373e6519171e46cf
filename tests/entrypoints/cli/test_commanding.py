"""Orders as single commands, on an investigation that has ended, and the shell over them."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.domain.commanded import Decided, SetAside
from compass.entrypoints.cli.shelling import Shell
from tests.support.cli import Cli, payloads

pytestmark = pytest.mark.xdist_group("cli")


def test_orders_from_another_terminal_and_their_review(cli: Cli, recordings: Path) -> None:
    assert cli("investigate", "--recording", recordings / "pool").code == 0
    rejected = cli("reject", "1", "--reason", "we saw the pool", "--json")
    assert rejected.code == 0, rejected.said
    assert [aside.reason for aside in payloads(cli.events(), SetAside)] == ["we saw the pool"]
    shown = cli("show")
    assert "set aside by you: we saw the pool" in shown.out

    refused = cli("theory", "orders", "disk", "full")
    assert refused.code == 2  # without a terminal nothing counts that nobody said yes to
    assert "I will test: " in refused.err
    stated = cli("theory", "orders", "disk", "full", "--yes")
    assert stated.code == 0, stated.said
    assert "It was taken up again." in stated.out

    assert cli("pause").code == 2  # it has ended
    assert cli("reject", "77").code == 2

    decided = [one for one in payloads(cli.events(), Decided) if one.by == "human"]
    assert [one.record.kind.value for one in decided if one.record] == ["rejection", "theory"]
    number = 1 + next(i for i, one in enumerate(payloads(cli.events(), Decided)) if one.by == "human")
    added = cli("review", "--decision", str(number), "--outcome", "it was the pool all the same")
    assert "outcome  it was the pool all the same" in added.out

    for audience in ("engineers", "managers", "customers"):
        told = cli("status", "--for", audience)
        assert told.code == 0, told.said
    assert "orders" not in told.out  # customers read no names of parts
    assert "set H" in cli("postmortem").out


class Lines:
    def __init__(self, *lines: str) -> None:
        self.left = list(lines)

    def __call__(self, _prompt: str) -> str:
        if not self.left:
            raise EOFError
        return self.left.pop(0)


def test_the_shell_reads_orders_choices_and_reading_commands(
    cli: Cli, recordings: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli("investigate", "--recording", recordings / "pool").code == 0
    for name, value in cli.environ({}).items():
        monkeypatch.setenv(name, value)
    said: list[str] = []
    lines = Lines("HELP!!", "escalate to the database team", "its the database", "reject 2", "why 1", "banana", "quit")
    Shell(reference="1", say=said.append, read=lines).run()
    told = "\n".join(said)
    assert "One thing at a time." in told
    assert "Recorded: escalated to database team." in told
    assert "Set aside" in told
    assert "cannot make a theory of that" in told
    assert "before any data" in capsys.readouterr().out  # why
