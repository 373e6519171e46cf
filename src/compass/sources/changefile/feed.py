"""A file or folder of changes as a feed."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path

import msgspec

from compass.domain.telemetry import NativeQuery
from compass.domain.time import to_datetime
from compass.ports.clock import Deadline
from compass.ports.errors import ConfigurationError, SourceRefusedError
from compass.sources.changefile.reading import read
from compass.sources.live.feed import Found, Scope
from compass.sources.live.gathered import Gathered, Objects
from compass.sources.recording import layout

CHANGES = layout.CHANGES_PART.name


class ChangeFileOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`path`: a file, or a folder of files; relative to the settings. Lines of JSON (.jsonl, .ndjson, anything else)
    are appended to; .json, .yaml and .yml hold a list."""

    type: str
    path: str


class ChangeFileFeed:
    """Implements `sources/live/feed.Feed`. Nothing is kept: each question reads the file as it is."""

    def __init__(self, name: str, options: ChangeFileOptions, base: Path) -> None:
        """Raises ConfigurationError without a path. The file need not exist yet."""
        if not options.path.strip():
            raise ConfigurationError("path is empty", where=f"sources.{name}", hint='path = "changes.jsonl"')
        self._name, self._path = name, base / Path(options.path).expanduser()

    @property
    def name(self) -> str:
        return self._name

    @property
    def parts(self) -> frozenset[str]:
        return frozenset({CHANGES})

    async def gather(self, part: str, scope: Scope, *, deadline: Deadline) -> Gathered:  # noqa: ARG002 - a local file
        self._refuse_other(part)
        window = scope.window
        found = await asyncio.to_thread(read, self._path, window.start_ns)
        query = NativeQuery(language="file", text=f"cat {shlex.quote(str(self._path))}")
        return Gathered(
            data=Objects(objects=found.inside(window)), queries=(query,), missing=tuple(found.missing)
        )  # fmt: skip

    async def look(self, part: str, *, deadline: Deadline) -> Found:  # noqa: ARG002
        self._refuse_other(part)
        found = await asyncio.to_thread(read, self._path, 0)
        latest = max((at_ns for at_ns, _ in found.found), default=None)
        last = f", the last at {to_datetime(latest).isoformat()}" if latest is not None else ""
        return Found(
            detail=f"{len(found.found)} changes in {self._path.name}{last}",
            figures={"changes": str(len(found.found))}, hints=tuple(found.missing),
        )  # fmt: skip

    async def aclose(self) -> None:
        return None

    def _refuse_other(self, part: str) -> None:
        if part != CHANGES:
            raise SourceRefusedError(f"gives no {part}", where=self._name)
