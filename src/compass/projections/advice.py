"""Fold what a language model was asked, and what it proposed, into the board's advice."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch

from compass.domain import advised as told
from compass.domain.advice import LlmFailure
from compass.domain.board import Advice, Argument
from compass.domain.chronicle import Resumed


def resumed(advice: Advice, payload: Resumed, number: int) -> Advice:
    """What a resume in round `number` means for a model that was lost (its key may have been put right): it is heard
    once more, also after a round that it was lost in; one that has never answered, from the beginning. What was said of
    its loss stays until it has answered."""
    if not advice.lost or not payload.model:
        return advice
    begun = bool(advice.model)  # else it could not even be opened when the investigation began
    answered = advice.spending.calls + advice.spending.reused > advice.spending.failed
    return replace(
        advice, again=True, heard=min(advice.heard, max(0, number - 1)) if answered else 0,
        asked=advice.asked if answered else frozenset(), model=advice.model or payload.model,
        budget_usd=advice.budget_usd if begun else payload.budget_usd,
    )  # fmt: skip


@singledispatch
def fold_advice(_payload: object, advice: Advice) -> Advice:
    """The advice after one more payload; the same value for payloads that say nothing about it."""
    return advice


@fold_advice.register
def _(payload: told.ModelSent, advice: Advice) -> Advice:
    return replace(advice, under_way={**advice.under_way, payload.id: payload.call})


@fold_advice.register
def _(payload: told.ModelAsked, advice: Advice) -> Advice:
    return replace(
        advice, spending=advice.spending.plus(payload.call), dropped=advice.dropped + payload.call.dropped,
        asking=advice.asking | ({payload.call.task} if payload.call.failure is not LlmFailure.INTERRUPTED else set()),
        under_way={key: call for key, call in advice.under_way.items() if key != payload.sent},
    )  # fmt: skip


@fold_advice.register
def _(payload: told.ModelLost, advice: Advice) -> Advice:
    return replace(advice, lost=payload.said, again=False)


@fold_advice.register
def _(payload: told.MechanismStated, advice: Advice) -> Advice:
    return replace(advice, stated={**advice.stated, payload.mechanism.id: payload.mechanism})


@fold_advice.register
def _(payload: told.TheoryArgued, advice: Advice) -> Advice:
    argument = Argument(
        by=payload.by, reasoning=payload.reasoning, would_disprove=payload.would_disprove, cites=payload.cites,
        shown=payload.shown, predicts=payload.predicts, testable=payload.testable,
    )  # fmt: skip
    return replace(advice, arguments={**advice.arguments, payload.hypothesis: argument})


@fold_advice.register
def _(payload: told.PlansPreferred, advice: Advice) -> Advice:
    fresh = tuple(plan for plan in payload.plans if plan not in advice.preferred)
    return replace(advice, preferred=(*advice.preferred, *fresh))


@fold_advice.register
def _(payload: told.ChangesRead, advice: Advice) -> Advice:
    return replace(advice, changes={**advice.changes, **{read.change: read for read in payload.changes}})


@fold_advice.register
def _(payload: told.NamesRead, advice: Advice) -> Advice:
    return replace(
        advice,
        names={**advice.names, **{read.id: read for read in payload.names}},
        readers={**advice.readers, **{read.id: payload.by for read in payload.names}},
        facts={**advice.facts, **{fact.series: fact for fact in payload.facts}},
    )


@fold_advice.register
def _(payload: told.NamesRejected, advice: Advice) -> Advice:
    return replace(advice, rejected=advice.rejected | set(payload.names))


@fold_advice.register
def _(payload: told.AdviceTaken, advice: Advice) -> Advice:
    answered = advice.again and not payload.skipped  # it was lost, was asked once more, and was not lost again
    return replace(
        advice, heard=max(advice.heard, payload.round), dropped=advice.dropped + payload.dropped,
        asked=advice.asked | advice.asking, asking=frozenset(), lost="" if answered else advice.lost,
        again=advice.again and not answered,
    )  # fmt: skip


@fold_advice.register
def _(payload: told.PersonAnswered, advice: Advice) -> Advice:
    return replace(advice, dropped=advice.dropped + payload.dropped)
