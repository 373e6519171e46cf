"""The prompts: one file a task, and the rules that all of them share. A prompt's version changes with every word."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from compass.domain.advice import Task

_HEADER = re.compile(r"version: (\d+)\n\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model is told before the facts. `version`: "propose 1.1 3f2a9c10": of the common rules, of the task, and
    the beginning of the digest of both."""

    text: str
    version: str


@cache
def prompt_of(task: Task) -> Prompt:
    """The prompt of one task. Raises ValueError for a file without its version."""
    (common_version, common), (version, own) = _read("common"), _read(task.value)
    text = f"{common}\n\n{own}"
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return Prompt(text=text, version=f"{task.value} {common_version}.{version} {digest}")


def _read(name: str) -> tuple[str, str]:
    """Version and text of one file."""
    whole = (files(__package__) / f"{name}.md").read_text(encoding="utf-8")
    found = _HEADER.match(whole)
    if found is None:
        raise ValueError(f"prompts/{name}.md does not begin with its version")
    return found[1], whole[found.end() :].strip()
