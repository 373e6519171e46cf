"""Where a passage stands and how old it is, in words."""

from __future__ import annotations

import pytest

from compass.entrypoints.cli.render.beside import documents
from compass.entrypoints.cli.render.page import Page
from compass.projections.build_view import build_view
from compass.projections.documents import age_words, place_words, said_words
from compass.projections.view import View
from tests.investigation.test_reading import known, quoted


@pytest.mark.parametrize(
    ("heading", "lines", "words"),
    [
        ((), (3, 3), "docs/pool.md (l. 3)"),
        (("Orders",), (3, 9), "docs/pool.md › Orders (l. 3-9)"),
        (("Orders", "Full"), (3, 9), "docs/pool.md › Full (l. 3-9)"),
        (("Other", "Full"), (3, 9), "docs/pool.md › Other › Full (l. 3-9)"),
    ],
)
def test_a_place_is_path_headings_and_lines(heading: tuple[str, ...], lines: tuple[int, int], words: str) -> None:
    assert place_words("docs/pool.md", heading, *lines, title="Orders") == words


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("", ""), ("2026-01-10T11:00:00+00:00", "today"), ("2026-01-09T11:00:00+00:00", "yesterday"),
        ("2025-12-10T12:00:00+01:00", "31 days ago"), ("2025-01-10T12:00:00+00:00", "12 months ago"),
        ("2023-01-10T12:00:00+00:00", "3 years ago"), ("2026-02-10T12:00:00+00:00", ""),
    ],
)  # fmt: skip
def test_an_age_is_counted_to_the_incident(changed: str, words: str) -> None:
    assert age_words(changed, 1_768_046_400 * 10**9) == words  # 2026-01-10 12:00 UTC


def test_words_leave_out_the_heading_that_the_place_names() -> None:
    assert said_words("# Full\n\n1. Raise\n2.  look") == "1. Raise 2. look"
    assert said_words("# Full") == "# Full"
    assert said_words("plain\nwords") == "plain words"


def shown(view: View, page: Page) -> list[str]:
    return [line.plain for line in documents(view, page)]


def test_one_line_a_document_with_its_labels_and_the_heading_before_the_folders() -> None:
    long = "knowledge/documents/runbooks/pool.md"
    passages = [quoted(document=long), quoted(document=long, first_line=50, about=("H2",)), quoted(document="b.txt"),
                quoted(document="c.md", kind="document", about=(), changed_at="", team="")]  # fmt: skip
    view = build_view(known(*passages), {}, id="x", number=1)
    narrow = shown(view, Page())
    assert narrow[0] == "WRITTEN   D1, D2 for H1, H2 runbook: …/pool.md › Pool full (l. 12-40)"
    assert len(narrow) == 2
    assert narrow[1].endswith(" (+1)")
    assert all(len(line) <= 80 for line in narrow)
    whole = shown(view, Page(uncut=True))
    assert whole[0].endswith(f"{long} › Pool full (l. 12-40), of Shop, changed 44 days ago, commit 0123456789ab")
    assert whole[2] == "          D4 c.md › Pool full (l. 12-40), commit 0123456789ab"
