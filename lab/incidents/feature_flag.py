"""A feature flag is turned on for everybody, and what it turns on does not work."""

from __future__ import annotations

from dataclasses import dataclass

from lab.incidents.base import Label, Scenario, decoys, dice, in_turn

FLAGS = {
    "loyalty-tiers": ("checkout", ("http_server_request_duration_seconds_count",), ("storefront",)),
    "fraud-screening": ("payments", ("http_server_request_duration_seconds",), ("checkout", "storefront")),
}


@dataclass(frozen=True)
class FeatureFlag:
    """No deploy, no restart: the same version behaves differently."""

    name: str = "feature-flag"
    summary: str = "a flag makes checkout fail, or payments slow"

    def scenario(self, seed: int) -> Scenario:
        """Odd seeds: errors in checkout. Even ones: a wait in payments. Another flag is a decoy."""
        random = dice(self.name, seed)
        flag = in_turn(FLAGS, seed)
        service, indicators, hurt = FLAGS[flag]
        early, late = decoys(random, service)
        return Scenario(
            label=Label("feature_flag", ("service", service), indicators, hurt),
            strike=lambda stage: stage.flip(service, flag, on=True),
            early=(*early, lambda stage: stage.flip("storefront", "winter-theme", on=True)),
            late=late,
            rate=random.uniform(0.8, 1.1),
        )
