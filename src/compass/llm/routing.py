"""Which model does what: task → role → model, with the override of one specialist and the fallback chain.

| task     | role | why                                                                               |
|----------|------|-----------------------------------------------------------------------------------|
| classify | fast | one line in, one word out, and its answers are kept                               |
| choose   | fast | picks from a list that the engine has already ranked                              |
| changes  | fast | a diff against one symptom, each change on its own                                |
| propose  | deep | synthesis over everything that one specialist saw                                 |
| answer   | deep | a person reads it at once                                                         |
| prose    | deep | the longest text, written once an investigation                                   |

A question may name another role. Without `deep` in the settings, `fast` does it all.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from compass.domain.advice import Role, Task
from compass.llm.settings import LlmSettings, split

ROLE_OF: Mapping[Task, Role] = MappingProxyType(
    {
        Task.CLASSIFY: Role.FAST,
        Task.CHOOSE: Role.FAST,
        Task.CHANGES: Role.FAST,
        Task.PROPOSE: Role.DEEP,
        Task.ANSWER: Role.DEEP,
        Task.PROSE: Role.DEEP,
    }
)

REPLY_TOKENS: Mapping[Task, int] = MappingProxyType(
    {
        Task.CLASSIFY: 2_000,
        Task.CHOOSE: 400,
        Task.CHANGES: 1_500,
        Task.PROPOSE: 2_000,
        Task.ANSWER: 1_000,
        Task.PROSE: 3_000,
    }
)
"""The longest reply of a task: what a full list within the bounds of `compass.llm.replies` takes, with some room."""


def role_of(task: Task, asked: Role | None) -> Role:
    return asked or ROLE_OF[task]


def chosen(settings: LlmSettings, role: Role) -> str:
    """The model of a role, "provider:model"."""
    return settings.deep or settings.fast if role is Role.DEEP else settings.fast


def candidates(settings: LlmSettings, role: Role, agent: str) -> tuple[str, ...]:
    """The models to ask in turn: the specialist's own or the role's, then the fallback chain. Each once."""
    first = settings.agents.get(agent) or chosen(settings, role)
    return tuple(dict.fromkeys(name for name in (first, *settings.fallback) if name))


def title_of(settings: LlmSettings) -> str:
    """For people and the chronicle: "openai gpt-6-luna / gpt-6.1-sol"."""
    if not settings.fast:
        return "no model"
    provider, fast = split(settings.fast)
    if not settings.deep or settings.deep == settings.fast:
        return f"{provider} {fast}"
    other, deep = split(settings.deep)
    return f"{provider} {fast} / {deep if other == provider else f'{other} {deep}'}"
