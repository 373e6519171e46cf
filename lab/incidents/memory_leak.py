"""A deploy keeps something of every request in memory, until the kernel kills the service."""

from __future__ import annotations

from dataclasses import dataclass

from lab.fleet import DeployRequest
from lab.incidents.base import Label, Scenario, Stage, decoys, dice, in_turn
from lab.recorder.changes import Change

MIB = 1024 * 1024
# More than a second process of the same service needs while a deploy runs both.
HEADROOM = 130 * MIB
# Requests that leave something behind, for each customer journey. Not payments: it is asked so seldom that the seconds
# of its restarts do not reach a page.
REQUESTS = {"cart": 0.70}
VERSIONS = {"cart": "2.4.0"}
# Shares of the incident: with fewer than about five restarts in it, too few requests fail for a page.
FILLED_IN = (0.11, 0.17)
CALLERS = ("checkout", "storefront")


@dataclass(frozen=True)
class MemoryLeak:
    """Memory grows with the requests, the process is killed and started again, and it grows again."""

    name: str = "memory-leak"
    summary: str = "a deploy of cart leaks until it is killed at its memory limit (control group)"

    def scenario(self, seed: int) -> Scenario:
        """The seed decides how long it takes to fill. The limit is there from the start."""
        random = dice(self.name, seed)
        struck = in_turn(REQUESTS, seed)
        early, late = decoys(random, struck)
        filled_in = random.uniform(*FILLED_IN)

        def setup(stage: Stage) -> None:
            stage.limit_memory(struck, stage.memory_used(struck) + HEADROOM)

        def strike(stage: Stage) -> Change:
            requests = REQUESTS[struck] * stage.rate * stage.timing.incident * filled_in
            request = DeployRequest(
                service=struck,
                version=VERSIONS[struck],
                summary="keep what was asked, for the new history page",
                edits={"settings.history_kib": round(HEADROOM / requests / 1024)},
            )
            return stage.deploy(request)

        label = Label(
            fault_type="memory_leak",
            entity=("service", struck),
            indicators=("container_memory_working_set_bytes", "container_oom_events_total"),
            blast_radius=CALLERS,
        )
        return Scenario(label=label, strike=strike, setup=setup, early=early, late=late, rate=random.uniform(0.9, 1.1))
