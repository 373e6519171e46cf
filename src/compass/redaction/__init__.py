"""The one gate for everything that leaves or is stored."""

from compass.redaction.gate import bound, escape_json, redact, secret_in
from compass.redaction.masking import Masker

__all__ = ["Masker", "bound", "escape_json", "redact", "secret_in"]
