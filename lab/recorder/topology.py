"""The shop's declared dependencies, as topology.jsonl."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from lab.shop.plan import Dependency


def write(folder: Path, dependencies: Iterable[Dependency]) -> None:
    """One dependency a line."""
    lines = [json.dumps({"caller": edge.caller, "callee": edge.callee, "kind": edge.kind}) for edge in dependencies]
    (folder / "topology.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
