"""Which chronicle the settings mean. Apart from the wiring, so that reading commands import no analysis."""

from __future__ import annotations

import os

from compass.entrypoints.clock import SystemClock
from compass.entrypoints.live import config
from compass.entrypoints.settings import Settings
from compass.ports.chronicle import Chronicle
from compass.ports.errors import ConfigurationError
from compass.ports.knowledge import Embedder
from compass.storage.connect import open_chronicle
from compass.storage.embedding.wordllama import WordLlama


async def chronicle_of(settings: Settings) -> Chronicle:
    """The chronicle the settings name; starts the embedded server when it is needed."""
    return await open_chronicle(
        database_url=settings.database_url,
        data_dir=settings.data_dir,
        team=settings.team,
        clock=SystemClock(),
        embedder=embedder(),
    )


def embedder() -> Embedder | None:
    """What past incidents are found again by: the offline one, unless compass.toml names another. None where that file
    cannot be read: vectors of the wrong embedder would replace the right ones, and who needs the file says what is
    wrong with it."""
    try:
        chosen = config()
        if not chosen.knowledge.embedding:
            return WordLlama()
        from compass.entrypoints.models import llm_settings
        from compass.llm.embedding import ProviderEmbedder
        from compass.redaction.secret import Secrets

        named, secrets = chosen.knowledge, Secrets(os.environ, chosen.base)
        return ProviderEmbedder(named.embedding, named.dimensions, llm_settings(chosen), secrets)
    except ConfigurationError:
        return None
