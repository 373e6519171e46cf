"""Network specialist: paths between services, name resolution, routing, reachability."""

from __future__ import annotations

from compass.agents.base import Charter
from compass.agents.screens.callers import CallersScreen
from compass.agents.screens.kubernetes import NETWORK_SIGNS, KubernetesScreen
from compass.agents.screens.log_judges import meaning_screen
from compass.agents.screens.metrics import MetricScreen
from compass.agents.screens.probes import ProbeScreen
from compass.agents.screens.trace_time import gap_screen
from compass.domain.telemetry import SignalKind as S

NAME = "network"
KINDS = frozenset({S.NETWORK_TRAFFIC, S.NETWORK_ERRORS, S.CLIENT_LATENCY, S.RETRIES})

MEANINGS = frozenset({"log.connection_refused", "log.unavailable", "log.dns", "log.tls"})

CHARTER = Charter(
    name=NAME,
    duty="paths between services, names, routing, reachability",
    screens=(
        MetricScreen(agent=NAME, kinds=KINDS, id="paths", text="checking traffic, losses and calls between services"),
        KubernetesScreen(
            agent=NAME, id="routing", includes=NETWORK_SIGNS, text="comparing services, ports and names with what runs"
        ),
        ProbeScreen(agent=NAME),
        CallersScreen(agent=NAME),
        gap_screen(NAME),
        meaning_screen(NAME, MEANINGS),
    ),
)
