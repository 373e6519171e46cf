"""The folder of a gathered window: private, gone at the end, and after a kill gone with the next that is made."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from compass.sources.live.folder import PREFIX, YOUNG_S, PrivateFolder, remove_stale


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
