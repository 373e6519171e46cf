"""What goes over the wire and what comes back, in plain values: the client needs no library to hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from compass.domain.advice import Role, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One request. `reply` None: any text will do. `tokens` is the longest reply, thinking not counted.

    `meta` never leaves the process: a model that is played by a function sees it, a real one cannot.
    """

    system: str
    user: str
    reply: type | None
    version: str
    role: Role
    tokens: int
    timeout_s: float
    meta: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`usage` None: nothing was reported. `cut`: it ended at the longest reply."""

    text: str
    usage: Usage | None
    cut: bool = False
