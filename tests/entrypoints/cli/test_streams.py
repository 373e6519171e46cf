"""A reader that went away is no error; a full disk and a closed stream are one line. Processes of their own: it is
about the streams that they are given."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import COMMAND, PATIENCE_S
from tests.support.forked import bare

COMMANDS = {"help": ["--help"], "a file": ["redact"]}


def call(
    words: list[str], tmp_path: Path, redirect: str = "", stdout: int | None = None
) -> subprocess.CompletedProcess[str]:
    """The command behind a shell's redirection. `redact` is given a file that no buffer holds whole."""
    if words == ["redact"]:
        (tmp_path / "long.txt").write_text("a line of a log\n" * 10_000)
        words = ["redact", str(tmp_path / "long.txt")]
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirect}', "sh", *COMMAND, *words],
        stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S, env=bare(), check=False,
    )  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_reader_that_went_away_is_no_error(words: list[str], tmp_path: Path) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    done = call(words, tmp_path, stdout=writes)
    os.close(writes)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_full_disk_is_one_line_and_code_1(words: list[str], tmp_path: Path) -> None:
    done = call(words, tmp_path, ">/dev/full")
    assert done.returncode == 1
    assert done.stderr == "compass: standard output cannot be written: No space left on device\n"


def test_a_closed_output_is_one_line_and_code_1(tmp_path: Path) -> None:
    done = call(["--help"], tmp_path, ">&-")
    assert done.returncode == 1
    assert done.stderr == "compass: standard output is closed: there is nowhere to write the answer\n"


def test_a_closed_input_and_a_closed_error_stream_end_nothing(tmp_path: Path) -> None:
    done = call(["redact"], tmp_path, "<&- 2>&- >/dev/null")
    assert done.returncode == 0
