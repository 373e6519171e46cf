"""What git knows of the files below a folder: where it stands in its repository, and who last committed each file when.

git is only read, with what a repository's own configuration could run switched off. Where it cannot be asked, nothing
is known, which hinders nobody.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

ASK_S = 10.0
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "log.showSignature=false")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    sha: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """`prefix` is the folder's path in its repository ("" at its top), None where there is none. `files` maps paths
    below the folder (POSIX) to the last commit that touched them, for files that are as they were committed."""

    prefix: str | None = None
    files: Mapping[str, Commit] = field(default_factory=dict)


def committed(folder: Path) -> Committed:
    prefix = _git(folder, "rev-parse", "--show-prefix")
    if prefix is None:
        return Committed()
    tracked = _git(folder, "ls-files", "-z")
    differing = _git(
        folder, "diff", "--name-only", "--relative", "--no-ext-diff", "--no-textconv", "-z", "HEAD", "--", "."
    )
    log = _git(folder, "log", "--no-renames", "--relative", "--name-only", "--format=%x01%H %cI", "--", ".")
    found = Committed(prefix=prefix.strip("\n").rstrip("/"))
    if tracked is None or differing is None or log is None:
        return found
    same = set(tracked.split("\0")) - set(differing.split("\0"))
    return Committed(prefix=found.prefix, files=_last(log, same))


def _last(log: str, same: set[str]) -> dict[str, Commit]:
    """The first commit of the log, which is the latest, that names each file."""
    files: dict[str, Commit] = {}
    for part in log.split("\x01")[1:]:
        head, *names = part.splitlines()
        sha, _, at = head.partition(" ")
        commit = Commit(sha=sha, at=datetime.fromisoformat(at).astimezone(UTC))
        for name in names:
            if name in same:
                files.setdefault(name, commit)
    return files


def _git(folder: Path, *words: str) -> str | None:
    """What git prints; None where it fails, is not there, or takes too long."""
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *_QUIET, "-C", str(folder), *words], capture_output=True, timeout=ASK_S, env=quiet, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
