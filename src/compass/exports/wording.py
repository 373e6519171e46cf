"""Checked wording: blameless, and no claim beyond what was shown (DESIGN §10)."""

from __future__ import annotations

import re

BANNED = {
    "root cause": "contributing cause, or working theory",
    "root-cause": "contributing cause, or working theory",
    "human error": "what made the action reasonable at the time",
    "confirmed cause": "working theory that survived",
    "should have": "what would have helped",
    "failed to": "did not",
    "careless": "what made it hard to notice",
    "negligent": "what made it hard to notice",
    "fault of": "contributed to by",
    "to blame": "contributed",
}
_PATTERN = re.compile(r"\b(" + "|".join(re.escape(phrase) for phrase in BANNED) + r")\b", re.IGNORECASE)


def objections(text: str) -> tuple[str, ...]:
    """Phrases of `text` that a blameless report does not use, each with what to say instead.

    Quoted telemetry (between backticks) is evidence and left alone.
    """
    prose = re.sub(r"`[^`\n]*`", "", text)
    found = {match.group(1).lower() for match in _PATTERN.finditer(prose)}
    return tuple(f"“{phrase}”: say “{BANNED[phrase]}”" for phrase in sorted(found))
