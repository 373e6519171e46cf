"""Private files: telemetry is for who gathered it, whatever the umask. The folder that a gathered window is kept in is
gone at the end, and where a process was killed, later."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

PREFIX = "compass-window-"
FOLDER, FILE = 0o700, 0o600
YOUNG_S = 60.0  # between its making and its lock a folder looks like one that nobody owns


def private_folder(path: Path) -> None:
    """Make `path` a folder that this user alone can enter; it may exist. Folders above it are made as usual."""
    path.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    path.chmod(FOLDER)


def private_text(path: Path, text: str) -> None:
    """Write `text` to a file that this user alone can read, from its first byte on."""
    path.touch(FILE)
    path.chmod(FILE)
    path.write_text(text, encoding="utf-8")


class PrivateFolder:
    """A new folder that this user alone can read. It is locked for as long as the process lives, whichever way that
    ends: so nobody else takes it for one that was left behind."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._handle = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._handle)


def remove_stale() -> None:
    """Remove what processes of this user that were killed have left: telemetry lies in it."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            if _left_behind(path):
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue  # another process was faster


def _left_behind(path: Path) -> bool:
    about = path.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid() or time.time() - about.st_mtime < YOUNG_S:
        return False
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False  # its owner lives
    finally:
        os.close(handle)
    return True
