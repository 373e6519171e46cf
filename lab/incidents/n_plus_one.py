"""A deploy of orders reads the lines of a customer's orders one order at a time."""

from __future__ import annotations

from dataclasses import dataclass

from lab.fleet import DeployRequest
from lab.incidents.base import Label, Scenario, decoys, dice

LABEL = Label(
    fault_type="n_plus_one_query",
    entity=("service", "orders"),
    indicators=("db_client_operation_duration_seconds_count", "http_server_request_duration_seconds"),
    blast_radius=("orders-db", "checkout", "storefront"),
)


@dataclass(frozen=True)
class NPlusOne:
    """Every query stays fast; there are many more of them in a request."""

    name: str = "n-plus-one"
    summary: str = "a deploy of orders asks the database once for each of a customer's last orders"

    def scenario(self, seed: int) -> Scenario:
        """The seed decides how many orders are read."""
        random = dice(self.name, seed)
        early, late = decoys(random, "orders")
        request = DeployRequest(
            service="orders",
            version="1.15.0",
            summary="show what a customer bought last",
            edits={"settings.history_orders": random.randint(28, 33)},
        )
        return Scenario(
            label=LABEL,
            strike=lambda stage: stage.deploy(request),
            early=early,
            late=late,
            rate=random.uniform(0.8, 1.05),
        )
