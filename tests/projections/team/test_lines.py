"""What a line contains, and what one of a template may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.projections.team.lines import contains, may_contain


@pytest.mark.parametrize(
    ("line", "wanted", "found"),
    [
        ("ERROR  page checksum\tmismatch in block 7", "checksum mismatch", True),
        ("ERROR page checksum mismatch", "CHECKSUM", True),
        ("read of block 7 failed: timeout", "read of * failed", True),
        ("failed read of", "read of * failed", False),
        ("connection to <*> refused", "connection to db-1 refused", False),
        ("anything", "*", False),
        ("a b", "a", False),
    ],
)
def test_what_a_line_surely_says(line: str, wanted: str, found: bool) -> None:
    assert contains(line, wanted) is found


@pytest.mark.parametrize(
    ("template", "wanted", "found"),
    [
        ("connection to <*> refused", "connection to db-1 refused", True),
        ("ORA-<*> internal error code", "ORA-00600 internal error", True),
        ("read of <*> failed", "read of * failed", True),
        ("<*> <*> <*>", "page checksum mismatch", False),  # stands for everything, so for nothing in particular
        ("<*> checksum <*>", "page checksum mismatch", False),
        ("page checksum <*>", "page checksum mismatch", True),
        ("cache miss for <*>", "page checksum mismatch", False),
    ],
)
def test_what_a_template_may_say(template: str, wanted: str, found: bool) -> None:
    assert may_contain(template, wanted) is found


WORDS = st.lists(st.text("abcdef", min_size=3, max_size=6), min_size=1, max_size=8)


@given(before=WORDS, words=WORDS, after=WORDS, gone=st.sets(st.integers(0, 7)))
def test_a_line_is_never_missed_when_at_most_half_of_its_words_vary(
    before: list[str], words: list[str], after: list[str], gone: set[int]
) -> None:
    gone = set(sorted(gone & set(range(len(words))))[: len(words) // 2])
    template = [*before, *("<*>" if i in gone else word for i, word in enumerate(words)), *after]
    assert contains(" ".join([*before, *words, *after]), " ".join(words))
    assert may_contain(" ".join(template), " ".join(words))


def test_a_text_of_many_stars_or_words_is_no_trouble() -> None:
    assert may_contain("page checksum <*>", "page " + "* " * 900 + "checksum mismatch")
    assert not may_contain("<*> " * 60, "page * " * 400)
