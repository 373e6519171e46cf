"""What a line contains, and what one of a template may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.projections.team.lines import contains, may_contain, meet


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
        ("code=<*>, page checksum <*> mismatch: bad", "checksum of page mismatch", False),
        ("code=<*>, pagechecksum <*> mismatch: bad", "checksum error mismatch", True),  # begins and ends within words
        ("error code <*> in session <*>", "ORA-00600", False),
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


@pytest.mark.parametrize(
    ("template", "wanted", "found"),
    [
        ("error code <*> in session <*>", "ORA-00600", True),
        ("error code=<*>: see above", "ORA-00600", True),
        ("error code <*> in session <*>", "ORA-00600 in session", True),
        ("error code ORA-<*> in session <*>", "ORA-00600", True),
        ("error code ORA-<*> in session", "code PG-00600 in session", False),
        ("error code ORA-<*> <*> <*>", "error PG-00600 in session", False),
        ("error code in session", "ORA-00600", False),
        ("error <*> in session", "mismatch", False),  # a word without a figure: what varies may be anything
        ("<*> <*> <*>", "page checksum mismatch", False),
    ],
)
def test_an_error_code_may_stand_where_a_template_has_a_wildcard(template: str, wanted: str, found: bool) -> None:
    assert may_contain(template, wanted, masked=True) is found


def test_a_word_of_many_wildcards_is_no_trouble() -> None:
    """Once a regular expression, whose time doubled with each."""
    many = "<*>" * 130 + "!"
    assert not may_contain(f"read {many} of block", "read checksum? of block")
    assert may_contain(f"read {many} of block", "read checksum! of block")
    assert not meet("*a" * 200 + "b", "a" * 400)
    assert meet("*a" * 200 + "*b", "a" * 400 + "b")


def met(one: str, other: str) -> bool:
    """Letter by letter: a star is nothing, or takes the other's next letter or star."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*" and (met(one[1:], other) or met(one, other[1:])):
        return True
    if other[0] == "*" and (met(one, other[1:]) or met(one[1:], other)):
        return True
    return one[0] == other[0] and met(one[1:], other[1:])


@given(st.text("ab*", max_size=6), st.text("ab*", max_size=6))
def test_two_words_meet_where_something_is_said_by_both(one: str, other: str) -> None:
    assert meet(one, other) is met(one, other) is meet(other, one)
    assert meet(one.replace("*", "<*>"), other) is met(one, other)
