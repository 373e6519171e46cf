"""Changes from a file or folder that anything may append to: CI, a webhook receiver, a flag service's export.

Importing this is cheap: what it needs is imported when something is connected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from compass.sources.live.connector import Means
from compass.sources.live.options import TomlTable

if TYPE_CHECKING:
    from compass.sources.live.feed import Feed


@dataclass(frozen=True, slots=True)
class _ChangeFile:
    type: str = "changes"
    needs: str = "permission to read the file or folder"

    def connect(self, name: str, table: TomlTable, means: Means) -> Feed:
        from compass.sources.changefile.feed import ChangeFileFeed, ChangeFileOptions
        from compass.sources.live.options import options_of

        options = options_of(table, ChangeFileOptions, f"sources.{name}")
        return ChangeFileFeed(name, options, means.secrets.base)


CONNECTOR = _ChangeFile()
