"""`compass knowledge dry-run`: over past investigations and over recordings, and nothing is written by either."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compass.entrypoints.cli import dry_running
from compass.ports.errors import SourceUnavailableError
from compass.storage.memory import MemoryChronicle
from tests.support.in_process import Compass

pytestmark = pytest.mark.usefixtures("own_folder")
RELEASES = """scope: global
normal:
  - {id: releases, signs: ["change.*", "release.*", "pool.limit_down"], why: it deploys all day}
"""
ELSEWHERE = """scope: {service: nobody}
normal:
  - {id: releases, signs: ["change.*"]}
"""


def folder(at: Path, text: str) -> Path:
    at.mkdir()
    (at / "all.yaml").write_text(text)
    return at


def test_past_investigations_are_judged_again_and_left_as_they_are(
    compass: Compass, kept: MemoryChronicle, recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compass("investigate", "--recording", recordings / "pool", "--no-team", "--json").code == 0
    assert compass("resolve", "1", "--was", "1").code == 0
    lines = compass("replay", "--json").out
    for name in ("append", "create", "claim"):  # whatever would write fails
        monkeypatch.setattr(kept, name, None)
    same = compass("knowledge", "dry-run", folder(tmp_path / "elsewhere", ELSEWHERE), "--fail-if-worse")
    assert same.code == 0
    assert "none would have ended differently" in same.out
    words = ("knowledge", "dry-run", folder(tmp_path / "releases", RELEASES))
    told = json.loads(compass(*words, "--json").out)
    (one,) = told["incidents"]
    assert (told["looked_at"], told["different"], told["worse"]) == (1, 1, 1)
    assert (one["name"], one["different"], one["effect"]) == ("#1", True, "worse")
    assert one["before"]["leader"] != one["after"]["leader"]
    assert one["deeds"][0]["entry"] == "normal behaviour releases"
    assert one["deeds"][0]["written"] == "all.yaml:3"
    done = compass(*words, "--fail-if-worse")
    assert done.code == 1
    for said in ("1 past incident, each with", "1 would have ended differently; in all, 1 worse", "because", "it was "):
        assert said in done.out
    assert compass("replay", "--json").out == lines


def test_where_nothing_could_be_looked_at_nothing_is_known_to_be_as_good(
    compass: Compass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: object) -> None:
        raise SourceUnavailableError("timed out", where="recording")

    words = ("knowledge", "dry-run", folder(tmp_path / "elsewhere", ELSEWHERE))
    assert compass(*words, "--fail-if-worse").code == 0  # there is no past incident yet: nothing was skipped
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "recording.yaml").write_text("{}")
    monkeypatch.setattr(dry_running, "_recorded", lost)
    words = (*words, "--recordings", tmp_path / "broken")
    assert compass(*words, "--fail-if-worse").code == 3
    assert compass(*words).code == 0


def test_an_applied_version_can_be_tried_and_nothing_applied_is_said(compass: Compass, tmp_path: Path) -> None:
    assert "nothing was applied" in compass("knowledge", "dry-run").err
    assert "no version 7" in compass("knowledge", "dry-run", "--version", "7").err
    assert "either a folder or a version" in compass("knowledge", "dry-run", tmp_path, "--version", "7").err


def test_recordings_are_investigated_whole_with_and_without(compass: Compass, recordings: Path, tmp_path: Path) -> None:
    words = ("knowledge", "dry-run", folder(tmp_path / "releases", RELEASES), "--recordings", recordings / "pool")
    told = json.loads(compass(*words, "--json").out)
    (one,) = told["incidents"]
    assert (one["name"], one["effect"], one["unjudged"]) == ("pool", "unknown", [])
    assert one["deeds"]
    assert compass("list").out.count("#1") == 0


def test_a_folder_that_has_to_be_mended_is_said_and_nothing_is_run(compass: Compass, tmp_path: Path) -> None:
    done = compass("knowledge", "dry-run", folder(tmp_path / "wrong", "scope: globl\n"))
    assert done.code == 1
    assert "is not a scope" in done.err
