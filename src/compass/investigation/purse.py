"""The budget of an investigation, held before each call: what may be spent is set aside, what was spent is taken.

Several calls are under way at once, so money is reserved when a call is sent and settled when its price is known.
For a model of unknown price `ASSUMED_CALL_USD` is set aside and taken: the budget holds all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from compass.domain.advice import ASSUMED_CALL_USD, LlmFailure, ModelCall, Role
from compass.domain.ids import id_of
from compass.ports.language_model import Before, LanguageModel, ModelHealth, Question, Reply

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Limit:
    """One limit in USD. `name` is said to a person: "this investigation", "this month"."""

    name: str
    usd: float
    spent: float = 0.0

    @property
    def left(self) -> float:
        return max(0.0, self.usd - self.spent)


@dataclass(slots=True, kw_only=True)
class Purse:
    """All limits of one investigation; the tightest decides. `reserved` is set aside for calls under way."""

    limits: Sequence[Limit]
    reserved: float = 0.0
    raised: float = field(default=0.0)

    @property
    def left(self) -> float:
        """USD that may still be set aside; infinite without limits."""
        if not self.limits:
            return float("inf")
        return max(0.0, self.tightest.left - self.reserved)

    @property
    def tightest(self) -> Limit:
        return min(self.limits, key=lambda limit: limit.left)

    def reserve(self, usd: float) -> bool:
        """Set `usd` aside; False (and nothing is set aside) where that passes a limit."""
        if usd > self.left:
            return False
        self.reserved += usd
        return True

    def settle(self, reserved: float, spent: float) -> None:
        """Give back what was set aside for one call and take what it cost."""
        self.reserved = max(0.0, self.reserved - reserved)
        for limit in self.limits:
            limit.spent += spent

    def allow(self, usd: float) -> None:
        """A person agreed to so much more than the limits say."""
        self.raised += usd
        for limit in self.limits:
            limit.usd = max(limit.usd, limit.spent) + usd

    def words(self, needs: float) -> str:
        """Spent, left, and what the next call would need, in words."""
        limit = self.tightest
        return (
            f"The budget of {limit.name} is reached: {limit.spent:.2f} of {limit.usd:.2f} USD are spent, "
            f"{self.left:.2f} are left, and what comes next may cost {needs:.2f}. Tokens are billed to your own key."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """A language model that is asked only within the purse. What is not sent fails as BUDGET."""

    inner: LanguageModel
    purse: Purse

    @property
    def name(self) -> str:
        return self.inner.name

    async def ask(self, question: Question[T], before: Before | None = None) -> Reply[T]:
        needs = self.needs(question)
        if not self.purse.reserve(needs):
            return Reply(value=None, call=_unsent(question, self.name, self.purse.words(needs)))
        spent = 0.0
        try:
            reply = await self.inner.ask(question, None if before is None else _at(needs, before))
            spent = reply.call.budget_usd
            return reply
        finally:
            self.purse.settle(needs, spent)

    def needs(self, question: Question[T]) -> float:
        """USD that one call may cost at most."""
        estimate = self.inner.estimate_usd(question)
        return ASSUMED_CALL_USD if estimate is None else estimate

    def estimate_usd(self, question: Question[T]) -> float | None:
        return self.inner.estimate_usd(question)

    def recall(self, calls: Sequence[ModelCall]) -> None:
        self.inner.recall(calls)

    async def check(self) -> tuple[ModelHealth, ...]:
        return await self.inner.check()

    async def aclose(self) -> None:
        await self.inner.aclose()


def _at(reserved: float, before: Before) -> Before:
    """`before`, told of what was set aside."""

    async def told(call: ModelCall) -> None:
        await before(replace(call, cost_usd=reserved, said=f"{call.said}: {reserved:.2f} USD"))

    return told


def purse_of(limits: Sequence[Limit], spent: float) -> Purse:
    """A purse for an investigation that has already spent `spent` USD (it was interrupted, or goes on)."""
    return Purse(limits=[replace(limit, spent=limit.spent + spent) for limit in limits[:1]] + list(limits[1:]))


def _unsent(question: Question[T], name: str, said: str) -> ModelCall:
    provider, _, model = name.partition(" ")
    return ModelCall(
        id=id_of("m", "unsent", question.task, question.agent, question.phase, question.hypothesis), task=question.task,
        role=question.role or Role.FAST, provider=provider, model=model, prompt_version="", prompt="",
        agent=question.agent, hypothesis=question.hypothesis, phase=question.phase, tries=0, failure=LlmFailure.BUDGET,
        said=said,
    )  # fmt: skip
