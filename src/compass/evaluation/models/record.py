"""What a model did in one investigation, and in all of a set: proposals, calls, tokens, and what those would cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from compass.domain.advice import ModelCall, Role, Usage
from compass.domain.advised import AdviceTaken, ModelAsked
from compass.domain.board import Board
from compass.domain.chronicle import Event
from compass.domain.proposed import proposals, standing_of
from compass.llm.prices import cost_usd

PRICED: tuple[tuple[str, str, str], ...] = (
    ("openai", "gpt-5-mini", "gpt-5"),
    ("anthropic", "claude-haiku-4-5", "claude-sonnet-4-5"),
    ("google", "gemini-2.5-flash", "gemini-2.5-pro"),
)
"""Provider, fast and deep model at whose listed prices the tokens are counted. No model is asked for this."""


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """Estimated tokens that were sent and came back."""

    input: int = 0
    output: int = 0

    @property
    def both(self) -> int:
        return self.input + self.output

    def plus(self, other: Tokens) -> Tokens:
        return Tokens(input=self.input + other.input, output=self.output + other.output)


class ModelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One investigation. `suggested` theories were written, `entered` came on the board, `dropped` claims fitted
    nothing. `standings`: where the proposals stand in the end, by `domain.proposed.Standing`; those the engine came to
    itself are `shared`. `tokens` by task, `by_role` by role. `observations`: how large the incident was."""

    calls: int = 0
    reused: int = 0
    failed: int = 0
    suggested: int = 0
    entered: int = 0
    shared: int = 0
    dropped: int = 0
    standings: dict[str, int] = {}
    tokens: dict[str, Tokens] = {}
    by_role: dict[str, Tokens] = {}
    observations: int = 0
    rounds: int = 0

    @property
    def total(self) -> Tokens:
        return summed(self.by_role.values())


class ModelFigures(msgspec.Struct, frozen=True, kw_only=True):
    """All investigations of a set together. `per_case` are tokens by incident, `usd` their cost by PRICED's names."""

    record: ModelRecord
    median_tokens: float
    most_tokens: int
    usd: dict[str, float]


@dataclass(slots=True)
class Heard:
    """Listens to one investigation."""

    calls: list[ModelCall] = field(default_factory=list)
    taken: list[AdviceTaken] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        if isinstance(event.payload, ModelAsked):
            self.calls.append(event.payload.call)
        elif isinstance(event.payload, AdviceTaken):
            self.taken.append(event.payload)

    def record(self, board: Board) -> ModelRecord:
        """The record of the investigation that ended with this board."""
        left = proposals(board)
        standings: dict[str, int] = {}
        for hypothesis in left:
            name = standing_of(hypothesis, board).value
            standings[name] = standings.get(name, 0) + 1
        entered = sum(one.entered for one in self.taken)
        return ModelRecord(
            calls=sum(not call.reused for call in self.calls), reused=sum(call.reused for call in self.calls),
            failed=sum(call.failure is not None for call in self.calls),
            suggested=sum(one.suggested for one in self.taken), entered=entered, shared=entered - len(left),
            dropped=sum(one.dropped for one in self.taken), standings=dict(sorted(standings.items())),
            tokens=_grouped((call.task.value, call.usage) for call in self.calls),
            by_role=_grouped((call.role.value, call.usage) for call in self.calls),
            observations=len(board.observations), rounds=board.round,
        )  # fmt: skip


def figures(records: Sequence[ModelRecord]) -> ModelFigures:
    """The sums, and the middle and the largest of the tokens of one incident. `records` is not empty."""
    sizes = sorted(record.total.both for record in records)
    middle = (sizes[(len(sizes) - 1) // 2] + sizes[len(sizes) // 2]) / 2
    whole = together(records)
    return ModelFigures(record=whole, median_tokens=middle, most_tokens=sizes[-1], usd=priced(whole))


def together(records: Iterable[ModelRecord]) -> ModelRecord:
    """One record of all."""
    whole = ModelRecord()
    for one in records:
        whole = ModelRecord(
            calls=whole.calls + one.calls, reused=whole.reused + one.reused, failed=whole.failed + one.failed,
            suggested=whole.suggested + one.suggested, entered=whole.entered + one.entered,
            shared=whole.shared + one.shared, dropped=whole.dropped + one.dropped,
            standings={
                key: whole.standings.get(key, 0) + one.standings.get(key, 0)
                for key in sorted(whole.standings.keys() | one.standings.keys())
            },
            tokens=_merged(whole.tokens, one.tokens), by_role=_merged(whole.by_role, one.by_role),
            observations=whole.observations + one.observations, rounds=whole.rounds + one.rounds,
        )  # fmt: skip
    return whole


def priced(record: ModelRecord) -> dict[str, float]:
    """USD at the listed prices of PRICED by "provider fast / deep"; a model without a listed price is left out."""
    found: dict[str, float] = {}
    for provider, fast, deep in PRICED:
        costs = [
            cost_usd(provider, model, Usage(input=tokens.input, output=tokens.output), {})
            for role, model in ((Role.FAST, fast), (Role.DEEP, deep))
            if (tokens := record.by_role.get(role.value)) is not None
        ]
        if None not in costs:
            found[f"{provider} {fast} / {deep}"] = sum(cost for cost in costs if cost is not None)
    return found


def summed(parts: Iterable[Tokens]) -> Tokens:
    whole = Tokens()
    for one in parts:
        whole = whole.plus(one)
    return whole


def _grouped(pairs: Iterable[tuple[str, Usage]]) -> dict[str, Tokens]:
    found: dict[str, Tokens] = {}
    for name, usage in pairs:
        found[name] = found.get(name, Tokens()).plus(Tokens(input=usage.input, output=usage.output))
    return dict(sorted(found.items()))


def _merged(one: dict[str, Tokens], other: dict[str, Tokens]) -> dict[str, Tokens]:
    return {
        key: one.get(key, Tokens()).plus(other.get(key, Tokens())) for key in sorted(one.keys() | other.keys())
    }  # fmt: skip
