"""The one gate for everything that leaves or is stored."""

from compass.redaction.gate import bound, redact, secret_in

__all__ = ["bound", "redact", "secret_in"]
