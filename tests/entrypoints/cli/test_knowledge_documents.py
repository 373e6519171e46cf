"""`compass knowledge documents`, and what an investigation shows of them, as a person sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compass.entrypoints.clock import SystemClock
from compass.storage.memory import MemoryChronicle
from tests.storage.learned import Counting
from tests.support.in_process import Compass


@pytest.fixture
def kept() -> MemoryChronicle:
    return MemoryChronicle(clock=SystemClock(), embedder=Counting())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    made.mkdir()
    (made / "pool.md").write_text(
        "---\nkind: runbook\nservices: [orders]\nmechanism: nobody_knows\n---\n"
        "# Connection pool of orders exhausted\n\n## First\n\nRaise it.\n\n## Then\n\nLook on.\n"
    )
    (made / "disk.md").write_text("# Full disks\n\nRemove old logs.\n")
    return made


def test_a_folder_is_read_listed_searched_and_removed(compass: Compass, folder: Path) -> None:
    assert "no documents yet" in compass("knowledge", "documents", "list").out
    done = compass("knowledge", "documents", "add", str(folder))
    assert done.code == 0
    assert done.out.splitlines() == [
        "documents: 2 added, 0 changed, 0 removed, 0 unchanged",
        "  + docs/disk.md",
        "  + docs/pool.md",
        "  note: docs/pool.md: no mechanism is called nobody_knows: it will be found by its words",
    ]
    change = json.loads(compass("knowledge", "documents", "add", str(folder), "--json").out)
    assert (change["unchanged"], change["added"]) == (["docs/disk.md", "docs/pool.md"], [])
    assert "orders, nobody_knows: Connection pool of orders exhausted" in compass("knowledge", "documents", "list").out
    found = compass("knowledge", "documents", "find", "remove", "logs")
    assert found.code == 0
    assert found.out.startswith("docs/disk.md › Full disks (l. 1-3)\n  says 60% of it")
    assert compass("knowledge", "documents", "remove", "docs/disk.md").out == "removed docs/disk.md\n"
    gone = compass("knowledge", "documents", "remove", "docs/disk.md")
    nothing = compass("knowledge", "documents", "find", "&")
    assert (gone.code, nothing.code) == (2, 2)
    assert "there is no document docs/disk.md" in gone.err
    assert "there is nothing to look for" in nothing.err
    assert "documents, can be searched" in compass("knowledge", "reembed").out


def test_an_investigation_shows_them_with_their_place(compass: Compass, folder: Path, recordings: Path) -> None:
    (folder / "pool.md").write_text(
        (folder / "pool.md").read_text().replace("nobody_knows", "connection_pool_exhausted")
    )
    compass("knowledge", "documents", "add", str(folder))
    done = compass("investigate", "--recording", str(recordings / "pool"))
    (line,) = [line for line in done.out.splitlines() if line.startswith("WRITTEN")]
    assert line.startswith("WRITTEN   D1, D2 for H3 runbook: docs/pool.md › ")
    assert "documents      2 passages found: docs/pool.md" in done.err
    assert "Raise it." in compass("evidence", "D1").out + compass("evidence", "D2").out
    assert json.loads(compass("evidence", "d2", "--json").out)["label"] == "D2"
    assert "docs/pool.md › " in compass("why", "1").out
    assert [one["label"] for one in json.loads(compass("why", "1", "--json").out)["documents"]] == ["D1", "D2"]
    assert "docs/pool.md › " in compass("evidence", "1").out
    assert "D1" in compass("ask", "what does the runbook say?").out
    assert "Written down (runbook): docs/pool.md" in compass("status").out
    assert "the team's documents were read: 2 passages of docs/pool.md" in compass("timeline").out
    assert "no passage D9 (there are D1 to D2)" in compass("evidence", "D9").err
