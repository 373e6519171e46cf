"""The folder of a gathered window: private, gone at the end, and after a kill gone with the next that is made."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from compass.entrypoints.clock import SystemClock
from compass.sources.live.feed import Scope
from compass.sources.live.folder import PREFIX, YOUNG_S, PrivateFolder, remove_stale
from compass.sources.live.source import gather
from compass.sources.live.window import write_recording
from compass.sources.live.writer import PASSING
from compass.sources.recording import RecordingSource
from tests.sources.reference import write_reference
from tests.support.recorded_feed import RecordedFeed


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def _aged(path: Path) -> None:
    then = time.time() - 2 * YOUNG_S
    os.utime(path, (then, then))


def test_it_is_this_users_alone_and_is_removed() -> None:
    folder = PrivateFolder()
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    (folder.path / "telemetry").write_text("x")
    folder.remove()
    assert not folder.path.exists()


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_has_is_not(tmp_path: Path) -> None:
    code = (
        f"import tempfile; tempfile.tempdir = {str(tmp_path)!r}\n"
        "from compass.sources.live.folder import PrivateFolder\n"
        "folder = PrivateFolder(); (folder.path / 'telemetry').write_text('x'); print(folder.path, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        path = Path(run.stdout.readline().strip())
        _aged(path)
        remove_stale()
        assert (path / "telemetry").exists()
        run.send_signal(signal.SIGKILL)
        run.wait(10)
    remove_stale()
    assert not path.exists()


def test_nothing_young_and_nothing_that_is_only_called_so_is_touched(tmp_path: Path) -> None:
    young = tmp_path / f"{PREFIX}young"
    young.mkdir()
    target = tmp_path / "target"
    target.mkdir()
    link = tmp_path / f"{PREFIX}link"
    link.symlink_to(target)
    file = tmp_path / f"{PREFIX}file"
    file.write_text("x")
    _aged(target)
    _aged(file)
    remove_stale()
    assert young.is_dir()
    assert link.is_symlink()
    assert target.is_dir()
    assert file.is_file()


def test_what_is_gathered_and_kept_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    """A recording of `compass record`, and the private copy of an investigation."""
    reference = write_reference(tmp_path / "reference")
    feed, source = RecordedFeed(reference), RecordingSource.open(reference)
    window = source.incident().window
    scope = Scope(window=window, detected_ns=window.end_ns)
    before = os.umask(0)
    try:
        got = asyncio.run(gather([feed], scope, SystemClock()))
        write_recording(tmp_path / "kept", source.incident(), got)
        private = PrivateFolder()
        write_recording(private.path, source.incident(), got, PASSING)
    finally:
        os.umask(before)
    for folder in (tmp_path / "kept", private.path):
        found = [folder, *folder.rglob("*")]
        assert {path.name for path in found} > {"metrics", "samples.parquet", "lines.parquet", "spans.parquet"}
        modes = {path.relative_to(folder): stat.S_IMODE(path.stat().st_mode) for path in found}
        assert modes == {path.relative_to(folder): 0o700 if path.is_dir() else 0o600 for path in found}
        RecordingSource.open(folder)
    private.remove()
