"""What commands share that run in the process of their test (`tests.support.in_process`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.entrypoints.clock import SystemClock
from compass.storage.memory import MemoryChronicle
from tests.support.in_process import Compass, in_process


@pytest.fixture
def kept() -> MemoryChronicle:
    """What every command of a test reads and writes. A module whose commands find something there has its own."""
    return MemoryChronicle(clock=SystemClock())


@pytest.fixture
def compass(kept: MemoryChronicle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Compass:
    """Commands over `kept`."""
    return in_process(kept, monkeypatch, capsys)


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which commands run, with settings that say nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPASS_CONFIG", str(tmp_path / "none.toml"))
    (tmp_path / "none.toml").write_text("")
    return tmp_path
