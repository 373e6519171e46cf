"""What git knows of the files below a folder: where it stands in its repository, and who last committed each file when.

git is only read, with what a repository's own configuration could run switched off. Where it cannot be asked, no
commits are known, which hinders nobody. Where a folder stands does not hang on git: documents are named by it, and
under another name they would be kept twice.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

ASK_S = 10.0
_QUIET = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "log.showSignature=false")
_NO_SYSTEM = "GIT_CONFIG_NOSYSTEM"  # the others may name another repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    sha: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """`prefix` is the folder's path in its repository ("" at its top), None where there is none. `files` maps paths
    below the folder (POSIX) to the last commit that touched them, for files that are as they were committed. `asked`
    False: there is a repository, and git does not tell of it."""

    prefix: str | None = None
    files: Mapping[str, Commit] = field(default_factory=dict)
    asked: bool = True


def committed(folder: Path) -> Committed:
    """What git says of `folder`. Files that are not tracked, or differ from HEAD, have no commit. Where git fails, is
    missing or takes longer than ASK_S, `asked` is False."""
    prefix = prefix_of(folder)
    if prefix is None:
        return Committed()
    if _git(folder, "rev-parse", "--git-dir") is None:
        return Committed(prefix=prefix, asked=False)
    if _git(folder, "rev-parse", "--verify", "--quiet", "HEAD") is None:  # nothing is committed yet
        return Committed(prefix=prefix)
    tracked = _git(folder, "ls-files", "-z")
    differing = _git(
        folder, "diff", "--name-only", "--relative", "--no-ext-diff", "--no-textconv", "-z", "HEAD", "--", "."
    )
    log = _git(folder, "log", "--no-renames", "--relative", "--name-only", "--format=%x01%H %cI", "--", ".")
    if tracked is None or differing is None or log is None:
        return Committed(prefix=prefix, asked=False)
    same = set(tracked.split("\0")) - set(differing.split("\0"))
    return Committed(prefix=prefix, files=_last(log, same))


def prefix_of(folder: Path) -> str | None:
    """The path in its repository of a folder, which need not be there any more; None where it is in none. As git finds
    it: the next folder upwards with a `.git` that is a file (of a work tree, of a submodule) or a repository, also one
    that may not be looked into."""
    whole = folder.resolve()
    for at in chain((whole,), whole.parents):
        mark = at / ".git"
        closed = os.path.isdir(mark) and not os.access(mark, os.X_OK)
        if os.path.isfile(mark) or os.path.lexists(mark / "HEAD") or closed:
            return "" if at == whole else whole.relative_to(at).as_posix()
    return None


def _last(log: str, same: set[str]) -> dict[str, Commit]:
    """The first commit of the log, which is the latest, that names each file; none where its time is unreadable."""
    files: dict[str, Commit | None] = {}
    for part in log.split("\x01")[1:]:
        head, *names = part.splitlines()
        sha, _, at = head.partition(" ")
        try:
            commit = Commit(sha=sha, at=datetime.fromisoformat(at).astimezone(UTC))
        except (ValueError, OverflowError):  # anybody can write any number there
            commit = None
        for name in names:
            if name in same:
                files.setdefault(name, commit)
    return {name: commit for name, commit in files.items() if commit is not None}


def _git(folder: Path, *words: str) -> str | None:
    """What git prints; None where it fails, is not there, or takes too long."""
    quiet = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key == _NO_SYSTEM}
    quiet |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *_QUIET, "-C", str(folder), *words], capture_output=True, timeout=ASK_S, env=quiet, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
