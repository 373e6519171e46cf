"""Nothing is wrong: a harmless deploy, and a page of the same service that means nothing."""

from __future__ import annotations

from dataclasses import dataclass

from lab.incidents.base import NOTHING, Label, Scenario, Timing, dice, harmless, in_turn
from lab.recorder.alerts import LatencyQuantile, Rule

DEPLOYED = ("orders", "checkout")


@dataclass(frozen=True)
class QuietDeploy:
    """A control. The deploy is a decoy: nothing got worse."""

    name: str = "quiet-deploy"
    summary: str = "control: a harmless deploy, then a page of that service with too tight a threshold"

    def scenario(self, seed: int) -> Scenario:
        """The seed decides which service."""
        random = dice(self.name, seed)
        service = in_turn(DEPLOYED, seed)
        threshold = round(random.uniform(0.2, 0.3), 2)

        def page(timing: Timing) -> tuple[Rule, ...]:
            measure = LatencyQuantile(service, 0.95, timing.alert_window)
            return (Rule(f"{service.title()}P95", service, "warning", measure, threshold, timing.alert_hold * 2),)

        return Scenario(
            label=Label("nothing_wrong", NOTHING, (), ()),
            strike=lambda _stage: None,
            early=(harmless("pricing"),),
            late=(harmless(service),),
            rate=random.uniform(0.8, 1.1),
            rules=page,
            pages=False,
        )
