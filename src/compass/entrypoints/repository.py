"""Which commit a folder is at, as git says it: read only, bounded in time, and nothing where there is no git."""

from __future__ import annotations

import getpass
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from compass.analysis.documents import SUFFIXES
from compass.team.folder import DOCUMENTS

GIT_S = 5.0
_READ_ONLY = ("--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
"""Nothing that a repository's own settings name is run."""
_MATTERS = (".yaml", ".yml", "/")
"""Ends of the paths whose difference counts: files of knowledge, and folders of which git knows nothing."""
_STATUS = 3
"""Characters before each path that git says the state of."""
MAX_NAME = 80
_NO_SYSTEM = "GIT_CONFIG_NOSYSTEM"  # the others may name another repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """`commit` has "+" behind it where files of the folder differ from it, and is "" where there is none. `by` is who
    git, or else the machine, says is working. `uncommitted`: paths below the folder, of knowledge and documents, that
    no commit has as they are; none where there is no repository."""

    commit: str
    by: str
    uncommitted: tuple[str, ...] = ()


def origin_of(folder: Path) -> Origin:
    """Never fails: what git does not say, or not in time, is not known."""
    by = _git(folder, "config", "user.name").strip() or _user()
    commit = _git(folder, "rev-parse", "--verify", "HEAD").strip()
    prefix = _git(folder, "rev-parse", "--show-prefix").removesuffix("\n")
    listed = _git(
        folder, "status", "--porcelain", "-z", "--no-renames", "--ignored", "--untracked-files=normal", "--", "."
    )
    paths = (entry[_STATUS:].removeprefix(prefix) for entry in listed.split("\0") if entry)
    uncommitted = tuple(sorted(_printable(path) or "the whole folder" for path in paths if _matters(path)))
    return Origin(
        commit=commit + "+" * bool(commit and uncommitted), by=_printable(by)[:MAX_NAME], uncommitted=uncommitted
    )


def _matters(path: str) -> bool:
    """Whether a path below the folder is of knowledge, or of a document. "" is the folder itself."""
    lower = path.lower()
    document = path.startswith(f"{DOCUMENTS}/") and lower.endswith(tuple(SUFFIXES))
    return not path or lower.endswith(_MATTERS) or document


def _printable(text: str) -> str:
    return "".join(one for one in text if one.isprintable())


def _git(folder: Path, *words: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key == _NO_SYSTEM}
    try:
        done = subprocess.run(  # its words are this module's, none of them anybody's
            ["git", *_READ_ONLY, *words], cwd=folder, env=environment | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=GIT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's number without a name
        return "unknown"
