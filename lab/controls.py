"""Switches that can be turned while a process runs: one small JSON file, read again when it changes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

LOOK_SECONDS = 0.2
Switch = float | str | bool


class Controls:
    """One process's view of its switches. An absent file means that none is set."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._looked = -1.0
        self._stamp = -1
        self._switches: Mapping[str, Switch] = {}

    def number(self, name: str, default: float = 0.0) -> float:
        """A switch that is a number."""
        return float(self._current().get(name, default))

    def text(self, name: str, default: str) -> str:
        """A switch that is a word."""
        return str(self._current().get(name, default))

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        return bool(self._current().get(name, False))

    def _current(self) -> Mapping[str, Switch]:
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            try:
                stamp = self._path.stat().st_mtime_ns
                if stamp != self._stamp:
                    self._switches = json.loads(self._path.read_text(encoding="utf-8"))
                    self._stamp = stamp
            except FileNotFoundError:
                self._switches = {}
        return self._switches


def turn(path: Path, **switches: Switch) -> None:
    """Set some switches, keeping the others; readers see the old file or the new one, never half of it."""
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps({**before, **switches}), encoding="utf-8")
    os.replace(draft, path)
