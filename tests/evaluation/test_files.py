"""Files are whole or not there, and what cannot be written is known beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.evaluation.files import check_writable, write_whole
from compass.ports.errors import BadInputError


def test_what_is_written_is_there_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.json"
    check_writable(path)
    assert list(path.parent.iterdir()) == []
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_checking_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    check_writable(path)
    assert path.read_bytes() == b"old"


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    before = sorted(tmp_path.iterdir())
    for path in (tmp_path / "folder", tmp_path / "file" / "a.json"):
        with pytest.raises(BadInputError, match="cannot be written"):
            check_writable(path)
        with pytest.raises(BadInputError, match="cannot be written"):
            write_whole(path, b"one")
    assert sorted(tmp_path.iterdir()) == before
