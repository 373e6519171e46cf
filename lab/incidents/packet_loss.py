"""Segments to and from one service get lost and have to be sent again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab.incidents.base import Label, Scenario, Stage, decoys, dice
from lab.shop.plan import SHOP

STRUCK = ("catalog", "checkout")


@dataclass(frozen=True)
class PacketLoss:
    """TCP hides a loss and shows a wait: 0.2 s, then 0.4 s, ... for some requests, nothing for the others."""

    name: str = "packet-loss"
    summary: str = "the network path to one service loses segments; no change did it"

    def scenario(self, seed: int) -> Scenario:
        """The seed decides which service, and how many."""
        random = dice(self.name, seed)
        struck = STRUCK[(seed - 1) % len(STRUCK)]
        early, late = decoys(random, struck)
        loss = random.uniform(0.5, 0.6)

        def strike(stage: Stage) -> None:
            stage.condition(struck, loss=loss)

        label = Label(
            fault_type="packet_loss",
            entity=("service", struck),
            indicators=("http_client_request_duration_seconds",),
            blast_radius=("storefront",),
        )
        plan = replace(SHOP, proxied=(struck,))
        return Scenario(label=label, strike=strike, plan=plan, early=early, late=late, rate=random.uniform(0.8, 1.0))
