"""What language models cost an investigation: the sum, and by whom and for what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from compass.domain.advice import ModelCall, Spending
from compass.domain.advised import ModelAsked, ModelSent
from compass.domain.board import Board
from compass.domain.chronicle import Event

NOBODY = "-"
"""Where a call belongs to no agent, theory or phase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One part of the spending: `name` within its dimension."""

    name: str
    spending: Spending


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """USD and tokens of one investigation. Each dimension sums to `total`; the dearest share first.

    `budget_usd` None: none was set. `lost`: why the model is not asked any more, in words.
    """

    investigation: str
    number: int
    model: str
    budget_usd: float | None
    total: Spending
    by_agent: tuple[Share, ...]
    by_hypothesis: tuple[Share, ...]
    by_phase: tuple[Share, ...]
    by_model: tuple[Share, ...]
    by_task: tuple[Share, ...]
    lost: str = ""


def costs_of(events: Iterable[Event], board: Board, *, id: str, number: int) -> Costs:  # noqa: A002
    """The costs of every run of an investigation, questions and reports made afterwards included."""
    calls = calls_of(events)
    labels = {key: hypothesis.label for key, hypothesis in board.hypotheses.items()}
    return Costs(
        investigation=id, number=number, model=board.advice.model, budget_usd=board.advice.budget_usd,
        total=_sum(calls), lost=board.advice.lost,
        by_agent=_shares(calls, lambda call: call.agent),
        by_hypothesis=_shares(calls, lambda call: labels.get(call.hypothesis, call.hypothesis)),
        by_phase=_shares(calls, lambda call: call.phase),
        by_model=_shares(calls, lambda call: f"{call.provider}:{call.model}"),
        by_task=_shares(calls, lambda call: call.task.value),
    )  # fmt: skip


def calls_of(events: Iterable[Event]) -> list[ModelCall]:
    """Every call that was made, in the order of their ends; last those that are under way, or were when their process
    was killed, at what they cost at most."""
    made: list[ModelCall] = []
    under_way: dict[str, ModelCall] = {}
    for event in events:
        if isinstance(event.payload, ModelAsked):
            call, sent = event.payload.call, under_way.pop(event.payload.sent, None)
            made.append(call if sent is None else replace(call, prompt=sent.prompt))
        elif isinstance(event.payload, ModelSent):
            under_way[event.payload.id] = event.payload.call
    return [*made, *under_way.values()]


def _sum(calls: Iterable[ModelCall]) -> Spending:
    total = Spending()
    for call in calls:
        total = total.plus(call)
    return total


def _shares(calls: Iterable[ModelCall], name_of: Callable[[ModelCall], str]) -> tuple[Share, ...]:
    parts: dict[str, Spending] = {}
    for call in calls:
        name = name_of(call) or NOBODY
        parts[name] = parts.get(name, Spending()).plus(call)
    shares = [Share(name=name, spending=spending) for name, spending in parts.items()]
    return tuple(sorted(shares, key=lambda s: (-s.spending.usd, -s.spending.usage.input, s.name)))
