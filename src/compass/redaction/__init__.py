"""The one gate for everything that leaves or is stored."""

from compass.redaction.gate import bound, redact, secret_in
from compass.redaction.masking import Masker

__all__ = ["Masker", "bound", "redact", "secret_in"]
