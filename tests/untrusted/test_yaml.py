"""YAML that somebody else wrote: what it holds, where it stands, and what is refused before anything is built."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from compass.untrusted.yaml import MAX_DEPTH, MAX_FILE_BYTES, Node, YamlError, locate, parse

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=4), below, max_size=3),
    max_leaves=12,
)  # fmt: skip


def test_values_lines_and_how_they_were_written() -> None:
    root = locate(b"a: 08:30\nb:\n  - 22:00\n  - {c: 2026-01-01,\n     d: on}\ne: 1.10\n")
    assert root is not None
    assert root.fields is not None
    assert [(key, line) for key, line, _ in root.fields] == [("a", 1), ("b", 2), ("e", 6)]
    listed = root.get("b")
    assert listed is not None
    assert listed.items is not None
    assert [(item.line, item.text) for item in listed.items] == [(3, "22:00"), (4, "")]
    inner = listed.items[1]
    assert (inner.get("d"), inner.get("x")) == (Node(5, value=True, text="on"), None)
    assert root.plain() == {"a": "08:30", "b": [1320, {"c": date(2026, 1, 1), "d": True}], "e": 1.1}


def test_nothing_and_a_day_that_does_not_exist() -> None:
    assert locate(b"# only a comment\n") is None
    assert locate(b"2026-02-30") == Node(1, value="2026-02-30", text="2026-02-30")
    longest = b"1" + b":0" * 300 + b".5"  # in base 60
    assert locate(longest) == Node(1, value=longest.decode(), text=longest.decode())
    for data in (b"2026-02-30", longest):
        with pytest.raises(YamlError, match="not valid YAML"):
            parse(data, trusted=True)


@pytest.mark.parametrize("data", [b"[" * 100_000, b"{a: " * (MAX_DEPTH + 1), b"- " * (MAX_DEPTH + 1) + b"x"])
def test_depth_is_bounded_before_anything_is_built(data: bytes) -> None:
    for read in (locate, lambda some: parse(some, trusted=False)):
        with pytest.raises(YamlError, match="nested more than 16 deep"):
            read(data)


@pytest.mark.parametrize(
    ("data", "says", "line"),
    [
        (b"a: 1\nb: &x 1", "anchors", 2),
        (b"\n*x", "anchors", 2),
        (b"a: 1\nuntil: !!timestamp x", "a YAML tag: tag:yaml.org,2002:timestamp", 2),
        (b"a: !!bool x", "a YAML tag", 1),
        (b"a:\n\n- !!int ''", "a YAML tag", 3),
        (b"!mine {a: 1}", "a YAML tag: !mine", 1),
        (b"a: b: c", "mapping values are not allowed", 1),
        (b"\xff\xff", "unreadable characters", 0),
        (b"x" * (MAX_FILE_BYTES + 1), "larger than 512 KiB", 0),
    ],
)
def test_what_is_wrong_names_its_line(data: bytes, says: str, line: int) -> None:
    for read in (locate, lambda some: parse(some, trusted=False)):
        with pytest.raises(YamlError, match=says) as told:
            read(data)
        assert told.value.line == line


@given(VALUES)
def test_both_ways_of_reading_see_the_same(value: object) -> None:
    data = yaml.safe_dump(value, allow_unicode=True).encode()
    if b"&id" in data:  # dumped as an alias because two parts of it are one object
        return
    root = locate(data)
    assert (None if root is None else root.plain()) == parse(data, trusted=False)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(YamlError):  # nothing else may come of it
        found = locate(data)
        assert found is None or found.line >= 1
