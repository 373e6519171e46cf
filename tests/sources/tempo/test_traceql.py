"""Queries: nothing breaks out of a literal, slices cover a window once, a share is even and exact."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.domain.time import NS_PER_S, Window
from compass.sources.tempo.traceql import (
    FIELDS,
    LONGEST,
    LONGEST_QUERY,
    RESOURCE,
    SPAN,
    Share,
    bounded,
    count_query,
    quoted,
    searchable,
    selected,
    share_for,
    slices,
    spans_query,
    spanset,
)

# What Go's strconv.Unquote takes apart again: the escapes that are used.
_GO = re.compile(r"\\(?:u([0-9a-f]{4})|(.))", re.DOTALL)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"'}


def unquoted(literal: str) -> str:
    return _GO.sub(lambda one: chr(int(one[1], 16)) if one[1] else _SIMPLE[one[2]], literal[1:-1])


@given(st.text())
def test_a_literal_holds_what_it_was_given_and_ends_where_it_ends(text: str) -> None:
    literal = quoted(text)
    assert re.fullmatch(r'"(?:[^"\\\n]|\\.)*"', literal)
    assert unquoted(literal) == text
    assert not set(literal) & set(map(chr, range(32)))


@pytest.mark.parametrize("text", ['" } || { true', "\\", '\\"', "a\nb", "\0", "`", "😀", "\x7f"])
def test_hostile_values_stay_inside(text: str) -> None:
    literal = quoted(text)
    assert unquoted(literal) == text
    assert "\n" not in literal
    assert "\0" not in literal


def test_half_a_character_is_replaced() -> None:
    assert quoted("\ud800") == '"?"'


def test_conditions_are_joined_so_that_none_swallows_another() -> None:
    assert spanset() == "{ }"
    assert spanset("", " ") == "{ }"
    assert spanset("a = 1 || b = 2") == "{ a = 1 || b = 2 }"
    assert spanset("a = 1 || b = 2", "c = 3") == "{ (a = 1 || b = 2) && (c = 3) }"
    assert count_query("a = 1") == "{ a = 1 } | count_over_time()"


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(1, 12))
def test_slices_cover_the_window_once(start: int, length: int, parts: int) -> None:
    window = Window(start_ns=start * NS_PER_S + 7, end_ns=(start + length) * NS_PER_S + 1)
    found = slices(window, parts)
    assert 1 <= len(found) <= parts
    assert found[0].start_s * NS_PER_S <= window.start_ns
    assert found[-1].end_s * NS_PER_S >= window.end_ns
    assert all(one.start_s < one.end_s for one in found)
    assert all(a.end_s == b.start_s for a, b in pairwise(found))
    lengths = [one.end_s - one.start_s for one in found]
    assert max(lengths) - min(lengths) <= 1


def test_an_empty_window_is_a_second() -> None:
    (one,) = slices(Window(start_ns=5 * NS_PER_S, end_ns=5 * NS_PER_S), 6)
    assert (one.start_s, one.end_s) == (5, 6)


def test_what_is_longer_than_tempo_searches_is_cut_at_its_beginning() -> None:
    window = Window(start_ns=0, end_ns=(LONGEST + 10) * NS_PER_S)
    assert searchable(window) == Window(start_ns=10 * NS_PER_S, end_ns=window.end_ns)
    short = Window(start_ns=0, end_ns=60 * NS_PER_S)
    assert searchable(short) == short


@given(st.integers(1, 4095))
def test_a_share_is_exactly_the_ids_whose_ends_are_below(below: int) -> None:
    share = Share(below=below, digits=3)
    pattern = re.fullmatch(r'trace:id =~ "(.*)"', share.condition)
    assert pattern is not None
    ids = [f"{7 * n:029x}{n:03x}" for n in range(4096)]
    # Tempo leaves out zeros at the beginning of ids, and anchors patterns.
    chosen = [n for n, one in enumerate(ids) if re.fullmatch(pattern[1].removesuffix("$"), one)]
    assert chosen == list(range(below))
    assert share.value == below / 4096


@given(st.integers(1, 20_000), st.floats(1, 1e8))
def test_a_share_takes_at_most_what_it_may_and_nearly_that(most: int, there: float) -> None:
    share = share_for(most, there)
    if there <= most:
        assert share.whole
        assert share.condition == ""
    else:
        expected = there * share.value
        assert expected <= most * (1 + 1e-9) or share.below == 1
        assert expected >= most * 15 / 16 - 1e-6


def test_without_a_count_everything_is_asked_for() -> None:
    assert share_for(100, 0.0).whole


def test_a_query_asks_for_what_is_read_and_fits_into_tempos_buffer() -> None:
    query = spans_query('resource.k8s.namespace.name = "shop"', share_for(8000, 298_840))
    assert len(query) <= LONGEST_QUERY
    assert all(f"span.{key}" in FIELDS for key in SPAN)
    assert all(f"resource.{key}" in FIELDS for key in RESOURCE)
    assert all(re.search(rf"[(,]{re.escape(one)}[,)]", query) for one in FIELDS)


def test_a_long_filter_leaves_out_what_says_least() -> None:
    bound = f"resource.team = {quoted('x' * 200)}"
    kept = selected(bound, Share())
    assert len(spans_query(bound, Share())) <= LONGEST_QUERY
    assert {"span:parentID", "name", "status", "kind", "resource.service.name"} <= set(kept)
    assert 0 < len(kept) < len(FIELDS)
    assert kept == [one for one in FIELDS if one in kept]
    assert selected(f"resource.team = {quoted('x' * 2000)}", Share()) == list(FIELDS[:5])


def test_a_query_is_bounded_without_changing_what_it_says() -> None:
    query = '{ (resource.service.name = "a" || status = error) }'
    assert bounded(query) == query
    assert bounded(query, "", "duration > 5ns") == (
        '{ ((resource.service.name = "a" || status = error)) && (duration > 5ns) }'
    )
    assert bounded('{ span.a = "}" }', "kind = client") == '{ (span.a = "}") && (kind = client) }'
