"""Calls to a language model are written down before they are sent and when their answer came: none is ever lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from compass.domain import advised as told
from compass.domain.advice import ModelCall
from compass.investigation.recorder import Recorder
from compass.ports.language_model import LanguageModel, Question, Reply

T = TypeVar("T")
ACTOR = "model"
Record = Callable[[str, "told.ModelSent | told.ModelAsked"], Awaitable[None]]
"""Commit one event under a key."""


async def asked(model: LanguageModel, question: Question[T], record: Record, key: str, sent: str) -> Reply[T]:
    """Ask and record. `key` is that of the call; `sent` a key of this very request, which no other run may have.

    Whoever is cancelled meanwhile leaves the call behind as interrupted: it was made, and may be billed.
    """
    unseen: list[ModelCall] = []

    async def before(call: ModelCall) -> None:
        await record(sent, told.ModelSent(id=sent, call=call))
        unseen.append(call)

    try:
        reply = await model.ask(question, before)
    except asyncio.CancelledError:
        for call in unseen:
            await record(f"{sent}/interrupted", _settled(call, sent))
        raise
    await record(key, _settled(reply.call, sent) if unseen else told.ModelAsked(call=reply.call))
    return reply


def _settled(call: ModelCall, sent: str) -> told.ModelAsked:
    """What became of a call. Its prompt, much the largest part of it, stands in the ModelSent already."""
    return told.ModelAsked(call=replace(call, prompt=""), sent=sent)


async def settle(recorder: Recorder) -> None:
    """Record the calls that were left behind by a runner that died, or that was stopped while it wrote them down."""
    under_way = recorder.board.advice.under_way
    mine = [(key, call) for key, call in under_way.items() if key.startswith(ADVICE)]
    payloads = [(f"{key}/interrupted", _settled(call, key)) for key, call in mine]
    await recorder.append(*payloads, actor=ACTOR)


ADVICE = "advice/"
"""Keys of what an investigation asks. A person's question beside it has a process of its own, which may be alive."""
