"""Segments to and from one service get lost and have to be sent again."""

from __future__ import annotations

from dataclasses import dataclass

from lab.incidents.base import Scenario, dice, in_turn
from lab.incidents.paths import bad_path

STRUCK = ("catalog", "checkout")


@dataclass(frozen=True)
class PacketLoss:
    """TCP hides a loss and shows a wait: 0.2 s, then 0.4 s, ... for some requests, nothing for the others."""

    name: str = "packet-loss"
    summary: str = "the network path to one service loses segments; no change did it"

    def scenario(self, seed: int) -> Scenario:
        """The seed decides which service, and how many."""
        return bad_path(
            dice(self.name, seed),
            in_turn(STRUCK, seed),
            ("storefront",),
            lambda random: {"loss": random.uniform(0.5, 0.6)},
            fault_type="packet_loss",
            indicator="http_client_request_duration_seconds",
        )
