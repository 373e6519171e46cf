"""The limits that hold for an investigation, from compass.toml and from what was spent this month."""

from __future__ import annotations

from datetime import datetime

from compass.domain.advice import ASSUMED_CALL_USD, Task, Usage
from compass.domain.incident import Severity
from compass.investigation.advising.hear import Estimator
from compass.investigation.estimate import estimate
from compass.investigation.purse import Limit
from compass.llm.prices import PriceList
from compass.llm.routing import REPLY_TOKENS
from compass.llm.settings import Budget, LlmSettings, split
from compass.ports.chronicle import Chronicle


def month_begins(now: datetime) -> datetime:
    """The first moment of the month, UTC: providers bill by it."""
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def budget_usd(budget: Budget, severity: Severity | None) -> float:
    """What one investigation may cost: its severity's tier, else the usual."""
    return budget.investigation if severity is None else budget.severity.get(severity.value, budget.investigation)


async def limits_of(budget: Budget, severity: Severity | None, chronicle: Chronicle, now: datetime) -> list[Limit]:
    """Every limit that is set, the investigation's first; those of the month with what they have spent so far."""
    limits = [Limit(name="this investigation", usd=budget_usd(budget, severity))]
    if budget.month is None and budget.team_month is None:
        return limits
    spent = await chronicle.spent(month_begins(now))
    if budget.month is not None:
        everybody = spent.everybody + ASSUMED_CALL_USD * spent.everybody_unpriced
        limits.append(Limit(name="this month", usd=budget.month, spent=everybody))
    if budget.team_month is not None:
        team = spent.team + ASSUMED_CALL_USD * spent.team_unpriced
        limits.append(Limit(name="the team's month", usd=budget.team_month, spent=team))
    return limits


async def estimator_of(settings: LlmSettings, rounds: int, chronicle: Chronicle) -> Estimator:
    """How the cost of an investigation is estimated: from the team's earlier ones, else from the longest calls.

    The price of a call is the dearer one of the chosen models: which of them is asked is decided later.
    """
    past = await chronicle.past_costs()
    prices = PriceList(own=settings.prices)
    longest = Usage(input=settings.context, output=REPLY_TOKENS[Task.PROPOSE])
    costs = [
        prices.cost_usd(*split(name), longest)
        for name in {settings.fast, settings.deep or settings.fast, *settings.agents.values()}
    ]
    known = [cost for cost in costs if cost is not None]
    call_usd = max(known) if len(known) == len(costs) else None
    return lambda board: estimate(past, call_usd, rounds, size=len(board.observations))
