"""Every segment to and from one service takes long on its way."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from lab.incidents.base import Scenario
from lab.incidents.paths import bad_path

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
        return bad_path(self.name, seed, CALLERS, _late, "network_delay", "http_client_request_duration_seconds")


def _late(random: Random) -> dict[str, float]:
    delay = random.uniform(0.5, 0.8)
    return {"delay": delay, "jitter": delay * 0.2}
