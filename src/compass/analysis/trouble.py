"""Two kinds of trouble travel from a thing to those who call it: waiting, and failing. They are not the same news.

A service that answers at once with an error, or with a wrong result, keeps its callers fast; one that is slow makes
them wait, and fail only where they give up. So slow callers neither clear nor accuse a service that is said to fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from compass.domain.mechanism import Mechanism, Relation
from compass.domain.sign import FAILING, SLOW


class Trouble(Enum):
    """What callers notice; the value says it of requests."""

    SLOW = "slower"
    FAILING = "failing"


REQUESTS_SHOW: Mapping[Trouble, frozenset[str]] = {Trouble.SLOW: SLOW, Trouble.FAILING: FAILING}
"""Signs measured on the requests themselves, so that a normal one clears."""
_ONLY: Mapping[Trouble, frozenset[str]] = {
    Trouble.SLOW: SLOW | {"db.latency_up", "trace.callee_slow", "trace.gap_up"},
    Trouble.FAILING: frozenset({
        "log.path_changed", "log.gone", "trace.structure_changed", "trace.child_missing",
    }),
}  # fmt: skip
"""Signs that only this kind of trouble at a callee explains (errors and error text may come of waiting too)."""


def troubles_of(mechanism: Mechanism | None) -> frozenset[Trouble]:
    """The kinds that the mechanism says callers will show; both where it does not say."""
    if mechanism is None:
        return frozenset(Trouble)
    told = {sign for pattern in mechanism.expects if pattern.at is Relation.CALLER for sign in pattern.signs}
    found = frozenset(kind for kind, signs in REQUESTS_SHOW.items() if signs & told)
    return found or frozenset(Trouble)


def unexplained(kinds: frozenset[Trouble]) -> frozenset[str]:
    """Signs at a caller that trouble of `kinds` at its callee does not explain."""
    missing = frozenset(Trouble) - kinds
    return frozenset().union(*(_ONLY[kind] for kind in missing)) if kinds else frozenset()
