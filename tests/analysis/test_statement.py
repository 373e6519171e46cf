"""Lines of another time that are the statement of a template."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.analysis.statement import MOST_CHARS, says, statement
from compass.analysis.templates import mine

FAILED = "could not charge order 17 after 3 tries"


@pytest.mark.parametrize(
    ("line", "same"),
    [
        (FAILED, True),
        ("could not charge order 99 after 12 tries", True),
        ("could not charge order 99 after 12 tries.", True),
        ("could not charge order 99", False),
        ("did charge order 99 after 12 tries", False),
        ("could not charge order 99 after 12 tries and gave up", False),
        ("will retry: could not charge order 99 after 12 tries", False),
    ],
)
def test_other_values_are_the_same_statement(line: str, same: bool) -> None:
    kept = statement(mine([FAILED, "could not charge order 23 after 1 tries"]).texts[0])
    assert says(line, kept) is same


def test_a_fix_that_moves_the_line_in_its_file_does_not_hide_that_it_still_fails() -> None:
    kept = statement(mine(["2026-01-05 10:00:01 ERROR charge.go:88 card refused"]).texts[0])
    assert says("2026-01-05 11:30:59 ERROR charge.go:91 card refused", kept)
    assert not says("2026-01-05 11:30:59 ERROR refund.go:91 card refused", kept)


def test_a_status_is_part_of_the_statement() -> None:
    kept = statement(mine(["upstream answered status=500 in 12 ms"]).texts[0])
    assert says("upstream answered status=500 in 900 ms", kept)
    assert not says("upstream answered status=200 in 900 ms", kept)


@pytest.mark.parametrize("text", ["", "<*>", "<*> = <*>", "12"])
def test_what_fixes_nothing_identifies_nothing(text: str) -> None:
    assert statement(text) == ""


def test_a_long_statement_is_known_by_how_it_begins() -> None:
    line = "word " * 40 + "x " * 200
    kept = statement(mine([line]).texts[0])
    assert len(kept) <= MOST_CHARS + len("<*>")
    assert says(line, kept)


WORDS = st.lists(st.sampled_from(["order", "refused", "a=1", "12:30:01", "charge.go:88", "(id", "7)", "–", "café"]))


@given(WORDS)
def test_every_line_is_the_statement_of_its_own_template(words: list[str]) -> None:
    line = " ".join(["failed", *words])
    assert says(line, statement(mine([line]).texts[0]))
