"""What is said of an error: it may quote what it choked on, and that comes from telemetry."""

from __future__ import annotations

from compass.ports.errors import CompassError
from compass.redaction import bound, redact

MOST_CHARS = 400


def said_of(error: Exception) -> str:
    """Redacted and bounded; of errors that are not of COMPASS also their kind."""
    return kept(str(error) if isinstance(error, CompassError) else f"{type(error).__name__}: {error}")


def kept(text: str) -> str:
    return bound(redact(text), MOST_CHARS)
