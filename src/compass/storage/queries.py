"""Named SQL: `queries.sql` holds every statement, this module finds them by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_MARK = "-- name: "


def load_queries(path: Path | None = None) -> Mapping[str, bytes]:
    """Statements by name. Raises ValueError when a name is given twice."""
    path = path or Path(__file__).with_name("queries.sql")
    found: dict[str, bytes] = {}
    for block in path.read_text(encoding="utf-8").split(f"\n{_MARK}")[1:]:
        name, _, statement = block.partition("\n")
        if name.strip() in found:
            raise ValueError(f"{path.name} names '{name.strip()}' twice")
        lines = [line for line in statement.splitlines() if not line.startswith("--")]
        found[name.strip()] = "\n".join(lines).strip().encode("utf-8")
    return MappingProxyType(found)
