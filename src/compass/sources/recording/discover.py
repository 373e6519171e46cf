"""Recordings in a folder."""

from __future__ import annotations

import os
from pathlib import Path

from compass.ports.errors import BadInputError

HEADER = "recording.yaml"


def find_recordings(path: Path) -> tuple[Path, ...]:
    """Every folder at or below `path` that holds a `recording.yaml`, sorted. Links to folders are not followed.

    Raises BadInputError when `path` is not a folder. None found is an empty tuple: whether that is an error is for
    the caller to say.
    """
    if not path.is_dir():
        raise BadInputError("this is not a folder", where=str(path), hint="give a recording or a folder of recordings")
    found = []
    for folder, below, names in os.walk(path, followlinks=False):
        below.sort()
        if HEADER in names:
            found.append(Path(folder))
            below.clear()  # a recording holds no other recording
    return tuple(sorted(found))
