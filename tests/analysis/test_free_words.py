from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.free_words import MIN_CONSTANT, merge
from compass.analysis.line_shape import words_of


def groups(lines: list[str], kinds: list[int] | None = None) -> list[int]:
    return merge(words_of(lines), len(lines), np.array(kinds or [0] * len(lines)))[0].tolist()


def test_a_place_with_four_values_is_a_variable_and_one_with_three_is_not() -> None:
    lines = [f"order for {name} created" for name in ("alpha", "beta", "gamma", "delta")]
    assert groups(lines) == [0, 0, 0, 0]
    assert groups(lines[:3]) == [0, 1, 2]


def test_lines_of_different_kinds_are_never_equal() -> None:
    lines = [f"order for {name} created" for name in ("alpha", "beta", "gamma", "delta")] * 2
    assert groups(lines, [1] * 4 + [2] * 4) == [0] * 4 + [4] * 4


def test_levels_locations_and_the_first_word_stay() -> None:
    levels = [f"job {level} while at work" for level in ("INFO", "WARN", "ERROR", "DEBUG", "FATAL")]
    places = [f"job done in Worker#{number} now" for number in (11, 12, 13, 14, 15)]
    firsts = [f"{word} it is done" for word in ("so", "thus", "hence", "then", "ergo")]
    for lines in (levels, places, firsts):
        assert groups(lines) == [0, 1, 2, 3, 4]


WORD = st.sampled_from(("a", "b", "c", "d", "e", "f", "7"))


@given(st.lists(st.lists(WORD, max_size=7).map(" ".join), max_size=40))
@settings(max_examples=60, deadline=None)
def test_whatever_the_lines(lines: list[str]) -> None:
    """Each line is stood for by itself or an earlier one, those that stand for others by themselves; equal lines
    share theirs, and two constant words remain wherever there were three."""
    words = words_of(lines)
    stands, variable = merge(words, len(lines), np.zeros(len(lines), dtype=np.int64))
    assert (stands <= np.arange(len(lines))).all()
    assert (stands[stands] == stands).all()
    for i, line in enumerate(lines):
        assert stands[i] == stands[lines.index(line)]
        own = words.line == i
        had, has = int((~words.variable[own]).sum()), int((~variable[own]).sum())
        assert has == had or (had >= MIN_CONSTANT and has >= MIN_CONSTANT - 1)
