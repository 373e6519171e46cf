"""A language model in a test's hand: it answers what the test says, without prompts, prices or a wire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from compass.domain.advice import LlmFailure, ModelCall, Role, Usage
from compass.domain.ids import id_of
from compass.ports.language_model import Before, ModelHealth, Question, Reply

T = TypeVar("T")
NAME = "test model"


def call_of(question: Question[Any], at: int = 0, failure: LlmFailure | None = None) -> ModelCall:
    return ModelCall(
        id=id_of("m", question.task, str(at)), task=question.task, role=question.role or Role.FAST, provider="test",
        model="one", prompt_version="1", prompt=f"{question.task} {at}", agent=question.agent, phase=question.phase,
        usage=Usage(input=100, output=10), cost_usd=0.01, failure=failure,
        said=f"it failed: {failure}" if failure else "",
    )  # fmt: skip


@dataclass(slots=True)
class Answering:
    """`answers` gives the value of a reply, or how the call fails."""

    answers: Callable[[Question[Any]], object]
    asked: list[Question[Any]] = field(default_factory=list)
    name: str = NAME
    recalled: tuple[ModelCall, ...] = ()

    async def ask(self, question: Question[T], before: Before | None = None) -> Reply[T]:
        self.asked.append(question)
        if before is not None:
            await before(call_of(question, len(self.asked), LlmFailure.INTERRUPTED))
        value = self.answers(question)
        if isinstance(value, LlmFailure):
            return Reply(value=None, call=call_of(question, len(self.asked), value))
        assert isinstance(value, question.reply)
        return Reply(value=value, call=call_of(question, len(self.asked)))

    def estimate_usd(self, question: Question[T]) -> float | None:
        return 0.01

    def recall(self, calls: Sequence[ModelCall]) -> None:
        self.recalled = tuple(calls)

    async def check(self) -> tuple[ModelHealth, ...]:
        return (ModelHealth(provider="test", model="one", role=Role.FAST, ok=True, detail="answered"),)

    async def aclose(self) -> None:
        """Nothing to give back."""
