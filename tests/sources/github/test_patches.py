"""Diffs of many files."""

from __future__ import annotations

from compass.sources.github.patches import MOST_DIFF, bounded, patches, turned
from tests.sources.github.hub import patch

SQL = """diff --git a/a.sql b/a.sql
index 1..2 100644
--- a/a.sql
+++ b/a.sql
@@ -1,2 +1,3 @@ create
 kept
--- a comment that went
+++ odd
+new
"""


def test_turned_twice_is_as_it_was() -> None:
    way_back = turned(SQL)
    assert "@@ -1,3 +1,2 @@ create\n kept\n+-- a comment that went\n-++ odd\n-new" in way_back
    assert way_back.startswith("diff --git a/a.sql b/a.sql\nindex 1..2 100644\n--- a/a.sql\n+++ b/a.sql\n")
    assert turned(way_back) == SQL.rstrip("\n")


def test_files_are_told_apart_and_bounded() -> None:
    diff = patch(("a/b.yaml", "1", "2"), ("with space.txt", "3", "4"))
    found = patches(diff)
    assert [one.path for one in found] == ["a/b.yaml", "with space.txt"]
    assert bounded(found) == "\n".join(one.text for one in found)
    many = patches(patch(*((f"{number}.txt", "x" * 3_000, "y") for number in range(50))))
    assert len(bounded(many)) <= MOST_DIFF
    assert patches("words") == []
