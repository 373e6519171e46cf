"""A service gets less processor time than it uses."""

from __future__ import annotations

from dataclasses import dataclass

from lab.incidents.base import Label, Scenario, Stage, decoys, dice, in_turn
from lab.recorder.changes import Change

STRUCK = {"catalog": ("storefront",), "checkout": ("storefront",), "orders": ("checkout", "storefront")}


@dataclass(frozen=True)
class CpuThrottling:
    """The kernel holds the whole process still for most of each 100 ms."""

    name: str = "cpu-throttling"
    summary: str = "the processor limit of a service is cut below what it uses (control group)"

    def scenario(self, seed: int) -> Scenario:
        """The seed decides which service; the limit is a share of what it was measured to use."""
        random = dice(self.name, seed)
        struck = in_turn(STRUCK, seed)
        early, late = decoys(random, struck)
        share = random.uniform(0.4, 0.5)

        def strike(stage: Stage) -> Change:
            cores = max(stage.cpu_used(struck) * share, 0.01)
            before, after = (f"resources:\n  limits:\n    cpu: {milli}m\n" for milli in (1000, round(cores * 1000)))
            change = stage.change(
                "config",
                struck,
                f"{struck}-resources-9",
                f"fit the limits of {struck}",
                before,
                after,
                f"{struck}.yaml",
            )
            stage.limit_cpu(struck, cores)
            return change

        label = Label(
            fault_type="cpu_throttling",
            entity=("service", struck),
            indicators=("container_cpu_cfs_throttled_periods_total", "http_server_request_duration_seconds"),
            blast_radius=STRUCK[struck],
        )
        return Scenario(label=label, strike=strike, early=early, late=late, rate=random.uniform(0.9, 1.1))
