"""A deploy shrinks the connection pool of the orders service; a harmless deploy lands nearer to the page."""

from __future__ import annotations

from dataclasses import dataclass

from lab.fleet import DeployRequest
from lab.incidents.base import Label, Scenario, dice, harmless

SHRINK = DeployRequest(
    service="orders",
    version="1.15.0",
    summary="lower the footprint on the shared database",
    edits={"database.pool.max_size": 1},
)
LABEL = Label(
    fault_type="connection_pool_exhaustion",
    entity=("service", "orders"),
    indicators=(
        "db_client_connection_pending_requests",
        "db_client_connection_wait_time_seconds",
        "db_client_connection_timeouts_total",
        "db_client_connection_max",
    ),
    blast_radius=("checkout", "storefront"),
)


@dataclass(frozen=True)
class PoolExhaustion:
    """Two hops behind the storefront, orders waits for connections while the database idles."""

    name: str = "pool-exhaustion"
    summary: str = "a deploy shrinks the database connection pool of orders from 10 to 1"

    def scenario(self, seed: int) -> Scenario:
        """A harmless deploy in the baseline, the shrink at its end, a harmless deploy before the page."""
        random = dice(self.name, seed)
        early, late = random.sample(["payments", "catalog", "cart", "notifier"], 2)
        return Scenario(
            label=LABEL,
            strike=lambda stage: stage.deploy(SHRINK),
            early=(harmless(early),),
            late=(harmless(late),),
            rate=random.uniform(1.35, 1.5),
        )
