"""The choice of models is written into compass.toml; every other letter of it stays."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from compass.entrypoints.choosing import HEAD, keep_choice, with_lines
from compass.ports.errors import ConfigurationError


def test_a_table_that_is_not_there_comes_at_the_end_under_a_word_about_money() -> None:
    assert with_lines("", "llm", {"fast": "a:b"}) == f'{HEAD}[llm]\nfast = "a:b"\n'
    assert with_lines("x = 1", "llm.providers.p", {"url": "u"}) == 'x = 1\n\n[llm.providers.p]\nurl = "u"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[llm]\nfast = "o"  # us\n[other]\nfast = "kept"\n', '[llm]\nfast = "a:b"  # us\n[other]\nfast = "kept"\n'),
        ('[ llm ] # note\ndeep = "d"\n', '[ llm ] # note\nfast = "a:b"\ndeep = "d"\n'),
        ('[llm]\n[llm.agents]\nfast = "an agent"\n', '[llm]\nfast = "a:b"\n[llm.agents]\nfast = "an agent"\n'),
        ("[llm]", '[llm]\nfast = "a:b"\n'),
    ],
)  # fmt: skip
def test_a_line_is_replaced_or_added_and_notes_and_other_tables_stay(text: str, expected: str) -> None:
    assert with_lines(text, "llm", {"fast": "a:b"}) == expected


def test_a_list_over_several_lines_is_replaced_whole() -> None:
    text = '[llm]\nfallback = [\n  "a:1",\n  "b:2",\n]\nfast = "a:b"\n'
    assert with_lines(text, "llm", {"fallback": ["c:3"]}) == '[llm]\nfallback = ["c:3"]\nfast = "a:b"\n'


async def test_a_choice_and_how_its_provider_is_reached_are_kept(tmp_path: Path) -> None:
    target = tmp_path / "compass.toml"
    target.write_text('[runbooks]\nfolder = "books"\n[llm.providers.compatible]\nkey = "env:KEY"\n')
    await keep_choice(target, {"fast": "compatible:m"}, "compatible", {"url": "https://llm.example/v1"})
    assert tomllib.loads(target.read_text()) == {
        "runbooks": {"folder": "books"},
        "llm": {"fast": "compatible:m", "providers": {"compatible": {"key": "env:KEY", "url": "https://llm.example/v1"}}},
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ['llm = {fast = "a:b"}\n', 'llm.fast = "a:b"\n', '[llm]\n"fast" = "a:b"\n', "llm = 3\n"]
)
async def test_what_is_written_another_way_is_left_alone_and_said(tmp_path: Path, text: str) -> None:
    target = tmp_path / "compass.toml"
    target.write_text(text)
    with pytest.raises(ConfigurationError, match="is not edited here") as caught:
        await keep_choice(target, {"fast": "c:d"})
    assert 'fast = "c:d"' in caught.value.hint
    assert target.read_text() == text


async def test_a_choice_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    target = tmp_path / "compass.toml"
    with pytest.raises(ConfigurationError, match="names no provider and model"):
        await keep_choice(target, {"fast": "no colon"})
    assert not target.exists()
