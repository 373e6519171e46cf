"""Write docs/cli.md from the command line's own help: `cli_docs.py [--check]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from click import Command
    from click.testing import CliRunner

TARGET = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
HEAD = """# Command line

Made from the commands' own help by `tools/cli_docs.py`; CI compares. Exit codes: 0 done, 1 the investigation
failed, 2 usage or configuration, 3 inconclusive, 130 stopped by a human.
"""


def render() -> str:
    """The whole page."""
    # Help is laid out for the terminal it runs in; the page must not depend on where it is made.
    os.environ.update({"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "_TYPER_STANDARD_TRACEBACK": "1"})
    import typer.main
    from click.testing import CliRunner

    from compass.entrypoints.cli.main import build

    command = typer.main.get_command(build())
    runner = CliRunner()
    names = sorted(command.list_commands(command.make_context("compass", [], resilient_parsing=True)))  # type: ignore[attr-defined]
    parts = [HEAD, "```text\n" + runner.invoke(command, ["--help"], prog_name="compass").output.strip() + "\n```\n"]
    for name in names:
        parts += sections(runner, command, [name], command.commands[name])  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in "\n".join(parts).splitlines()) + "\n"


def sections(runner: CliRunner, command: Command, names: list[str], one: Command) -> list[str]:
    """The help of a command, and of all below it."""
    found = [section(runner, command, names)]
    for name, below in getattr(one, "commands", {}).items():
        found += sections(runner, command, [*names, name], below)
    return found


def section(runner: CliRunner, command: Command, names: list[str]) -> str:
    """The help of one command, or of one below it."""
    text = runner.invoke(command, [*names, "--help"], prog_name="compass").output.strip()
    return f"{'#' * (len(names) + 1)} compass {' '.join(names)}\n\n```text\n{text}\n```\n"


def main() -> int:
    text = render()
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        print("docs/cli.md differs from the help: run tools/cli_docs.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
