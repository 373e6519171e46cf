"""A session beside the shop holds locks for seconds at a time, and orders wait for them."""

from __future__ import annotations

from dataclasses import dataclass

from lab.incidents.base import Label, Scenario, Stage, decoys, dice
from lab.recorder.changes import Change

# Locks every product for as long as the job works out prices.
REPRICE = ("BEGIN", "UPDATE products SET price = price", "SELECT pg_sleep({hold})", "COMMIT", "SELECT pg_sleep(0.5)")
# The column is there from the second round on; the lock is taken all the same.
BACKFILL = (
    "BEGIN",
    "ALTER TABLE orders ADD COLUMN IF NOT EXISTS region text",
    "SELECT pg_sleep({hold})",
    "COMMIT",
    "SELECT pg_sleep(0.5)",
)
LABEL = Label(
    fault_type="lock_contention",
    entity=("service", "orders-db"),
    indicators=("pg_stat_activity_lock_waiting_count", "pg_locks_count", "pg_stat_activity_max_tx_duration"),
    blast_radius=("orders", "checkout", "storefront"),
)


@dataclass(frozen=True)
class LockContention:
    """Active sessions grow, processor and storage stay idle."""

    name: str = "lock-contention"
    summary: str = "a repricing job or a schema change holds locks that orders needs"

    def scenario(self, seed: int) -> Scenario:
        """Odd seeds: row locks of a repricing job. Even ones: the table lock of a schema change in long steps."""
        random = dice(self.name, seed)
        early, late = decoys(random, "orders")
        hold = random.uniform(4.0, 8.0)
        repricing = seed % 2 == 1

        def strike(stage: Stage) -> Change:
            before, after = ('schedule: "0 3 * * *"\n', 'schedule: "* * * * *"\n')
            job = "repricing" if repricing else "region-backfill"
            change = stage.change(
                "config", "orders-db", f"{job}-schedule-4", f"run {job} more often", before, after, f"jobs/{job}.yaml"
            )
            statements = tuple(text.format(hold=f"{hold:.1f}") for text in (REPRICE if repricing else BACKFILL))
            stage.sql(job, statements, repeat=True)
            return change

        return Scenario(label=LABEL, strike=strike, early=early, late=late, rate=random.uniform(0.85, 1.1))
