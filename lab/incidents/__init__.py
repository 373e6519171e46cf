"""The incident types: one file each, listed here."""

from __future__ import annotations

from collections.abc import Mapping

from lab.incidents.base import IncidentType
from lab.incidents.broken_probe import BrokenProbe
from lab.incidents.cache_stampede import CacheStampede
from lab.incidents.clock_skew import ClockSkew
from lab.incidents.connection_resets import ConnectionResets
from lab.incidents.cpu_throttling import CpuThrottling
from lab.incidents.disk_full import DiskFull
from lab.incidents.dns_failure import DnsFailure
from lab.incidents.false_page import FalsePage
from lab.incidents.feature_flag import FeatureFlag
from lab.incidents.lock_contention import LockContention
from lab.incidents.memory_leak import MemoryLeak
from lab.incidents.memory_limit import MemoryLimit
from lab.incidents.n_plus_one import NPlusOne
from lab.incidents.network_delay import NetworkDelay
from lab.incidents.packet_loss import PacketLoss
from lab.incidents.poison_message import PoisonMessage
from lab.incidents.pool_exhaustion import PoolExhaustion
from lab.incidents.quiet_deploy import QuietDeploy
from lab.incidents.retry_storm import RetryStorm
from lab.incidents.slow_query import SlowQuery
from lab.incidents.third_party_outage import ThirdPartyOutage
from lab.incidents.tls_expiry import TlsExpiry
from lab.incidents.traffic_surge import TrafficSurge

TYPES: tuple[IncidentType, ...] = (
    PoolExhaustion(),
    SlowQuery(),
    LockContention(),
    NPlusOne(),
    MemoryLeak(),
    MemoryLimit(),
    CpuThrottling(),
    DiskFull(),
    NetworkDelay(),
    PacketLoss(),
    ConnectionResets(),
    DnsFailure(),
    TlsExpiry(),
    ThirdPartyOutage(),
    RetryStorm(),
    CacheStampede(),
    PoisonMessage(),
    TrafficSurge(),
    FeatureFlag(),
    ClockSkew(),
    FalsePage(),
    QuietDeploy(),
    BrokenProbe(),
)
INCIDENTS: Mapping[str, IncidentType] = {incident.name: incident for incident in TYPES}
