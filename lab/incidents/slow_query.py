"""An index of the orders table is dropped: reading a customer's orders scans the whole table."""

from __future__ import annotations

from dataclasses import dataclass

from lab.fleet import DeployRequest
from lab.incidents.base import Label, Scenario, Stage, Strike, decoys, dice
from lab.recorder.changes import Change

DROP = "DROP INDEX orders_customer"
SERVICES = ("orders", "checkout", "storefront")
INDICATORS = ("pg_stat_user_tables_seq_scan", "pg_stat_database_blks_hit", "db_client_operation_duration_seconds")


@dataclass(frozen=True)
class SlowQuery:
    """The database waits for storage for every block that the plan reads, so the plan decides."""

    name: str = "slow-query"
    summary: str = "an index is dropped, by a migration of orders or by hand, and a query scans its table"

    def scenario(self, seed: int) -> Scenario:
        """Odd seeds: a maintenance change of the database. Even ones: a migration that a deploy of orders brings."""
        random = dice(self.name, seed)
        early, late = decoys(random, "orders")
        by_hand = seed % 2 == 1
        label = Label(
            fault_type="slow_query",
            entity=("service", "orders-db"),
            indicators=INDICATORS,
            blast_radius=SERVICES,
            also_accept=() if by_hand else (("service", "orders"),),
        )
        strike: Strike = _by_hand if by_hand else _by_migration
        return Scenario(label=label, strike=strike, early=early, late=late, rate=random.uniform(0.9, 1.1))


def _by_hand(stage: Stage) -> Change:
    before = "indexes:\n  - orders_customer\n  - order_lines_order\n"
    after = "indexes:\n  - order_lines_order\n"
    change = stage.change(
        "config", "orders-db", "schema-112", "drop an index that seemed unused", before, after, "db/orders.yaml"
    )
    stage.sql("maintenance", (DROP,))
    return change


def _by_migration(stage: Stage) -> Change:
    request = DeployRequest(
        service="orders",
        version="1.15.0",
        summary="migration 43: remove indexes of the old report",
        edits={"texts.stored": "stored (schema 43)"},
    )
    change = stage.deploy(request)
    stage.sql("migrations", (DROP,))
    return change
