"""Never past the budget: whatever is asked at once, whatever calls cost, whether or not a price is known."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.domain.advice import ASSUMED_CALL_USD, ChosenTests, LlmFailure, Task
from compass.investigation.purse import Limit, Metered, Purse, purse_of
from compass.ports.language_model import Before, Question, Reply
from tests.support.advice import Answering, call_of

QUESTION: Question[ChosenTests] = Question(task=Task.CHOOSE, reply=ChosenTests, sections=())


@dataclass(slots=True)
class Priced(Answering):
    """Estimates `most` and costs `cost`, after a moment in which others ask as well."""

    most: float | None = 0.5
    cost: float | None = 0.5
    reused: bool = False

    def estimate_usd(self, question: Question[Any]) -> float | None:
        return self.most

    async def ask(self, question: Question[Any], before: Before | None = None) -> Reply[Any]:
        self.asked.append(question)
        await asyncio.sleep(0)
        call = replace(call_of(question), cost_usd=self.cost, reused=self.reused)
        return Reply(value=ChosenTests(), call=call)


def metered(model: Priced, *limits: Limit) -> Metered:
    return Metered(inner=model, purse=Purse(limits=limits))


def model(most: float | None = 0.5, cost: float | None = 0.5, *, reused: bool = False) -> Priced:
    return Priced(lambda _question: ChosenTests(), most=most, cost=cost, reused=reused)


@given(
    limit=st.floats(0, 5), costs=st.lists(st.tuples(st.floats(0, 2), st.floats(0, 1)), max_size=12),
    at_once=st.booleans(),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_what_is_spent_never_passes_the_limit(limit: float, costs: list[tuple[float, float]], at_once: bool) -> None:
    purse = Purse(limits=[Limit(name="this investigation", usd=limit)])
    asking = [Metered(inner=model(most, most * share), purse=purse).ask(QUESTION) for most, share in costs]

    async def go() -> None:
        if at_once:
            await asyncio.gather(*asking)
        else:
            for one in asking:
                await one

    asyncio.run(go())
    assert purse.limits[0].spent <= limit + 1e-9
    assert purse.reserved == pytest.approx(0.0, abs=1e-9)


async def test_what_would_pass_it_is_not_sent_and_says_so() -> None:
    inner = model(most=0.5)
    asked = metered(inner, Limit(name="this investigation", usd=0.6, spent=0.2), Limit(name="this month", usd=100))
    reply = await asked.ask(QUESTION)
    assert (reply.value, reply.call.failure, inner.asked) == (None, LlmFailure.BUDGET, [])
    assert "this investigation" in reply.call.said
    assert "0.20 of 0.60 USD" in reply.call.said
    assert "billed to your own key" in reply.call.said
    assert (reply.call.prompt, reply.call.charged_usd) == ("", 0.0)


async def test_the_tightest_limit_decides() -> None:
    asked = metered(model(), Limit(name="this investigation", usd=5), Limit(name="this month", usd=10, spent=9.9))
    assert "this month" in (await asked.ask(QUESTION)).call.said


async def test_a_model_without_a_price_is_held_as_well() -> None:
    inner = model(most=None, cost=None)
    asked = metered(inner, Limit(name="this investigation", usd=2.5 * ASSUMED_CALL_USD))
    failures = [(await asked.ask(QUESTION)).call.failure for _ in range(4)]
    assert failures == [None, None, LlmFailure.BUDGET, LlmFailure.BUDGET]


async def test_a_reused_reply_costs_nothing() -> None:
    asked = metered(model(reused=True), Limit(name="this investigation", usd=0.6))
    for _ in range(5):
        assert (await asked.ask(QUESTION)).value is not None
    assert asked.purse.limits[0].spent == 0.0


async def test_consent_is_for_a_sum() -> None:
    asked = metered(model(), Limit(name="this investigation", usd=0.5))
    assert (await asked.ask(QUESTION)).value is not None
    assert (await asked.ask(QUESTION)).value is None
    asked.purse.allow(0.5)
    assert (await asked.ask(QUESTION)).value is not None
    assert (await asked.ask(QUESTION)).value is None


async def test_a_call_that_breaks_off_gives_back_what_was_set_aside() -> None:
    class Broken(Priced):
        async def ask(self, question: Question[Any], before: Before | None = None) -> Reply[Any]:
            raise asyncio.CancelledError

    asked = metered(Broken(lambda _q: ChosenTests()), Limit(name="this investigation", usd=1))
    with pytest.raises(asyncio.CancelledError):
        await asked.ask(QUESTION)
    assert asked.purse.left == 1


def test_what_was_spent_before_a_crash_counts() -> None:
    purse = purse_of([Limit(name="this investigation", usd=5), Limit(name="this month", usd=50, spent=10)], 4.0)
    assert [limit.left for limit in purse.limits] == [1.0, 40.0]
    assert Purse(limits=()).left == float("inf")
