"""One line of standard input decides, whatever that is; where it has ended nobody has decided."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path
from typing import TextIO

import pytest
from rich.console import Console

from compass.entrypoints.cli.at_prompt import consent, gate
from compass.entrypoints.cli.render.live import LiveView
from tests.support.commanding import catalogue, listed


def pipe(text: str) -> TextIO:
    reads, writes = os.pipe()
    os.write(writes, text.encode())
    os.close(writes)
    return os.fdopen(reads)


def opened(path: Path) -> TextIO:
    return path.open(encoding="utf-8")


def view() -> LiveView:
    return LiveView(Console(file=StringIO()))


@pytest.mark.parametrize("kind", ["pipe", "file"])
@pytest.mark.parametrize(
    ("text", "goes_on", "spends"),
    [("\n", True, False), ("s\n", False, False), ("Y\n", True, True), ("", None, None)],
)
async def test_a_line_decides_and_the_end_of_input_is_nobody(
    kind: str, text: str, goes_on: bool | None, spends: bool | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").write_text(text, encoding="utf-8")
    for ask, answer in (("gate", goes_on), ("consent", spends)):
        with pipe(text) if kind == "pipe" else opened(tmp_path / "in") as given:
            monkeypatch.setattr("sys.stdin", given)
            if ask == "gate":
                assert await gate(view(), catalogue(), 30)(listed()) is answer
            else:
                assert await consent(view(), 30)("The budget is reached.") is answer


async def test_nothing_on_a_device_that_swallows_all_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(Path(os.devnull)) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert await gate(view(), catalogue(), 30)(listed()) is None


async def test_nobody_is_waited_for_longer_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    reads, writes = os.pipe()
    with os.fdopen(reads) as open_for_ever:
        monkeypatch.setattr("sys.stdin", open_for_ever)
        assert await gate(view(), catalogue(), 0.01)(listed()) is None
    os.close(writes)
