"""What tests of commands share: a server to read from, and commands in the process of their test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compass.entrypoints.clock import SystemClock
from compass.storage.memory import MemoryChronicle
from tests.support.in_process import Compass, in_process
from tests.support.prometheus import prometheus

LAB = Path(__file__).parents[2] / "data" / "lab" / "lab-002"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prometheus with a lab recording in it, for tests that are skipped where there is none."""
    with prometheus(tmp_path_factory.mktemp("prometheus") / "server", LAB) as url:
        yield url


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
