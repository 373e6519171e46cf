"""The words that patterns are written in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from compass.domain.sign import SIGNS, known_signs, matches

FAMILIES = sorted({f"{sign.split('.')[0]}.*" for sign in SIGNS})


@given(st.sets(st.sampled_from([*SIGNS, *FAMILIES, "team.own", "team.*", "log.*x"]), max_size=5))
def test_the_signs_of_many_words_are_those_of_each(words: set[str]) -> None:
    assert known_signs(words) == {sign for sign in SIGNS if any(matches(word, sign) for word in words)}
