"""Secrets that cannot be printed by accident."""

from __future__ import annotations

from collections.abc import Iterable

MASK = "***"
_SHORTEST = 6  # shorter ones would mask ordinary words


class Secret:
    """A token or password. Only `reveal` gives it; everything that prints it prints MASK."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        raise TypeError("a secret is not written anywhere")


def masked(text: str, secrets: Iterable[Secret]) -> str:
    """`text` without any of `secrets`: a server may echo what it was sent."""
    for secret in secrets:
        value = secret.reveal()
        if len(value) >= _SHORTEST:
            text = text.replace(value, MASK)
    return text
