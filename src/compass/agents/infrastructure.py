"""Infrastructure specialist: CPU, memory, disks, descriptors, nodes, Kubernetes state."""

from __future__ import annotations

from compass.agents.base import Charter
from compass.agents.screens.kubernetes import NETWORK_SIGNS, KubernetesScreen
from compass.agents.screens.last_words import LastWordsScreen
from compass.agents.screens.log_judges import meaning_screen
from compass.agents.screens.metrics import MetricScreen
from compass.domain.telemetry import SignalKind as S

NAME = "infrastructure"
KINDS = frozenset({
    S.CPU, S.CPU_THROTTLING, S.MEMORY, S.MEMORY_LIMIT, S.DISK_USAGE, S.DISK_IO, S.FILE_DESCRIPTORS,
    S.FILE_DESCRIPTORS_LIMIT, S.RESTARTS, S.CLOCK_OFFSET, S.REPLICAS,
})  # fmt: skip

MEANINGS = frozenset({"log.out_of_memory", "log.disk_full", "log.fds", "log.permission"})

CHARTER = Charter(
    name=NAME,
    duty="CPU, memory, disks, descriptors, nodes, Kubernetes state",
    screens=(
        MetricScreen(agent=NAME, kinds=KINDS, id="resources", text="checking CPU, memory, disks and descriptors"),
        KubernetesScreen(agent=NAME, excludes=NETWORK_SIGNS),
        meaning_screen(NAME, MEANINGS),
        LastWordsScreen(agent=NAME),
    ),
)
