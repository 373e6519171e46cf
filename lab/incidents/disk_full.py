"""The volume of the orders database fills up, and no table can grow."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab.incidents.base import Label, Scenario, Stage, decoys, dice
from lab.recorder.changes import Change
from lab.shop.plan import SHOP

LABEL = Label(
    fault_type="disk_full",
    entity=("service", "orders-db"),
    indicators=("node_filesystem_avail_bytes",),
    blast_radius=("orders", "checkout", "storefront"),
)


@dataclass(frozen=True)
class DiskFull:
    """Reading works, writing fails, and the database says why."""

    name: str = "disk-full"
    summary: str = "exports fill the volume of orders-db: a change of their retention, or nobody's change"

    def scenario(self, seed: int) -> Scenario:
        """Odd seeds: a configuration change keeps every export. Even ones: they simply grow."""
        random = dice(self.name, seed)
        early, late = decoys(random, "orders")
        by_change = seed % 2 == 1
        share = random.uniform(0.1, 0.25)

        def strike(stage: Stage) -> Change | None:
            before, after = "keep_exports: 1\ninterval: 1d\n", "keep_exports: all\ninterval: 1m\n"
            summary = "keep every export for the auditors"
            change = None
            if by_change:
                change = stage.change("config", "orders-db", "exports-17", summary, before, after, "jobs/exports.yaml")
            stage.fill_volume(stage.timing.incident * share)
            return change

        return Scenario(
            label=LABEL,
            strike=strike,
            plan=replace(SHOP, database_volume_mib=random.choice((112, 128))),
            early=early,
            late=late,
            rate=random.uniform(0.9, 1.1),
        )
