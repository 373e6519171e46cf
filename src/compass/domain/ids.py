"""Ids made of what they stand for: the same thing has the same id, whoever finds it and whenever."""

from __future__ import annotations

import hashlib


def id_of(letter: str, *parts: str) -> str:
    """`letter` and 60 bits of the SHA-256 of `parts`, in hexadecimal digits."""
    return letter + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:15]
