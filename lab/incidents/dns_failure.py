"""The name server no longer knows a service, or no longer answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab.incidents.base import Label, Scenario, Stage, decoys, dice
from lab.recorder.changes import Change

MISSING = ("payments", "orders", "catalog")
BROKEN = ("servfail", "silent")
LABEL = Label(
    fault_type="dns_failure",
    entity=("service", "resolver"),
    indicators=("coredns_dns_responses_total", "dns_lookup_duration_seconds"),
    blast_radius=(),
)


@dataclass(frozen=True)
class DnsFailure:
    """Who keeps an address keeps working for the seconds it is kept; then calls fail before they are made."""

    name: str = "dns-failure"
    summary: str = "a record is removed from the zone, or the name server fails"

    def scenario(self, seed: int) -> Scenario:
        """Odd seeds: a zone change removes one service's record. Even ones: the server itself fails, unchanged."""
        random = dice(self.name, seed)
        if seed % 2:
            return self._removed(seed)
        early, late = decoys(random, "none")
        mode = BROKEN[seed // 2 % 2]
        label = replace(LABEL, blast_radius=("storefront", "checkout", "catalog", "payments"))
        return Scenario(label=label, strike=lambda stage: stage.resolve(mode), early=early, late=late)

    def _removed(self, seed: int) -> Scenario:
        random = dice(self.name, seed)
        gone = MISSING[seed // 2 % len(MISSING)]
        early, late = decoys(random, gone)

        def strike(stage: Stage) -> Change:
            before = f"cart IN A 10.4.0.12\n{gone} IN A 10.4.0.15\n"
            after = "cart IN A 10.4.0.12\n"
            change = stage.change(
                "config", "resolver", "zone-2209", "remove records of retired hosts", before, after, "dns/shop.internal"
            )
            stage.resolve("ok", (gone,))
            return change

        label = replace(
            LABEL,
            blast_radius=("storefront",) if gone == "catalog" else ("checkout", "storefront"),
            also_accept=(("service", gone),),
        )
        return Scenario(label=label, strike=strike, early=early, late=late, rate=random.uniform(0.8, 1.0))
