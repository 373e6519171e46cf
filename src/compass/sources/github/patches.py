"""Unified diffs of many files: whose they are, and a bounded, redacted whole."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from compass.redaction import bound, redact

MOST_DIFF, MOST_FILE, MOST_SERVICES = 20_000, 5_000, 5
_HUNK = re.compile(r"@@ -([\d,]{1,30}) \+([\d,]{1,30}) @@(.*)")
_FILE = re.compile(r'^diff --git "?a/.{1,2000}?"? "?b/(.{1,2000}?)"?$', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """The part of a diff that is about one file."""

    path: str
    text: str


def patches(diff: str) -> Sequence[Patch]:
    """The files of a diff as git writes it, in its order."""
    heads = list(_FILE.finditer(diff))
    ends = [*(head.start() for head in heads[1:]), len(diff)][: len(heads)]
    return [Patch(path=h[1], text=diff[h.start() : end].rstrip()) for h, end in zip(heads, ends, strict=True)]


def turned(diff: str) -> str:
    """The diff of the way back: what was added is removed. Heads of files keep their order."""
    made, inside = [], False
    for line in diff.splitlines():
        hunk = _HUNK.match(line)
        inside = hunk is not None or (inside and not line.startswith("diff --git "))
        if hunk is not None:
            made.append(f"@@ -{hunk[2]} +{hunk[1]} @@{hunk[3]}")
        elif inside and line[:1] in ("+", "-"):
            made.append(("-" if line[0] == "+" else "+") + line[1:])
        else:
            made.append(line)
    return "\n".join(made)


def bounded(found: Sequence[Patch]) -> str:
    """One text. No file takes so much that the others are not seen; a lock file often would."""
    parts = [bound(redact(patch.text), MOST_FILE) for patch in found[: MOST_DIFF // 20]]
    return bound("\n".join(parts), MOST_DIFF)


def by_service(found: Sequence[Patch], owners: Mapping[str, str]) -> Mapping[str, Sequence[Patch]]:
    """The patches of each service, by patterns of paths; the first that fits has it. "" for those of nobody."""
    split: dict[str, list[Patch]] = {}
    for patch in found:
        service = next((name for pattern, name in owners.items() if fnmatchcase(patch.path, pattern)), "")
        split.setdefault(service, []).append(patch)
    return split
