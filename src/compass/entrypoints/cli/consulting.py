"""The language model for what is done after an investigation (questions, prose), within what is left of its budget."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from compass.entrypoints.cli.session import Loaded
from compass.ports.chronicle import Chronicle
from compass.ports.language_model import LanguageModel

OpenModel = Callable[[Chronicle, Loaded], Awaitable[LanguageModel | None]]
"""The chosen model within the budget of an investigation; None where none is chosen."""


async def no_model(_chronicle: Chronicle, _loaded: Loaded) -> LanguageModel | None:
    """For whoever wants none."""
    return None
