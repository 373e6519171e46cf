"""Nothing is wrong with the shop: the checks from one location ask a wrong address."""

from __future__ import annotations

from dataclasses import dataclass

from lab.incidents.base import NOTHING, Label, Scenario, Stage, Timing, dice, harmless
from lab.recorder.alerts import Gauge, Rule


@dataclass(frozen=True)
class BrokenProbe:
    """A control. One location says down, the other and every customer say up."""

    name: str = "broken-probe"
    summary: str = "control: the synthetic check of one location fails; the shop is well"

    def scenario(self, seed: int) -> Scenario:
        """The seed decides the location and a harmless deploy."""
        random = dice(self.name, seed)
        location = ("eu-west", "eu-north")[seed % 2]

        def page(timing: Timing) -> tuple[Rule, ...]:
            own = (("job", "blackbox"), ("location", location))
            words = f"check of the storefront from {location} fails (probe_success {{value:.0f}})"
            measure = Gauge("probe_success", own, words, factor=-1.0)
            return (Rule("StorefrontDown", "storefront", "critical", measure, -0.5, timing.alert_hold),)

        def strike(stage: Stage) -> None:
            stage.break_probe(location)

        early = random.choice(["catalog", "cart", "storefront"])
        return Scenario(
            label=Label("broken_probe", NOTHING, (), ()),
            strike=strike,
            early=(harmless(early),),
            late=(harmless("payments"),) if random.random() < 0.5 else (),
            rate=random.uniform(0.8, 1.1),
            rules=page,
        )
