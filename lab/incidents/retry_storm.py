"""A deploy makes a service ask again, sooner than an answer can come."""

from __future__ import annotations

from dataclasses import dataclass

from lab.fleet import DeployRequest
from lab.incidents.base import Label, Scenario, decoys, dice
from lab.shop.plan import SHOP


@dataclass(frozen=True)
class RetryStorm:
    """What was given up goes on working: the callee does several times the work."""

    name: str = "retry-storm"
    summary: str = "a deploy of checkout or storefront retries with too short a time-out"

    def scenario(self, seed: int) -> Scenario:
        """Odd seeds: checkout asks orders again. Even ones: the storefront asks checkout again."""
        random = dice(self.name, seed)
        caller, callee, version = ("checkout", "orders", "4.3.0") if seed % 2 else ("storefront", "checkout", "7.2.0")
        early, late = decoys(random, caller, paged="storefront")
        request = DeployRequest(
            service=caller,
            version=version,
            summary=f"do not give up when {callee} hiccups",
            edits={
                f"retries.{callee}.attempts": random.randint(5, 6),
                f"retries.{callee}.attempt_timeout_seconds": 0.3 if seed % 2 else 0.12,
            },
        )
        label = Label(
            fault_type="retry_storm",
            entity=("service", caller),
            indicators=("http_client_request_duration_seconds_count", "db_client_connection_pending_requests"),
            blast_radius=("orders", "orders-db", "checkout", "storefront"),
        )
        limits = {"min_size": 1, "acquire_timeout_seconds": 2.0, "max_size": 4}
        return Scenario(
            label=label,
            strike=lambda stage: stage.deploy(request),
            plan=SHOP.configured("orders", database={"pool": limits}),
            early=early,
            late=late,
            rate=random.uniform(0.9, 1.1),
        )
