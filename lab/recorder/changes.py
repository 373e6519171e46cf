"""Changes, as changes.jsonl."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lab.recorder.window import iso


@dataclass(frozen=True)
class Change:
    """Something the lab really did to the shop."""

    time: datetime
    kind: str
    service: str
    id: str
    summary: str
    diff: str
    attributes: Mapping[str, str]


def diff_of(path: str, before: str, after: str) -> str:
    """A unified diff of one file, as a pull request would show it."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{path}", f"b/{path}", lineterm="")
    return "\n".join(lines) + "\n"


def write(folder: Path, changes: Iterable[Change]) -> None:
    """One JSON object a line, in time order."""
    lines = [
        json.dumps(
            {
                "time": iso(change.time),
                "kind": change.kind,
                "service": change.service,
                "id": change.id,
                "summary": change.summary,
                "diff": change.diff,
                "attributes": dict(change.attributes),
            }
        )
        for change in sorted(changes, key=lambda change: change.time)
    ]
    (folder / "changes.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
