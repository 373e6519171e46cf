"""The language model for what is done after an investigation (questions, prose), within what is left of its budget."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from compass.domain.advised import ModelAsked
from compass.domain.time import to_datetime
from compass.entrypoints.cli.session import Loaded
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.live import config
from compass.entrypoints.money import limits_of
from compass.investigation.purse import Metered, purse_of
from compass.ports.chronicle import Chronicle
from compass.ports.language_model import LanguageModel

OpenModel = Callable[[Chronicle, Loaded], Awaitable[LanguageModel | None]]
"""The chosen model within the budget of an investigation; None where none is chosen."""


async def no_model(_chronicle: Chronicle, _loaded: Loaded) -> LanguageModel | None:
    """For whoever wants none."""
    return None


async def chosen_model(chronicle: Chronicle, loaded: Loaded) -> LanguageModel | None:
    """The model of compass.toml. What the investigation was asked and spent so far counts: what was answered before is
    not paid for again. Raises ConfigurationError where `[llm]` is wrong."""
    from compass.entrypoints.models import language_model, llm_settings, placeholder_key

    chosen = config()
    settings = llm_settings(chosen)
    if not settings.fast:
        return None
    earlier = [event.payload.call for event in loaded.events if isinstance(event.payload, ModelAsked)]
    key = await placeholder_key(chronicle.replies)
    model = language_model(chosen, settings, earlier=earlier, kept=chronicle.replies, key=key)
    if model is None:
        return None
    severity = loaded.board.incident.severity if loaded.board.incident is not None else None
    limits = await limits_of(settings.budget, severity, chronicle, to_datetime(SystemClock().now_ns()))
    return Metered(inner=model, purse=purse_of(limits, loaded.board.advice.charged_usd))
