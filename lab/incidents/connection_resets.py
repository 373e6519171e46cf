"""Connections to one service or backend are reset."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab.incidents.base import Label, Scenario, Stage, decoys, dice
from lab.shop.plan import SHOP

CALLERS = {"cart": ("checkout", "storefront"), "orders": ("checkout", "storefront"), "catalog": ("storefront",)}


@dataclass(frozen=True)
class ConnectionResets:
    """Requests fail at once, and the service never sees some of them."""

    name: str = "connection-resets"
    summary: str = "the network path to one service resets connections; no change did it"

    def scenario(self, seed: int) -> Scenario:
        """The seed decides which service, and how often."""
        random = dice(self.name, seed)
        struck = list(CALLERS)[(seed - 1) % len(CALLERS)]
        early, late = decoys(random, struck)
        share = random.uniform(0.2, 0.35)

        def strike(stage: Stage) -> None:
            stage.condition(struck, reset=share)

        label = Label(
            fault_type="connection_reset",
            entity=("service", struck),
            indicators=("http_client_request_duration_seconds_count",),
            blast_radius=CALLERS[struck],
        )
        plan = replace(SHOP, proxied=(struck,))
        return Scenario(label=label, strike=strike, plan=plan, early=early, late=late, rate=random.uniform(0.8, 1.0))
