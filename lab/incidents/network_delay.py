"""Every segment to and from one service takes long on its way."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab.incidents.base import Label, Scenario, Stage, decoys, dice
from lab.shop.plan import SHOP

CALLERS = {
    "payments": ("checkout", "storefront"),
    "orders": ("checkout", "storefront"),
    "catalog": ("storefront",),
    "checkout": ("storefront",),
}


@dataclass(frozen=True)
class NetworkDelay:
    """Callers wait; the service itself is as quick as ever."""

    name: str = "network-delay"
    summary: str = "the network path to one service delays every segment; no change did it"

    def scenario(self, seed: int) -> Scenario:
        """The seed decides which service, and how long."""
        random = dice(self.name, seed)
        struck = list(CALLERS)[(seed - 1) % len(CALLERS)]
        early, late = decoys(random, struck)
        delay = random.uniform(0.5, 0.8)

        def strike(stage: Stage) -> None:
            stage.condition(struck, delay=delay, jitter=delay * 0.2)

        label = Label(
            fault_type="network_delay",
            entity=("service", struck),
            indicators=("http_client_request_duration_seconds",),
            blast_radius=CALLERS[struck],
        )
        plan = replace(SHOP, proxied=(struck,))
        return Scenario(label=label, strike=strike, plan=plan, early=early, late=late, rate=random.uniform(0.8, 1.0))
