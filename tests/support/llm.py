"""The real client in a test's hand: over a function that plays the model, or over a server on loopback."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from compass.domain.advice import REPLY_OF, Task
from compass.entrypoints.clock import SystemClock
from compass.llm.client import Client
from compass.llm.render import Rendered
from compass.llm.scripted import Plays, scripted
from compass.llm.settings import LlmSettings
from compass.ports.language_model import Item, Question, Section

FAST, DEEP = "scripted:small", "scripted:large"


@dataclass
class Brackets:
    """A gate of one word: `secret` becomes [name:222222] and comes back."""

    word: str = "acme"
    masked: list[str] = field(default_factory=list)

    def mask(self, text: str) -> str:
        self.masked.append(text)
        return text.replace(self.word, "[name:222222]")

    def unmask(self, text: str) -> str:
        return text.replace("[name:222222]", self.word)


def rendered(question: Question[Any], mask: Brackets, _limit: int) -> Rendered:
    lines = [f"[{item.id}] {item.text}" for part in question.sections for item in part.items]
    rules = f"You do the task {question.task}."
    return Rendered(rules=rules, user=mask.mask("\n".join(lines)), version="t1")


def tokens_of(text: str) -> int:
    return -(-len(text) // 4)


def question(task: Task = Task.CHOOSE, *facts: str, agent: str = "", **said: Any) -> Question[Any]:
    items = tuple(Item(id=f"E{at}", text=text) for at, text in enumerate(facts or ("p99 doubled",), start=1))
    sections = (Section(title="Facts", items=items),)
    return Question(task=task, reply=REPLY_OF[task], sections=sections, agent=agent, **said)


def settings(**given: Any) -> LlmSettings:
    return LlmSettings(**({"fast": FAST, "deep": DEEP} | given))


def client(
    plays: Plays | Callable[[str], Any], chosen: LlmSettings | None = None, *, opens: bool = False, **given: Any
) -> Client:
    """`plays` plays every model, or opens the model of a name when `opens` says so."""
    made = plays if opens else (lambda name: scripted(name, plays))
    kept = {"masker": Brackets(), "clock": SystemClock(), "render": rendered, "tokens_of": tokens_of} | given
    return Client(chosen or settings(), made, **kept)
