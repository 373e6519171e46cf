"""What the house rules forbid and no linter checks: long functions and modules, banned words, names of data sets.

Exit status 1 with a line a finding.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONG_FUNCTION, LONG_MODULE = 60, 400
# Contributing causes, working theories; see docs/product-reference.md. Split, so that this file passes its own check.
BANNED = re.compile(r"root[ -]?" + r"cause|human[ -]" + r"error", re.IGNORECASE)
DATA_SETS = re.compile(r"nez" + r"ha|cloud-?ops" + r"bench|change" + r"rca|train-?tic" + r"ket", re.IGNORECASE)
ALLOWED_BANNED = {"tools/structure.py", "src/compass/exports/wording.py"}


def findings(path: Path) -> Iterator[str]:
    """What is wrong in one Python file."""
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT).as_posix()
    if text.count("\n") > LONG_MODULE:
        yield f"{name}: {text.count(chr(10))} lines (at most {LONG_MODULE})"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONG_FUNCTION:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines (at most {LONG_FUNCTION})"
    yield from words(name, text)


def words(name: str, text: str) -> Iterator[str]:
    """Banned words and names of data sets in one file."""
    if name in ALLOWED_BANNED:
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if BANNED.search(line) and "wording:" not in line:
            yield f"{name}:{number}: banned wording: {line.strip()[:80]}"
        if name.startswith("src/") and DATA_SETS.search(line):
            yield f"{name}:{number}: names a data set: {line.strip()[:80]}"


def main() -> int:
    found: list[str] = []
    for folder in ("src", "lab", "tools", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            found += findings(path)
    for path in sorted((ROOT / "src").rglob("*.yaml")):
        found += words(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
