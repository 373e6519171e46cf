"""How bad a log line is: what its stream states, and by which words a line without a level is told."""

from __future__ import annotations

from collections.abc import Mapping

from compass.signals.names import first

LEVEL_LABELS = ("level", "detected_level", "severity", "severity_text", "log_level")
BAD_LEVELS = frozenset(
    {"warn", "warning", "error", "err", "fatal", "critical", "crit", "alert", "emerg", "emergency", "panic", "severe"}
)
GOOD_LEVELS = frozenset({"trace", "debug", "info", "information", "notice"})
# Words of warnings and worse, for streams that state no level. RE2.
BAD_LINE = (
    r"(?i:\b(warn(ing)?|err(or)?s?|fatal|critical|panic|severe|emerg(ency)?|exception|traceback|fail(ed|ure|s)?|refused"
    r"|denied|timed? ?out|unavailable|abort(ed)?)\b)|[a-z](Error|Exception)\b"
)


def stream_level(labels: Mapping[str, str]) -> str:
    """The level a stream's labels state, lower case, or ""."""
    return first(labels, LEVEL_LABELS).lower()
