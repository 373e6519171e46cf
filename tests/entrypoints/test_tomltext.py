"""What is written is read back as it was, whatever the texts hold."""

from __future__ import annotations

import math
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.entrypoints.tomltext import rest_text, tables_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.one_of(TEXT, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False))
VALUE = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
TABLES = st.dictionaries(TEXT, st.dictionaries(TEXT, VALUE, max_size=5), min_size=1, max_size=4)


@given(TABLES)
def test_everything_is_read_back_as_it_was(tables: dict[str, dict[str, object]]) -> None:
    assert tomllib.loads(tables_text("sources", tables)) == {"sources": tables}


def test_it_is_written_as_a_person_would() -> None:
    table = {"type": "mimir", "url": "https://a.b/c", "headers": {"X-Team": 'say "hi"'}, "points": 3, "on": True}
    assert tables_text("sources", {"metrics": table, "my logs": {"namespaces": ["a", "b"], "x": 0.5}}) == (
        '[sources.metrics]\ntype = "mimir"\nurl = "https://a.b/c"\nheaders = { X-Team = "say \\"hi\\"" }\n'
        'points = 3\non = true\n\n[sources."my logs"]\nnamespaces = ["a", "b"]\nx = 0.5\n'
    )


def test_a_number_that_is_none_has_a_word() -> None:
    assert math.isnan(tomllib.loads(tables_text("s", {"t": {"x": math.nan}}))["s"]["t"]["x"])


@pytest.mark.parametrize("value", [None, b"bytes", object(), "\ud800"])
def test_what_toml_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="TOML"):
        tables_text("sources", {"a": {"b": value}})


TABLE = st.dictionaries(TEXT, VALUE, max_size=3)


@given(st.dictionaries(TEXT, TABLE | st.lists(TABLE, min_size=1, max_size=3), max_size=3))
def test_other_tables_are_read_back_as_they_were(others: dict[str, object]) -> None:
    assert tomllib.loads(rest_text(others)) == others


@pytest.mark.parametrize("others", [{"a": 1}, {"a": []}, {"a": [1]}])
def test_what_is_no_table_is_refused(others: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a holds no tables"):
        rest_text(others)
