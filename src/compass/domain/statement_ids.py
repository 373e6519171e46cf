"""Ids of log templates that are the same in every incident."""

from __future__ import annotations

import hashlib


def template_id(text: str) -> str:
    """`text`: a template as `Observation.statements` holds it."""
    return f"T{hashlib.sha256(text.encode()).hexdigest()[:10]}"
