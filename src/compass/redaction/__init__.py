"""The one gate for everything that leaves or is stored."""

from compass.redaction.gate import bound, redact

__all__ = ["bound", "redact"]
