"""Which tools of a server may be called, and what they say of themselves. All of it is text of strangers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from compass.ports.clock import Deadline
from compass.redaction import bound, redact
from compass.tables.objects import Json

MOST_TOLD = 1_000  # characters of a description
MOST_SCHEMA = 16_000  # characters of what a tool wants to be given
Arguments = Mapping[str, Json]
_NEVER = ("alerting_manage_", "update_", "create_", "delete_", "patch_", "remove_", "install_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool as its server describes it, control characters out and cut to size. `schema` is the JSON schema of its
    arguments, as text; "" where it is too long. `reads` is what the server claims; None: it claims nothing."""

    name: str
    description: str
    schema: str
    reads: bool | None
    destroys: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a tool answered. `text` is all its texts; `failed`: the tool itself says that it failed. `size`: bytes of
    the answer, about. `left_out` counts pictures and other things that are no text."""

    text: str
    failed: bool
    size: int
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`names`: tools that the team allows. `marked`: those that it knows to read only."""

    names: frozenset[str]
    marked: frozenset[str] = frozenset()

    def against(self, name: str, tool: Tool | None) -> str:
        """Why a tool is not called; "" when it may be. `tool` is None where the server has none of this name."""
        if never(name):
            return "can change something"
        if name not in self.names:
            return "is not among the tools that compass.toml allows"
        if tool is None:
            return "is not there"
        if name in self.marked or (tool.reads and not tool.destroys):
            return ""
        return "does not say that it only reads (readOnlyHint), and compass.toml does not either (read_only)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The tools that a team lists, by name: those that are called, those its server does not have, and those of which
    nobody says that they only read."""

    called: tuple[str, ...]
    absent: tuple[str, ...]
    unmarked: tuple[str, ...]


def judged(there: Iterable[Tool], rule: Rule) -> Judged:
    """What becomes of every tool in `rule` on a server that has `there`."""
    known = {tool.name: tool for tool in there}
    listed = sorted(rule.names)
    called = tuple(name for name in listed if not rule.against(name, known.get(name)))
    return Judged(
        called=called, absent=tuple(name for name in listed if name not in known),
        unmarked=tuple(name for name in listed if name in known and name not in called),
    )  # fmt: skip


class ToolBox(Protocol):
    """Tools of a server that may be offered to specialists: on the team's list, and read-only."""

    async def tools(self, *, deadline: Deadline) -> Sequence[Tool]:
        """Those that may be called. Raises SourceError."""
        ...

    async def call(self, name: str, arguments: Arguments, *, deadline: Deadline) -> Said:
        """What the tool says, as text that is not trusted. Raises SourceRefusedError for a tool that may not be
        called, and where it says that it failed; SourceUnavailableError for what may pass."""
        ...


def never(name: str) -> bool:
    """Whether a tool's name says that it changes something: then no setting allows it."""
    return name.lower().startswith(_NEVER)


def told(text: str, most: int = MOST_TOLD) -> str:
    """Text of a server as it may be shown: secrets and control characters out, one size."""
    return bound(redact(text[: most * 4]), most)
