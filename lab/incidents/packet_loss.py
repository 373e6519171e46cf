"""Segments to and from one service get lost and have to be sent again."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from lab.incidents.base import Scenario
from lab.incidents.paths import bad_path

CALLERS = {"catalog": ("storefront",), "checkout": ("storefront",)}


@dataclass(frozen=True)
class PacketLoss:
    """TCP hides a loss and shows a wait: 0.2 s, then 0.4 s, ... for some requests, nothing for the others."""

    name: str = "packet-loss"
    summary: str = "the network path to one service loses segments; no change did it"

    def scenario(self, seed: int) -> Scenario:
        """The seed decides which service, and how many."""
        return bad_path(self.name, seed, CALLERS, _lossy, "packet_loss", "http_client_request_duration_seconds")


def _lossy(random: Random) -> dict[str, float]:
    return {"loss": random.uniform(0.5, 0.6)}
