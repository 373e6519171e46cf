"""What was found in a team's documents, as lines."""

from __future__ import annotations

import pytest

from compass.analysis.passages import passages_of
from compass.domain.documents import DocumentHead, FoundPassage
from compass.entrypoints.cli.render.documents import found_lines
from compass.entrypoints.cli.render.page import Page

HEAD = DocumentHead(name="runbook.md", title="Runbook", digest="d", lines=9)
CODE = ["```sh", "# find who holds the lock", "psql -c locks", "# then end it", "```"]


def shown(lines: list[str], *, markdown: bool = True) -> list[str]:
    """The lines below the two that say where and why."""
    (passage,) = passages_of(lines, markdown=markdown)
    found = FoundPassage(head=HEAD, passage=passage, said=1.0, tagged=False, cosine=None, score=1.0)
    return [line.plain.removeprefix("  ") for line in found_lines([found], 1, Page(width=80, full=True))[2:]]


@pytest.mark.parametrize(
    "heading",
    [
        ["## Locks"], ["## Locks ##"], ["#\tLocks"], ["## The [`locks`](https://wiki.test/locks)"], ["  # **Locks**"],
        ["Locks", "====="], ["Locks", "-----"],
    ],
)  # fmt: skip
def test_only_the_heading_of_a_passage_is_left_out_and_no_comment_of_its_commands(heading: list[str]) -> None:
    assert shown([*heading, "", *CODE]) == CODE


def test_a_passage_without_a_heading_of_its_own_is_shown_whole() -> None:
    assert shown(CODE) == CODE
    assert shown(["# restart it", "reboot"], markdown=False) == ["# restart it", "reboot"]


def test_a_comment_that_opens_the_later_part_of_a_long_section_is_text() -> None:
    long = ["# Locks", "", *(f"word {n} " + "x" * 80 for n in range(17)), "", "```", "# end it", "kill", "```"]
    passages = passages_of(long, markdown=True)
    assert [passage.heading for passage in passages] == [("Locks",), ("Locks",)]
    found = [FoundPassage(head=HEAD, passage=p, said=1.0, tagged=False, cosine=None, score=1.0) for p in passages]
    lines = [line.plain.strip() for line in found_lines(found, 2, Page(width=200, full=True))]
    assert "# end it" in lines
    assert "# Locks" not in lines
