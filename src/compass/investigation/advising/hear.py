"""Hear the language model once after a round: all questions at once, replies taken in canonical order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from compass.domain import advised as told
from compass.domain import chronicle as c
from compass.domain.advice import LlmFailure
from compass.domain.board import Board
from compass.domain.commanded import Decided, DecisionKind
from compass.investigation.advising.base import Adviser, Taken
from compass.investigation.advising.kept import keep, recall
from compass.investigation.advising.sent import ACTOR, ADVICE, asked
from compass.investigation.deciding import recorded
from compass.investigation.estimate import Estimate
from compass.investigation.moves import searching
from compass.investigation.purse import Metered
from compass.investigation.recorder import Recorder
from compass.investigation.settings import Crew, Limits
from compass.ports.language_model import LanguageModel, Question, Reply
from compass.ports.replies import Replies
from compass.projections.advice import fold_advice

GIVES_UP = frozenset({
    LlmFailure.NO_KEY, LlmFailure.WRONG_KEY, LlmFailure.NO_MODEL, LlmFailure.QUOTA, LlmFailure.UNREACHABLE,
    LlmFailure.BUDGET, LlmFailure.VETOED,
})  # fmt: skip
"""Failures that the next call would meet as well: the model is not asked again in this investigation."""
UNAVAILABLE = "AI service unavailable; here is the raw data I gathered"
NOT_AT_HAND = "no language model is at hand in this run"


Estimator = Callable[[Board], Estimate | None]
"""What the model will cost an investigation that has come as far as this board."""
Consent = Callable[[str], Awaitable[bool | None]]
"""Puts it to a person that the budget is reached and what the rest may cost; whether they agree; None: no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """How money is talked about. `consent` None: nobody is there, and nothing is spent past the budget."""

    estimator: Estimator | None = None
    consent: Consent | None = None


async def hear(
    recorder: Recorder, model: LanguageModel, crew: Crew, advisers: Sequence[Adviser[Any]],
    money: Money | None = None, limits: Limits | None = None, kept: Replies | None = None,
) -> None:  # fmt: skip
    """Ask what every adviser wants to know after the board's current round, and record what came of it. Who only helps
    to search is not asked where the answer is as good as found.

    `kept`: where what series mean is kept for ever; what stands there is not asked for.
    """
    money = money or Money()
    search = searching(recorder.board, limits or Limits())
    number = recorder.board.round
    key = _key(recorder.board)
    if kept is not None:
        await recall(recorder, kept)
    before = board = recorder.board
    heard = [adviser for adviser in advisers if search or not adviser.searches]
    wanted = [(adviser, question) for adviser in heard for question in adviser.questions(board, crew)]
    await _say_cost(recorder, board, wanted, money)
    if isinstance(model, Metered):
        await _within(recorder, model, key, [question for _, question in wanted], money)
    replies = await asyncio.gather(
        *(_ask(recorder, model, key, at, question) for at, (_, question) in enumerate(wanted))
    )
    taken: list[Taken] = []
    for (adviser, question), reply in zip(wanted, replies, strict=True):
        if reply.value is not None:
            taken.append(adviser.take(board, crew, question, reply.value, model.name))
            board = _with(board, taken[-1])
    # All at once: a crash leaves either the whole of this advice or only the record of what was asked.
    given = [pair for one in taken for pair in one.payloads]
    await recorder.append(*given, *_closing(key, number, taken, replies), actor=ACTOR)
    if kept is not None:
        await keep(kept, recorder.board, before)


async def do_without(recorder: Recorder, wrong: str) -> None:
    """Record that the model of this investigation is not there in this run. `wrong`: why, where that is known."""
    lost = lost_before(wrong) if wrong else told.ModelLost(failure=LlmFailure.NO_MODEL, said=NOT_AT_HAND)
    await recorder.append((f"{_key(recorder.board)}/lost", lost), actor=ACTOR)


def lost_before(wrong: str) -> told.ModelLost:
    """A model that cannot be asked anything, as it is set up."""
    return told.ModelLost(failure=LlmFailure.NO_MODEL, said=f"{UNAVAILABLE} ({wrong})")


def _key(board: Board) -> str:
    return f"{ADVICE}{board.round}/{board.reopened}"


async def _say_cost(
    recorder: Recorder, board: Board, asked: Sequence[tuple[Adviser[Any], Question[Any]]], money: Money
) -> None:
    """Before the first call of an investigation, and only then: what it will cost."""
    if not asked or money.estimator is None or board.advice.heard:
        return
    told_by = money.estimator(board)
    if told_by is not None:
        said = told.CostEstimated(usual_usd=told_by.usual_usd, most_usd=told_by.most_usd, basis=told_by.basis)
        await recorder.append(("cost/estimated", said), actor=ACTOR)


async def _within(
    recorder: Recorder, model: Metered, key: str, questions: Sequence[Question[Any]], money: Money
) -> None:
    """Where these questions may pass the budget, a person is asked; without one the policy is to spend no more."""
    needs = sum(map(model.needs, questions))
    if needs <= model.purse.left:
        return
    because = model.purse.words(needs)
    asked_s = monotonic()
    answer = await money.consent(because) if money.consent is not None else None
    agreed = answer is True
    if agreed:
        model.purse.allow(needs)
    decided = f"spend up to {needs:.2f} USD more on the language model" if agreed else "stay within the budget"
    by = "human" if answer is not None else "policy:unattended"
    spend, stay = f"spend up to {needs:.2f} USD more on the language model", "stay within the budget"
    took_s = monotonic() - asked_s if money.consent is not None else None
    record = recorded(
        recorder.board, DecisionKind.SPENDING, options=(spend, stay), chosen=decided, favoured=stay,
        favoured_because="nothing is spent past the budget without a person's word", took_s=took_s,
    )  # fmt: skip
    decision = Decided(decision=decided, by=by, because=because, record=record)
    await recorder.append((f"{key}/budget", decision), actor="human" if by == "human" else ACTOR)


def _with(board: Board, taken: Taken) -> Board:
    """The board as it will be, so that what one reply brought is not brought again by the next."""
    for _key, payload in taken.payloads:
        if isinstance(payload, c.Proposed):
            board = replace(board, hypotheses={**board.hypotheses, payload.hypothesis.id: payload.hypothesis})
        else:
            board = replace(board, advice=fold_advice(payload, board.advice))
    return board


async def _ask(recorder: Recorder, model: LanguageModel, key: str, at: int, question: Question[Any]) -> Reply[Any]:
    async def record(key: str, payload: told.ModelSent | told.ModelAsked) -> None:
        await recorder.append((key, payload), actor=ACTOR)

    # With the number of the last event: whoever asks the same after a crash sends another request.
    return await asked(model, question, record, f"{key}/call/{at}", f"{key}/sent/{at}/{recorder.board.seq}")


def _closing(
    key: str, number: int, taken: Sequence[Taken], replies: Sequence[Reply[Any]]
) -> list[tuple[str, c.Payload]]:
    payloads: list[tuple[str, c.Payload]] = []
    failures = [reply.call for reply in replies if reply.call.failure is not None]
    final = next((call for call in failures if call.failure in GIVES_UP), None)
    if final is None and failures and len(failures) == len(replies):
        final = failures[0]  # nothing at all came back: it will not be better in a second
    if final is not None and final.failure is not None:
        said = f"{UNAVAILABLE} ({final.said})" if final.failure is not LlmFailure.BUDGET else final.said
        payloads.append((f"{key}/lost", told.ModelLost(failure=final.failure, said=said)))
    counts = told.AdviceTaken(
        round=number, suggested=sum(t.suggested for t in taken), entered=sum(t.entered for t in taken),
        dropped=sum(t.dropped for t in taken), skipped="" if replies else "nothing to ask",
    )  # fmt: skip
    payloads.append((f"{key}/taken", counts))
    return payloads
