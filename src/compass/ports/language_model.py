"""The language model port. A model is asked typed questions about facts with ids and can answer nothing else.

Implementations live in `compass.llm`. Everything that leaves passes the gate there (`compass.redaction`): redaction,
then delimiting; whoever builds a question hands over plain facts and says which of them are untrusted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from compass.domain.advice import LlmFailure, ModelCall, Role, Task, Usage

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One fact. `id` is what a reply may cite. Text from telemetry, people's systems or tools is never `trusted`."""

    id: str
    text: str
    trusted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Facts under one heading (COMPASS's own words), the most important first: where the prompt would be too long,
    the last items of the section that has most of them are left out, and the prompt says how many."""

    title: str
    items: tuple[Item, ...]
    keep: int = 0  # so many of the first are never left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Generic[T]):
    """What is asked. `reply` is the type of the answer (`domain.advice.REPLY_OF`); `role` None: as routed for the task.

    `agent`, `hypothesis` and `phase` attribute the cost. `shared` and `stable` are lists of COMPASS's own words, which
    come first, so that a prompt's beginning is the same in many calls and a provider's cache can hold it: `shared` is
    the same for every question of the task, `stable` for every question of the agent. Raises ValueError where an item
    of them is not `trusted`: they stand beside the rules.
    """

    task: Task
    reply: type[T]
    sections: tuple[Section, ...]
    shared: tuple[Section, ...] = ()
    stable: tuple[Section, ...] = ()
    role: Role | None = None
    agent: str = ""
    hypothesis: str = ""
    phase: str = ""

    def __post_init__(self) -> None:
        if not all(item.trusted for part in (*self.shared, *self.stable) for item in part.items):
            raise ValueError("what was copied from elsewhere is no part of the rules")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Generic[T]):
    """`value` None: it failed, and `call.failure` says how."""

    value: T | None
    call: ModelCall


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelHealth:
    """The answer to one tiny real call. `detail` says what to do when it failed. `usage` and `cost_usd` as in a
    ModelCall; both are nothing where one call stood for two roles and this is the second."""

    provider: str
    model: str
    role: Role
    ok: bool
    detail: str
    elapsed_ms: float = 0.0
    failure: LlmFailure | None = None
    usage: Usage = Usage()
    cost_usd: float | None = 0.0


Before = Callable[[ModelCall], Awaitable[None]]
"""Told of a call just before it is sent, as it is to be recorded should nobody see its answer: interrupted, and at what
it costs at most. Not told of what is answered without sending."""


class LanguageModel(Protocol):
    """One chosen set of models (fast and deep, with their fallbacks)."""

    @property
    def name(self) -> str:
        """For people and the chronicle: provider and models, "openai gpt-6-luna / gpt-6.1-sol"."""
        ...

    async def ask(self, question: Question[T], before: Before | None = None) -> Reply[T]:
        """One typed answer. Never raises for what a provider or a model does: the reply's call says how it failed."""
        ...

    def estimate_usd(self, question: Question[T]) -> float | None:
        """What `ask` would cost at most, before it is sent; None where no price is known."""
        ...

    def recall(self, calls: Sequence[ModelCall]) -> None:
        """Calls that the chronicle already holds, at the start of a run: what they answered is not asked again."""
        ...

    async def check(self) -> tuple[ModelHealth, ...]:
        """One tiny real call a role; costs next to nothing and is billed like any other."""
        ...

    async def aclose(self) -> None: ...
