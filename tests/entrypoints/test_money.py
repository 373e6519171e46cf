"""The limits of an investigation: its severity's tier, and the month's, which others may have used up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from compass.domain.advice import ASSUMED_CALL_USD, ModelCall, Role, Task, Usage
from compass.domain.advised import ModelAsked
from compass.domain.board import Board
from compass.domain.chronicle import NewEvent
from compass.domain.incident import Severity
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.models import placeholder_key
from compass.entrypoints.money import budget_usd, estimator_of, limits_of, month_begins
from compass.llm.settings import Budget, LlmSettings, Price
from compass.storage.memory import MemoryChronicle


def test_a_severity_has_its_own_tier_where_one_is_set() -> None:
    budget = Budget(investigation=5.0, severity={"sev1": 20.0})
    assert [budget_usd(budget, one) for one in (None, Severity.SEV1, Severity.SEV2)] == [5.0, 20.0, 5.0]
    assert budget_usd(Budget(), None) == 5.0


def test_the_month_begins_on_its_first_day_utc() -> None:
    assert month_begins(datetime(2026, 11, 26, 7, 41, tzinfo=UTC)) == datetime(2026, 11, 1, tzinfo=UTC)


async def test_the_months_limits_hold_what_was_spent() -> None:
    chronicle = MemoryChronicle(clock=SystemClock())
    call = ModelCall(
        id="m", task=Task.PROPOSE, role=Role.FAST, provider="p", model="m", prompt_version="1", prompt="?",
        usage=Usage(input=1, output=1), cost_usd=1.5,
    )  # fmt: skip
    investigation = await chronicle.create("x")
    await chronicle.append(investigation, None, [NewEvent(key="c", payload=ModelAsked(call=call), actor="model")])
    now = datetime.now(UTC)
    (only,) = await limits_of(Budget(), None, chronicle, now)
    assert (only.name, only.usd, only.spent) == ("this investigation", 5.0, 0.0)
    limits = await limits_of(Budget(month=10, team_month=2), Severity.SEV3, chronicle, now)
    assert [(limit.name, limit.left) for limit in limits] == [
        ("this investigation", 5.0), ("this month", 8.5), ("the team's month", 0.5)
    ]  # fmt: skip
    unknown = NewEvent(key="d", payload=ModelAsked(call=replace(call, cost_usd=None)), actor="model")
    await chronicle.append(investigation, None, [unknown])
    limits = await limits_of(Budget(month=10), None, chronicle, now)
    assert limits[1].left == 8.5 - ASSUMED_CALL_USD, "as within a run"


async def test_the_estimate_is_from_the_dearest_chosen_model_until_there_is_a_history() -> None:
    chronicle = MemoryChronicle(clock=SystemClock())
    prices = {"compatible:small": Price(input=1, output=1), "compatible:large": Price(input=10, output=10)}
    settings = LlmSettings(fast="compatible:small", deep="compatible:large", prices=prices)
    told = (await estimator_of(settings, 5, chronicle))(Board())
    assert told is not None
    assert told.most_usd == pytest.approx(11 * (6_000 + 2_000) * 10 / 1e6)
    unknown = LlmSettings(fast="compatible:small", deep="compatible:nobody knows", prices=prices)
    assert (await estimator_of(unknown, 5, chronicle))(Board()) is None


async def test_placeholders_are_the_same_for_everybody_of_the_team() -> None:
    chronicle = MemoryChronicle(clock=SystemClock())
    first = await placeholder_key(chronicle.replies)
    assert first == await placeholder_key(chronicle.replies)
    assert len(first) == 32
    assert first != await placeholder_key(MemoryChronicle(clock=SystemClock()).replies)
