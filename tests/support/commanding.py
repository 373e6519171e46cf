"""A desk to give orders from: a board of a few theories, with the catalogue that ships."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from compass.disproof import all_strategies
from compass.domain.board import Board
from compass.domain.mechanism import Mechanism
from compass.investigation.commanding import Desk, Who, desk_of
from compass.mechanisms.loader import load_catalogue
from tests.support.boards import LEDGER, ORDERS, WEB, believed, seen, service, theory

PAYMENTS, FRONTEND = service("payments"), service("frontend")
POOL = theory("connection_pool_exhausted", ORDERS, "H1")
SLOW = theory("slow_statement", LEDGER, "H2")
DELAY = theory("network_delay", WEB, "H3")
FIELDS = ("application", "change", "database", "infrastructure", "network", "tracing")
WHO = Who(nonce="n1")


@cache
def catalogue() -> Mapping[str, Mechanism]:
    return {mechanism.id: mechanism for mechanism in load_catalogue().mechanisms}


def listed(**parts: object) -> Board:
    """Three theories, 50, 20 and 10 %; orders waits for its pool, web is slow."""
    observations = (seen("pool.exhausted", ORDERS), seen("latency.up", WEB))
    own: dict[str, object] = {
        "observations": observations, "specialists": FIELDS, "entities": (LEDGER, ORDERS, WEB, PAYMENTS, FRONTEND),
    }  # fmt: skip
    return believed({POOL: 0.5, SLOW: 0.2, DELAY: 0.1}, **{**own, **parts})


def desk(board: Board | None = None) -> Desk:
    strategies = {strategy.id: strategy for strategy in all_strategies()}
    return desk_of(board or listed(), catalogue(), strategies)
