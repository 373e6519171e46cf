"""Many more customers than ever, and the pool of orders is sized for the usual number."""

from __future__ import annotations

from dataclasses import dataclass

from lab.incidents.base import Label, Scenario, Stage, decoys, dice
from lab.shop.plan import SHOP

LABEL = Label(
    fault_type="traffic_surge",
    entity=("service", "storefront"),
    indicators=("http_server_request_duration_seconds_count", "db_client_connection_pending_requests"),
    blast_radius=("checkout", "orders", "orders-db"),
    also_accept=(("service", "orders"),),
)


@dataclass(frozen=True)
class TrafficSurge:
    """Arrivals grow first, everything else follows."""

    name: str = "traffic-surge"
    summary: str = "several times the usual traffic: buyers, or a crawler of carts; no change did it"

    def scenario(self, seed: int) -> Scenario:
        """Odd seeds: a crowd that looks at carts. Even ones: more of the usual customers."""
        random = dice(self.name, seed)
        early, late = decoys(random, "storefront")
        crawler = seed % 2 == 1
        extra, journey = (random.uniform(12, 14), "look_at_cart") if crawler else (7.0, "mixed")

        def strike(stage: Stage) -> None:
            stage.more_customers(extra, journey)

        limits = {"min_size": 1, "max_size": 2, "acquire_timeout_seconds": 2.0}
        return Scenario(
            label=LABEL,
            strike=strike,
            plan=SHOP.configured("orders", database={"pool": limits}),
            early=early,
            late=late,
            rate=0.8,
        )
