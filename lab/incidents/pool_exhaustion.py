"""A deploy shrinks the connection pool of the orders service; a harmless deploy lands nearer to the page."""

from __future__ import annotations

from dataclasses import dataclass

from lab.fleet import DeployRequest
from lab.incidents.base import Injected, Stage
from lab.recorder.recording import Truth
from lab.shop.plan import ShopPlan

SHRINK = DeployRequest(
    service="orders",
    version="1.15.0",
    summary="lower the footprint on the shared database",
    edits={"database.pool.max_size": 1},
)
WORDING = DeployRequest(
    service="payments",
    version="1.9.5",
    summary="reword the receipt line",
    edits={"texts.receipt": "authorised payment for order"},
)
BANNER = DeployRequest(
    service="catalog",
    version="3.8.1",
    summary="new recommendation banner and wording of the view log",
    edits={"texts.banner": "Customers also liked", "texts.view_wording": "viewed product"},
)


@dataclass(frozen=True)
class PoolExhaustion:
    """Two hops behind the storefront, orders waits for connections while the database idles."""

    name: str = "pool-exhaustion"
    summary: str = "a deploy shrinks the database connection pool of orders from 10 to 1"

    def prepare(self, plan: ShopPlan) -> ShopPlan:
        """The shop as declared."""
        return plan

    def inject(self, stage: Stage) -> Injected:
        """A harmless deploy in the baseline, the shrink at its end, a harmless deploy before the page."""
        timing = stage.timing
        stage.wait_until(timing.baseline * 0.45)
        early = stage.deploy(WORDING)
        stage.wait_until(timing.baseline)
        cause = stage.deploy(SHRINK)
        stage.wait_until(timing.baseline + timing.decoy_after)
        late = stage.deploy(BANNER)
        return Injected(cause, (early, late))

    def truth(self, injected: Injected) -> Truth:
        """The pool of orders, from its deploy on."""
        return Truth(
            fault_type="connection_pool_exhaustion",
            entity=("service", "orders"),
            indicators=(
                "db_client_connection_pending_requests",
                "db_client_connection_wait_time_seconds",
                "db_client_connection_timeouts_total",
                "db_client_connection_max",
            ),
            onset=injected.cause.time,
            decoys=tuple(change.id for change in injected.decoys),
            blast_radius=("checkout", "storefront"),
            trigger=("deploy", injected.cause.id),
        )
