"""A command in words: it names the investigation that it is meant for."""

from __future__ import annotations

import pytest

from compass.domain.commands import ALONE, command
from tests.entrypoints.cli.test_which import ALONE as TAKE_IT_ALONE


@pytest.mark.parametrize(
    ("words", "of", "written"),
    [
        ("why 1", 0, "compass why 1"),
        ("why 1", 7, "compass why 1 -i 7"),
        ("why 1", "01a2192c", "compass why 1 -i 01a2192c"),
        ("why 1", "#7", "compass why 1 -i 7"),
        ("why 1", "", "compass why 1"),
        ("accounts", 7, "compass accounts -i 7"),
        ("resume", 0, "compass resume"),
        ("resume", 7, "compass resume 7"),
        ("timeline --all", 7, "compass timeline 7 --all"),
    ],
)
def test_the_investigation_is_named_as_the_command_takes_it(words: str, of: int | str, written: str) -> None:
    assert command(words, of) == written


def test_what_takes_the_number_as_its_argument_does_so_on_the_command_line() -> None:
    assert {path for path in TAKE_IT_ALONE if " " not in path} == ALONE
