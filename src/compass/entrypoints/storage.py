"""Which chronicle the settings mean. Apart from the wiring, so that reading commands import no analysis."""

from __future__ import annotations

from compass.entrypoints.clock import SystemClock
from compass.entrypoints.settings import Settings
from compass.ports.chronicle import Chronicle
from compass.storage.connect import open_chronicle
from compass.storage.embedding.wordllama import WordLlama


async def chronicle_of(settings: Settings) -> Chronicle:
    """The chronicle the settings name; starts the embedded server when it is needed."""
    return await open_chronicle(
        database_url=settings.database_url,
        data_dir=settings.data_dir,
        team=settings.team,
        clock=SystemClock(),
        embedder=WordLlama(),
    )
