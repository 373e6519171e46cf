"""Documents from bytes: passages with their places, front matter, what is refused and where."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.analysis.documents import MOST_BYTES, document_of
from compass.analysis.passages import HARD_SIZE, LONGEST_LINE, SIZE
from compass.domain.documents import Document, Scope
from compass.ports.errors import BadInputError

RUNBOOK = """---
title: When the pool is empty
services: [Orders, payments, orders]
mechanism: connection_pool_exhausted
team: Shop
kind: runbook
other: {kept: out}
---
# Pool

First words.

## Exhausted [now](https://wiki/x) *really*

1. Look
   - closer

```sh
# no heading
kubectl get pods
```

### Below

| a | b |
|---|---|

## Nothing below

Setext
------
Last words.
"""


def read(text: str, name: str = "docs/pool.md") -> Document:
    return document_of(name, text.encode())


def test_passages_stand_below_their_headings_with_their_lines() -> None:
    found = read(RUNBOOK)
    lines = RUNBOOK.splitlines()
    assert [(one.heading, one.first_line, one.last_line) for one in found.passages] == [
        (("Pool",), 9, 11),
        (("Pool", "Exhausted now really"), 13, 21),
        (("Pool", "Exhausted now really", "Below"), 23, 26),
        (("Pool", "Setext"), 30, 32),
    ]
    for one in found.passages:
        assert one.text.splitlines() == lines[one.first_line - 1 : one.last_line]
    assert [one.position for one in found.passages] == [0, 1, 2, 3]
    assert found.head.lines == len(lines)


def test_front_matter_says_what_it_is_for() -> None:
    head = read(RUNBOOK).head
    scope = Scope(services=("orders", "payments"), mechanisms=("connection_pool_exhausted",), team="Shop")
    assert (head.title, head.kind, head.scope) == ("When the pool is empty", "runbook", scope)
    plain = read("# Title\ntext\n").head
    assert (plain.title, plain.kind, plain.scope) == ("Title", "document", Scope())
    assert read("words\n", "a/notes.txt").head.title == "notes.txt"


@pytest.mark.parametrize(
    "text", ["---\nwords\n---\ntext\n", "---\n\ntext\n", "---\n---\ntext\n", "---\n- a\n---\ntext"]
)
def test_rules_are_no_front_matter(text: str) -> None:
    found = read(text)
    assert found.head.scope == Scope()
    assert "text" in found.passages[-1].text


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("---\ntitle: x\nservices: [a, {b: c}]\n---\n", "docs/pool.md:3", "services has to be a name"),
        ("---\nkind: [x]\n---\n", "docs/pool.md:2", "kind has to be a name"),
        ("---\nteam: true\n---\n", "docs/pool.md:2", "team has to be a name"),
        ("---\ntitle: x\nservices: [a\n---\n", "docs/pool.md:4", "front matter"),
        (f"---\nservices: [{', '.join(map(str, range(60)))}]\n---\n", "docs/pool.md:2", "60 names, at most 50"),
        ("---\nx: 1\na: !!python/object:os.system x\n---\n", "docs/pool.md:3", "front matter"),
        ("---\na: &x [1]\nb: *x\n---\n", "docs/pool.md:2", "anchors"),
        ("---\nkind: a\nkind: b\n---\n", "docs/pool.md:3", "twice"),
    ],
)
def test_wrong_front_matter_is_told_with_its_line(text: str, where: str, what: str) -> None:
    with pytest.raises(BadInputError, match=what) as told:
        read(text)
    assert told.value.where == where
    assert told.value.hint or "at most" in what


def test_what_is_no_utf8_is_told_with_its_place() -> None:
    with pytest.raises(BadInputError, match="byte 0xff is no UTF-8") as told:
        document_of("a.md", "é\nab".encode() + b"\xff\n")
    assert told.value.where == "a.md:2:3"


def test_too_large_is_refused() -> None:
    assert read("x" * MOST_BYTES).passages
    with pytest.raises(BadInputError, match="more than 200,000 bytes"):
        read("x" * (MOST_BYTES + 1))


def test_secrets_and_control_characters_stay_outside_and_lines_where_they_are() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\ndef\n-----END RSA PRIVATE KEY-----"
    found = read(f"# A\npass\x1b[1mword=hunter2hunter2 mail jo@shop.example\r\n{key}\n## B\u202e\nend\x00\n")
    text = "\n".join(one.text for one in found.passages)
    for gone in ("hunter2", "jo@", "MIIabc", "\x1b", "\x00", "\r"):
        assert gone not in text
    assert [(one.heading, one.first_line, one.last_line) for one in found.passages] == [
        (("A",), 1, 3), (("A", "B"), 7, 8),
    ]  # fmt: skip


def test_long_texts_are_cut_at_lines_and_code_stays_whole() -> None:
    prose = "\n".join(f"line {number} " + "x" * 90 for number in range(60))
    code = "```\n" + "\n".join(f"run {number} " + "y" * 90 for number in range(40)) + "\n```"
    found = read(f"# T\n{prose}\n\n{code}\n\nafter\n").passages
    assert all(len(one.text) <= SIZE for one in found if "run" not in one.text)
    (whole,) = (one for one in found if "run" in one.text)
    assert SIZE < len(whole.text) <= HARD_SIZE
    assert "run 0 " in whole.text
    assert "run 39 " in whole.text
    huge = read("```\n" + "z" * 100 + "\n" + ("w" * 99 + "\n") * 200 + "```\n").passages
    assert len(huge) > 1
    assert all(len(one.text) <= HARD_SIZE for one in huge)
    assert max(len(one.text) for one in read("v" * 9_000).passages) <= LONGEST_LINE


def test_a_text_file_is_split_at_blank_lines_alone() -> None:
    found = read("# no heading\none\n\n\n" + "\n".join("t" * 100 for _ in range(20)) + "\n\nlast\n", "n.txt").passages
    assert [one.heading for one in found] == [()] * len(found)
    assert (found[0].first_line, found[-1].last_line) == (1, 26)


def test_the_digest_is_of_the_content() -> None:
    assert read("a\n").head.digest == read("a\n").head.digest != read("a \n").head.digest


@pytest.mark.parametrize(
    "piece", ["[", "![[", "> ", "* ", "`", "| a |\n|-|\n", "<a ", "\\", "- - ", "#\n", "&#1;", "_*"]
)
def test_no_text_takes_long(piece: str) -> None:
    text = (piece * (MOST_BYTES // len(piece)))[: MOST_BYTES - 1]
    started = time.process_time()
    read(text)
    assert time.process_time() - started < 10


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab#-`~>|*1. \n\t\r[]:\\é\x1b"), max_size=400))
def test_every_line_that_says_something_is_in_one_passage_in_order(text: str) -> None:
    found = document_of("x.md", text.encode())
    last = 0
    for one in found.passages:
        assert last < one.first_line <= one.last_line <= max(1, found.head.lines)
        assert len(one.text) <= HARD_SIZE
        last = one.last_line
