"""LogQL text: what hostile values become, and that our reading of a level is that of the queries."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.signals.severity import BAD_LEVELS, BAD_LINE, GOOD_LEVELS
from compass.sources.loki import logql

HOSTILE = ['a"b', "a`b", "a\nb", "a\\", '"} | line_format "x', "{}", "ä€😀", "tab\there", "\x00\x1b", "a|b", ".*", ""]


def unquoted(literal: str) -> str:
    """A Go string literal as Go reads it (strconv.Unquote), for what `quoted` may write."""
    assert re.fullmatch(r'"(?:[^"\\\x00-\x1f]|\\["\\nrtbf]|\\u[0-9a-f]{4})*"', literal), literal
    read = json.loads(literal)
    assert isinstance(read, str)
    return read


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_stays_inside_its_literal(value: str) -> None:
    assert unquoted(logql.quoted(value)) == value
    made = logql.matcher("app", "=", value)
    assert made.startswith("app=")
    assert unquoted(made.removeprefix("app=")) == value


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_quoted(value: str) -> None:
    assert unquoted(logql.quoted(value)) == value


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=4))
def test_one_of_several_values_matches_these_and_no_other(values: list[str]) -> None:
    made = logql.one_of("app", values)
    pattern = re.compile(unquoted(made.removeprefix("app=~")), re.DOTALL)
    # The characters that RE2 and Python read alike: every one of RE2's special ones is escaped.
    assert all(pattern.fullmatch(value) for value in values)
    assert not pattern.fullmatch("".join(values) + "x")


def test_a_selector_is_narrowed_inside_its_braces() -> None:
    assert logql.narrowed('{app="a"}', 'pod="p"') == '{app="a", pod="p"}'
    assert logql.narrowed(' { app="a", } ', 'pod="p"') == '{app="a", pod="p"}'
    assert logql.having("app") == '{app=~".+"}'


def test_a_sample_is_what_one_millisecond_in_so_many_has() -> None:
    assert logql.one_in("{a=~`.+`}", 1) == "{a=~`.+`}"
    assert "mod __timestamp__.UnixMilli 7" in logql.one_in("{a=~`.+`}", 7)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [({"level": "ERROR"}, "bad"), ({"detected_level": "warn"}, "bad"), ({"level": "info"}, "good"),
     ({"detected_level": "unknown"}, "unsaid"), ({"level": "strange"}, "unsaid"), ({}, "unsaid")],
)  # fmt: skip
def test_the_class_of_a_line_is_told_by_the_labels_that_state_a_level(labels: dict[str, str], expected: str) -> None:
    assert logql.class_of(labels) == expected


@pytest.mark.parametrize("level", ["ERROR", "Warning", "info", "debug", "other", ""])
def test_the_queries_for_bad_lines_and_for_the_others_are_complements(level: str) -> None:
    bad = re.search(r'level=~"([^"]*)"', logql.bad_by_level("{}", ["level"]))
    rest = re.search(r'level!~"([^"]*)"', logql.others("{}", ["level"]))
    known = re.search(r'level!~"([^"]*)"', logql.bad_by_words("{}", ["level"]))
    assert bad is not None
    assert rest is not None
    assert known is not None
    is_bad = bool(re.fullmatch(bad[1], level))
    assert is_bad == (level.lower() in BAD_LEVELS)
    assert bool(re.fullmatch(rest[1], level)) == is_bad
    assert bool(re.fullmatch(known[1], level)) == (level.lower() in BAD_LEVELS | GOOD_LEVELS)


@given(st.from_regex(BAD_LINE))
def test_every_bad_line_has_one_of_the_words_that_are_looked_for_first(line: str) -> None:
    assert re.search(BAD_LINE, line)
    assert re.search(logql.SOME_WORD, line)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("order <_> placed", "order <_> placed"), ("<_>paid <_><_>", "<_>paid <_>"), ("user <name> <_>", "user <_> <_>"),
     ("<a><_><b> gone", "<_> gone"), ("5 < 6 <_>", ""), ("<_> - [<_>]", ""), ("<_>", ""), ("a < b", "a < b"),
     ("<b>größe</b> <_>", "<_>größe</b> <_>")],
)  # fmt: skip
def test_a_pattern_becomes_what_filters_take(pattern: str, expected: str) -> None:
    assert logql.pattern_filter(pattern) == expected


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_pattern_stays_inside_its_literal(value: str) -> None:
    made = logql.unlike('{app="a"}', [value, "x <_>"])
    assert unquoted(made.removeprefix('{app="a"} !> ').removesuffix(' !> "x <_>"')) == value


def test_values_are_left_out_literally() -> None:
    assert logql.none_of("app", ["a.b", "c"]) == 'app!~"a\\\\.b|c"'
