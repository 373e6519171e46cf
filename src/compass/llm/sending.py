"""What goes over the wire and what comes back, in plain values: the client needs no library to hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from compass.domain.advice import Role, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One request. `rules` are the same for all questions of a task, `words` for all of one specialist (or empty).
    `reply` None: any text will do. `tokens` is the longest reply, thinking not counted.

    `meta` never leaves the process: a model that is played by a function sees it, a real one cannot.
    """

    rules: str
    user: str
    reply: type | None
    version: str
    role: Role
    tokens: int
    timeout_s: float
    words: str = ""
    meta: Mapping[str, object] = field(default_factory=dict)

    @property
    def instructions(self) -> tuple[str, ...]:
        """What comes before the facts, that which is the same in most calls first."""
        return (self.rules, self.words) if self.words else (self.rules,)

    @property
    def system(self) -> str:
        """The same in one text."""
        return "\n\n".join(self.instructions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`usage` None: nothing was reported. `cut`: it ended at the longest reply."""

    text: str
    usage: Usage | None
    cut: bool = False
