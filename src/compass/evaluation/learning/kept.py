"""Finished investigations of a long evaluation, kept in a file so that the next start goes on where one was ended.

One JSON object a line: {"key", "lived"}. The key is a digest of the program's version and table, of the recording's id
and of all that was known, so that nothing is taken for what it is not; equal memories share a result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import msgspec

from compass.domain.knowledge import Learned
from compass.evaluation.learning.lived import Lived
from compass.ports.errors import BadInputError

_BEGIN = b'{"key":"'


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    lived: Lived


class Kept:
    """`file` None keeps nothing. May be used by several threads. Raises BadInputError for a file that is no such."""

    def __init__(self, file: Path | None, program: str) -> None:
        self._file = file
        self._program = program
        self._lock = Lock()
        self._known = _read(file) if file is not None else {}

    def key(self, case: str, past: Sequence[Learned] | None) -> str:
        """Of an investigation of `case` that knows `past` (None: it has no memory)."""
        known = b"none" if past is None else msgspec.json.encode(past)
        return hashlib.sha256(f"{self._program}\n{case}\n".encode() + known).hexdigest()

    def find(self, key: str) -> Lived | None:
        with self._lock:
            return self._known.get(key)

    def keep(self, key: str, lived: Lived) -> None:
        """What failed is not kept: it is tried again."""
        if self._file is None or lived.run.error is not None:
            return
        line = msgspec.json.encode(_Line(key=key, lived=lived)) + b"\n"
        with self._lock, self._file.open("ab") as file:
            file.write(line)
            self._known[key] = lived


def _read(file: Path) -> dict[str, Lived]:
    try:
        data = file.read_bytes() if file.exists() else b""
        whole, _, rest = data.rpartition(b"\n")
        lines = [msgspec.json.decode(line, type=_Line) for line in whole.splitlines() if line]
        if not rest.startswith(_BEGIN[: len(rest)]):
            raise msgspec.DecodeError("its last line is none of them")
        if rest:  # the process ended while it wrote: what comes next must begin on a line of its own
            with file.open("r+b") as open_file:
                open_file.truncate(len(data) - len(rest))
    except OSError as error:
        raise BadInputError(f"cannot be used: {error.strerror}", where=str(file)) from error
    except msgspec.DecodeError as error:
        hint = "give a file that an earlier `--resume FILE` wrote, or a new one"
        raise BadInputError(f"these are no kept investigations: {error}", where=str(file), hint=hint) from error
    return {line.key: line.lived for line in lines}
