"""The certificate of the card network ends, and payments no longer trusts it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab.incidents.base import Label, Scenario, decoys, dice
from lab.shop.plan import SHOP

LABEL = Label(
    fault_type="tls_certificate_expired",
    entity=("service", "card-network"),
    indicators=("probe_ssl_earliest_cert_expiry", "http_client_request_duration_seconds_count"),
    blast_radius=("payments", "checkout", "storefront"),
    also_accept=(("service", "payments"),),
)


@dataclass(frozen=True)
class TlsExpiry:
    """Every handshake fails from one second to the next."""

    name: str = "tls-expiry"
    summary: str = "the TLS certificate of the card network expires; no change did it"

    def scenario(self, seed: int) -> Scenario:
        """The seed decides the decoys and the load."""
        random = dice(self.name, seed)
        early, late = decoys(random, "none")
        plan = replace(SHOP, certificate_expires=True)
        return Scenario(
            label=LABEL,
            strike=lambda _stage: None,  # it is the time that strikes
            plan=plan,
            early=early,
            late=late,
            rate=random.uniform(0.8, 1.1),
        )
