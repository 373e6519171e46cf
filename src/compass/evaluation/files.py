"""Files that an evaluation writes: minutes of work go into one, so it is tried before and is whole or not there."""

from __future__ import annotations

from pathlib import Path

from compass.ports.errors import BadInputError


def check_writable(path: Path) -> None:
    """Raises BadInputError when `write_whole` could not write there. Leaves no file, but its folder."""
    try:
        if path.is_dir():
            raise IsADirectoryError(None, "Is a directory")
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = _beside(path)
        beside.touch()
        beside.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all. Raises BadInputError when that fails."""
    beside = _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(data)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def _beside(path: Path) -> Path:
    return path.parent / f".{path.name}.part"


def _unwritable(path: Path, error: OSError) -> BadInputError:
    return BadInputError(f"cannot be written: {error.strerror}", where=str(path))
