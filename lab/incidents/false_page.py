"""Nothing is wrong: a threshold is closer to the normal than the normal varies."""

from __future__ import annotations

from dataclasses import dataclass

from lab.incidents.base import NOTHING, Label, Scenario, Timing, dice, harmless
from lab.recorder.alerts import LatencyQuantile, Rule


@dataclass(frozen=True)
class FalsePage:
    """A control. The right answer: nothing is wrong, no change did it."""

    name: str = "false-page"
    summary: str = "control: a latency page whose threshold is too tight; nothing is wrong"

    def scenario(self, seed: int) -> Scenario:
        """The seed decides the threshold and a harmless deploy long before."""
        random = dice(self.name, seed)
        threshold = round(random.uniform(0.2, 0.3), 2)

        def page(timing: Timing) -> tuple[Rule, ...]:
            measure = LatencyQuantile("storefront", 0.95, timing.alert_window)
            return (Rule("StorefrontLatency", "storefront", "warning", measure, threshold, timing.alert_hold),)

        return Scenario(
            label=Label("nothing_wrong", NOTHING, (), ()),
            strike=lambda _stage: None,
            early=(harmless(random.choice(["catalog", "cart", "notifier"])),),
            rate=random.uniform(0.8, 1.1),
            rules=page,
            pages=False,
        )
