"""What DuckDB spills is for this user alone, and gone when the recording is closed or forgotten."""

from __future__ import annotations

import gc
import stat
import tempfile
import threading
from pathlib import Path

import pytest

from compass.ports.errors import SourceRefusedError
from compass.sources.recording.engine import SPILL, Engine


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def spilled(folder: Path) -> list[Path]:
    return list(folder.glob(f"{SPILL}*"))


def test_the_spill_folder_is_private_and_goes_with_the_engine(temporary: Path) -> None:
    engine = Engine(temporary)
    assert spilled(temporary) == []  # nothing before the first question
    assert engine.query("SELECT 1 AS one")["one"].tolist() == [1]
    (folder,) = spilled(temporary)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    engine.close()
    engine.close()
    assert spilled(temporary) == []


def test_an_engine_that_nobody_closed_leaves_nothing(temporary: Path) -> None:
    engine = Engine(temporary)
    engine.query("SELECT 1 AS one")
    del engine
    gc.collect()
    assert spilled(temporary) == []


def test_closing_interrupts_who_still_reads_and_later_questions_are_answered(temporary: Path) -> None:
    engine = Engine(temporary)
    refused: list[SourceRefusedError] = []

    def read() -> None:
        try:
            engine.query("SELECT sum(a.range * b.range) AS n FROM range(1000000000) a, range(1000000000) b")
        except SourceRefusedError as error:
            refused.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    while reader.is_alive():
        engine.close()
    assert "closed while it was read" in str(refused[0])
    assert engine.query("SELECT 1 AS one")["one"].tolist() == [1]
    engine.close()
    assert spilled(temporary) == []
