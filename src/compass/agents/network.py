"""Network specialist: paths between services, name resolution, routing, reachability."""

from __future__ import annotations

from compass.agents.base import Charter
from compass.agents.screens.kubernetes import KubernetesScreen
from compass.agents.screens.metrics import MetricScreen
from compass.agents.screens.probes import ProbeScreen
from compass.domain.telemetry import SignalKind as S

NAME = "network"
KINDS = frozenset({S.NETWORK_TRAFFIC, S.NETWORK_ERRORS, S.CLIENT_LATENCY, S.RETRIES})
ROUTING = (
    "k8s.selector_empty", "k8s.target_port", "k8s.service_protocol", "k8s.address_wrong", "k8s.network_policy",
    "k8s.sidecar", "k8s.dns_down", "k8s.proxy_down",
)  # fmt: skip

CHARTER = Charter(
    name=NAME,
    duty="paths between services, names, routing, reachability",
    screens=(
        MetricScreen(agent=NAME, kinds=KINDS, id="paths", text="checking traffic, losses and calls between services"),
        KubernetesScreen(
            agent=NAME, id="routing", includes=ROUTING, text="comparing services, ports and names with what runs"
        ),
        ProbeScreen(agent=NAME),
    ),
)
