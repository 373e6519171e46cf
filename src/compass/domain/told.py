"""What a team's own tools say when an investigation asks them. Text of strangers: shown, never weighed."""

from __future__ import annotations

from dataclasses import dataclass

from compass.domain.entity import EntityRef
from compass.domain.telemetry import Coverage, Loss


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswered:
    """The answer of one call that the team wrote down. No observation: it has no sign, supports no theory and moves no
    probability. `arguments` is JSON as it was sent; `specialists` whom it was offered to (none named: everybody);
    `entity` what it was asked about, where that is one part of the system. `text` is redacted, bounded, and untrusted.
    `coverage.missing` says what of the answer is left out. `id` is made of server, tool and arguments.
    """

    id: str
    source: str
    tool: str
    arguments: str
    text: str
    coverage: Coverage
    at_ns: int
    specialists: tuple[str, ...] = ()
    entity: EntityRef | None = None

    def offered_to(self, agent: str) -> bool:
        return not self.specialists or agent in self.specialists


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsAsked:
    """The calls begin: how many, and of which servers. For those who watch."""

    calls: int
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsConsulted:
    """Every call was made that is made: `asked`, of which `failed`. `lost` are servers that answered none of theirs."""

    asked: int
    failed: int = 0
    lost: tuple[Loss, ...] = ()


TOOLS = "tools"
"""The part, in words for a person, that a server of tools gives."""
