"""Database specialist: pools, statements, locks, connections, replication, caches."""

from __future__ import annotations

from compass.agents.base import Charter
from compass.agents.screens.log_judges import meaning_screen
from compass.agents.screens.metrics import MetricScreen
from compass.agents.screens.pools import PoolScreen
from compass.agents.screens.trace_time import statement_screen
from compass.domain.telemetry import SignalKind as S

NAME = "database"
KINDS = frozenset({
    S.DB_LATENCY, S.DB_TRAFFIC, S.DB_CONNECTIONS, S.DB_CONNECTIONS_LIMIT, S.DB_LOCKS, S.DB_ROWS_READ,
    S.REPLICATION_LAG, S.CACHE_HITS, S.CACHE_MISSES, S.CACHE_EVICTIONS, S.QUEUE_DEPTH,
})  # fmt: skip

MEANINGS = frozenset({
    "log.pool_timeout", "log.deadlock", "log.too_many_connections", "log.schema", "log.read_only",
})  # fmt: skip

CHARTER = Charter(
    name=NAME,
    duty="pools, statements, locks, connections, replication, caches, queues",
    screens=(
        PoolScreen(agent=NAME),
        MetricScreen(agent=NAME, kinds=KINDS, id="stores", text="checking databases, caches and queues"),
        statement_screen(NAME),
        meaning_screen(NAME, MEANINGS),
    ),
)
