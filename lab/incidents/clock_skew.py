"""The clock of one service's host is off: tokens are dated wrongly or judged wrongly."""

from __future__ import annotations

from dataclasses import dataclass

from lab.incidents.base import Label, Scenario, Stage, decoys, dice, in_turn

STRUCK = ("payments", "checkout")


@dataclass(frozen=True)
class ClockSkew:
    """Its tokens, its logs and its spans are all dated by the wrong clock."""

    name: str = "clock-skew"
    summary: str = "the clock of payments or checkout falls behind, and payments rejects tokens; no change did it"

    def scenario(self, seed: int) -> Scenario:
        """Odd seeds: payments judges by a wrong clock. Even ones: checkout dates by one."""
        random = dice(self.name, seed)
        struck = in_turn(STRUCK, seed)
        early, late = decoys(random, struck)
        offset = -random.uniform(40, 75)

        def strike(stage: Stage) -> None:
            stage.turn(struck, clock_offset=offset)

        label = Label(
            fault_type="clock_skew",
            entity=("service", struck),
            indicators=("http_server_request_duration_seconds_count",),
            blast_radius=("checkout", "storefront") if struck == "payments" else ("payments", "storefront"),
        )
        return Scenario(label=label, strike=strike, early=early, late=late, rate=random.uniform(0.8, 1.1))
