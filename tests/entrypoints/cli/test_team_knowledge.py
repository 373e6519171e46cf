"""A team's files at work: applied, told to an investigation, seen on every screen, and done without."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from compass.domain.briefed import TeamBriefed
from compass.entrypoints.clock import SystemClock
from compass.ports.errors import StorageError
from compass.storage.memory import MemoryChronicle
from compass.storage.memory_team import MemoryTeamStore
from tests.support.cli import plain
from tests.support.in_process import Compass

FILES = """scope: global
normal:
  - {id: latency, signs: [latency.up], why: the callers wait by design}
critical_errors:
  - {id: pool-timeout, lines: ["timeout"], means: requests are lost}
known_issues:
  - {id: small-pool, signs: [pool.exhausted], says: the pool is too small, workaround: make it larger}
escalation:
  - {who: shop on call, how: "#shop"}
mechanisms:
  - {id: connection_pool_exhausted, claim: "The pool of {entity} is at its end."}
"""


@pytest.fixture(autouse=True)
def files(own_folder: Path) -> None:
    (own_folder / "knowledge").mkdir()
    (own_folder / "knowledge" / "all.yaml").write_text(FILES)


def test_what_was_applied_is_told_shown_everywhere_and_can_be_done_without(
    compass: Compass, kept: MemoryChronicle, recordings: Path
) -> None:
    assert compass("knowledge", "apply", "--yes").code == 0
    screen = plain(compass("investigate", "--recording", recordings / "pool").out)
    for said in (
        "KNOWN",
        "small-pool: the pool is too small",
        "make it larger",
        "ASIDE",
        "CALL",
        "shop on call: #shop",
    ):
        assert said in screen, said
    assert "is at its end" in screen, "the team's claim"
    view = json.loads(compass("show", "--json").out)
    assert {one["name"] for one in view["team"]["aside"]} == {"latency"}
    assert view["team"]["version"] == 1
    assert all(one["observation"]["sign"] != "client_latency.up" for one in view["situation"]["symptoms"])
    label = view["team"]["aside"][0]["label"]
    assert "set aside: normal behaviour latency (all.yaml:3)" in compass("evidence", label).out
    assert "set aside: team knowledge (" in compass("evidence", "1").out
    assert "the team wrote down whom to call" in compass("escalate", "somebody").out.lower()
    assert "To call: shop on call, #shop" in compass("status").out
    assert "What the team had written down" in compass("postmortem").out
    assert "told what the team wrote down (version 1)" in compass("timeline").out
    assert "is the same" in compass("replay").out
    again = json.loads(compass("investigate", "--recording", recordings / "pool", "--no-team", "--json").out)
    assert again["team"] is None
    assert again["critical"] == []
    briefed = [e for one in asyncio.run(kept.list(limit=9)) for e in asyncio.run(kept.read(one.id))
               if isinstance(e.payload, TeamBriefed)]  # fmt: skip
    assert len(briefed) == 1, "the second one was told nothing"


def test_knowledge_that_cannot_be_read_is_said_and_ends_nothing(
    compass: Compass, kept: MemoryChronicle, recordings: Path
) -> None:
    class Failing(MemoryTeamStore):
        async def read(self, number: int | None = None) -> None:
            raise StorageError("it is away", where="team knowledge")

    kept.team_knowledge = Failing(SystemClock())
    done = compass("investigate", "--recording", recordings / "pool")
    assert done.code == 0
    assert "it is away" in done.out
    assert "what the team calls normal, critical or known" in done.out


def test_what_is_applied_later_changes_nothing_for_what_has_begun(
    compass: Compass, recordings: Path, tmp_path: Path
) -> None:
    assert compass("knowledge", "apply", "--yes").code == 0
    assert compass("investigate", "--recording", recordings / "pool", "--json").code == 0
    before = json.loads(compass("show", "--json").out)
    (tmp_path / "knowledge" / "all.yaml").write_text(FILES.replace("latency.up", "errors.up"))
    assert compass("knowledge", "apply", "--yes").code == 0
    assert compass("test", "1", "--json").code == 0  # taken up again, with another version in force
    after = json.loads(compass("show", "--json").out)
    assert after["team"]["version"] == before["team"]["version"] == 1
    assert {one["name"] for one in after["team"]["aside"]} == {"latency"}
    assert not any(one["observation"]["sign"] == "latency.up" for one in after["situation"]["symptoms"])
