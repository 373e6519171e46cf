"""Reads what a model cost: one investigation's calls, and the month's."""

from __future__ import annotations

from compass.domain.time import to_datetime
from compass.entrypoints.cli import session
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.money import month_begins
from compass.projections.costs import Costs, costs_of


def costs_and_month(reference: str | None) -> tuple[Costs, float]:
    """The costs of one investigation, and what the team has spent this month, in USD. Raises NotFoundError."""
    chosen = session.settings()

    async def work() -> tuple[Costs, float]:
        async with session.open_chronicle(chosen) as chronicle:
            loaded = await session.load(chronicle, chosen, reference)
            spent = await chronicle.spent(month_begins(to_datetime(SystemClock().now_ns())))
            return costs_of(loaded.events, loaded.board, id=str(loaded.id), number=loaded.number), spent.team

    return session.run(work)
