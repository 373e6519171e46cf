"""`compass redact`: what would leave of a text, by line, and never the thing that would not."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.entrypoints.cli.redacting import MOST_AT_ONCE, found_lines, masked_lines
from compass.redaction import Masker
from tests.support.cli import Cli

TEXT = (
    "starting\nlogin password=hunter2 from 10.0.0.7\r\n\x1b[31mall good\x1b[0m\nkey:\n"
    "-----BEGIN PRIVATE KEY-----\nMIIEhunter2\nhunter2==\n-----END PRIVATE KEY-----\nacme\nbank and bob@example.com\n"
)  # fmt: skip


@pytest.fixture
def bare(tmp_path: Path) -> Cli:
    return Cli(environment={"HOME": str(tmp_path)})


def test_a_check_shows_lines_and_kinds_and_never_the_secret(bare: Cli, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text(TEXT, encoding="utf-8", newline="")
    done = bare("redact", "--check", "app.log", "--names", "Acme Bank", cwd=tmp_path)
    assert done.code == 1
    assert "hunter2" not in done.said
    assert done.out.splitlines()[0] == "5 replaced in 4 lines: 1 email, 1 ip, 1 name, 1 private-key, 1 secret"
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == ["2", "5", "9", "10"]
    rows = bare("redact", "--json", "app.log", cwd=tmp_path).json()
    assert isinstance(rows, list)
    assert [row["line"] for row in rows] == [2, 5, 10]


def test_a_text_with_nothing_in_it_is_left_as_it_is(bare: Cli, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("all is well\n\tdone\n", encoding="utf-8")
    done = bare("redact", "--check", "app.log", cwd=tmp_path)
    assert (done.code, done.out) == (0, "nothing would be replaced\n")
    assert bare("redact", "app.log", cwd=tmp_path).out == "all is well\n\tdone\n"


def test_without_a_check_the_text_is_printed_as_it_would_leave(bare: Cli, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text(TEXT, encoding="utf-8", newline="")
    (tmp_path / "compass.toml").write_text(
        '[llm.redaction]\nnames = ["bob@example"]\naddresses = false\n', encoding="utf-8"
    )
    done = bare("redact", "app.log", cwd=tmp_path)
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "hunter2" not in done.out
    assert "login password=[redacted:secret#2] from 10.0.0.7" in done.out


def test_a_file_that_is_not_there_is_said(bare: Cli, tmp_path: Path) -> None:
    done = bare("redact", "--check", "nothing.log", cwd=tmp_path)
    assert done.code == 2
    assert "nothing.log" in done.err
    assert bare("redact", "--check", "-", cwd=tmp_path).code == 0


def test_long_files_are_searched_whole_and_keep_their_lines() -> None:
    key = ["-----BEGIN PRIVATE KEY-----", *["hunter2" * 9] * 300, "-----END PRIVATE KEY-----"]
    lines = ["x" * 90] * (MOST_AT_ONCE // 91 - 100) + key + ["y"] * 3000 + ["token=hunter2"]
    text = "\n".join(lines)
    found = found_lines(text, Masker(lines=True))
    assert [one.line for one in found] == [lines.index(key[0]) + 1, len(lines)]
    assert len(list(masked_lines(text, Masker(lines=True)))) == len(lines)
    assert not any("hunter2" in masked for _, masked in masked_lines(text, Masker(lines=True)))
