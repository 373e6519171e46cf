"""The card network refuses, is slow or hangs."""

from __future__ import annotations

from dataclasses import dataclass

from lab.incidents.base import Label, Move, Scenario, Stage, decoys, dice, in_turn
from lab.recorder.changes import Change

BEHAVIOURS = ("refuse", "slow", "hang")
LABEL = Label(
    fault_type="third_party_outage",
    entity=("service", "card-network"),
    indicators=("http_client_request_duration_seconds",),
    blast_radius=("payments", "checkout", "storefront"),
)


@dataclass(frozen=True)
class ThirdPartyOutage:
    """It has no telemetry: only who calls it can tell."""

    name: str = "third-party-outage"
    summary: str = "the card network refuses, is slow or hangs; no change did it"

    def scenario(self, seed: int) -> Scenario:
        """The seed decides how it fails, and whether its status page says so (after the page)."""
        random = dice(self.name, seed)
        early, late = decoys(random, "none")
        behaviour = in_turn(BEHAVIOURS, seed)
        notices: tuple[Move, ...] = (_status_page,) if random.random() < 0.5 else ()

        def strike(stage: Stage) -> None:
            stage.turn("card-network", behaviour=behaviour)

        return Scenario(
            label=LABEL, strike=strike, early=early, late=late, notices=notices, rate=random.uniform(0.8, 1.1)
        )


def _status_page(stage: Stage) -> Change:
    before, after = "status: operational\n", "status: degraded performance\n"
    summary = "card network: we are investigating failing charges"
    return stage.change("provider_status", "card-network", "status-8812", summary, before, after, "status.yaml")
