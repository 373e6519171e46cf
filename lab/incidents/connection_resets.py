"""Connections to one service or backend are reset."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from lab.incidents.base import Scenario
from lab.incidents.paths import bad_path

CALLERS = {"cart": ("checkout", "storefront"), "orders": ("checkout", "storefront"), "catalog": ("storefront",)}


@dataclass(frozen=True)
class ConnectionResets:
    """Requests fail at once, and the service never sees some of them."""

    name: str = "connection-resets"
    summary: str = "the network path to one service resets connections; no change did it"

    def scenario(self, seed: int) -> Scenario:
        """The seed decides which service, and how often."""
        return bad_path(
            self.name, seed, CALLERS, _reset, "connection_reset", "http_client_request_duration_seconds_count"
        )


def _reset(random: Random) -> dict[str, float]:
    return {"reset": random.uniform(0.2, 0.35)}
