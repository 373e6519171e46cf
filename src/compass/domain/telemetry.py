"""The small algebra in which signals are asked for and answered, whatever the vendor.

A query names *what is meant* (latency of X, error logs of Y); each source
translates it to its own language and returns the native query it really ran,
together with coverage: absence counts as evidence only where coverage is complete.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.time import Window

T = TypeVar("T", covariant=True)


class SignalKind(StrEnum):
    """What a series measures. One kind a meaning; the unit and the worse direction come with `Signal`."""

    LATENCY = "latency"  # server side
    CLIENT_LATENCY = "client_latency"  # as the caller sees it
    TRAFFIC = "traffic"
    ERRORS = "errors"  # error count, rate or ratio
    SUCCESS = "success"  # success ratio: lower is worse
    CPU = "cpu"
    CPU_THROTTLING = "cpu_throttling"
    MEMORY = "memory"
    MEMORY_LIMIT = "memory_limit"
    DISK_USAGE = "disk_usage"
    DISK_IO = "disk_io"
    NETWORK_TRAFFIC = "network_traffic"
    NETWORK_ERRORS = "network_errors"  # retransmits, drops, errors
    FILE_DESCRIPTORS = "file_descriptors"
    FILE_DESCRIPTORS_LIMIT = "file_descriptors_limit"
    THREADS = "threads"
    POOL_USED = "pool_used"
    POOL_LIMIT = "pool_limit"
    POOL_PENDING = "pool_pending"
    POOL_WAIT = "pool_wait"
    POOL_TIMEOUTS = "pool_timeouts"
    QUEUE_DEPTH = "queue_depth"
    DB_LATENCY = "db_latency"
    DB_TRAFFIC = "db_traffic"
    DB_CONNECTIONS = "db_connections"
    DB_CONNECTIONS_LIMIT = "db_connections_limit"
    DB_LOCKS = "db_locks"
    DB_ROWS_READ = "db_rows_read"
    REPLICATION_LAG = "replication_lag"
    CACHE_HITS = "cache_hits"
    CACHE_MISSES = "cache_misses"
    CACHE_EVICTIONS = "cache_evictions"
    GC_TIME = "gc_time"
    RESTARTS = "restarts"
    RETRIES = "retries"
    RATE_LIMITED = "rate_limited"
    CLOCK_OFFSET = "clock_offset"
    REPLICAS = "replicas"
    OTHER = "other"


class Temporality(StrEnum):
    """How successive samples relate (OpenTelemetry metrics data model)."""

    GAUGE = "gauge"
    CUMULATIVE = "cumulative"
    DELTA = "delta"


class Direction(StrEnum):
    """Which way is worse."""

    UP = "up"
    DOWN = "down"
    EITHER = "either"


class Aggregate(StrEnum):
    """What a source makes of several samples in one step."""

    LAST = "last"
    MEAN = "mean"
    MAX = "max"
    RATE = "rate"  # counters: increase per second, resets handled
    P50 = "p50"
    P90 = "p90"
    P99 = "p99"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """The meaning of a series. `unit` is UCUM (s, By, 1, %, {request}/s ...)."""

    kind: SignalKind
    unit: str = "1"
    temporality: Temporality = Temporality.GAUGE
    worse: Direction = Direction.EITHER
    quantile: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeQuery:
    """Exactly what was run, in the source's own language, so that a person can run it again. `url` opens it."""

    language: str  # duckdb | promql | logql | traceql | kubernetes | derived
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What was asked and what was got. `sampling` is the share kept (1.0 = everything)."""

    requested: Window
    received: Window
    truncated: bool = False
    sampling: float = 1.0
    step_s: float | None = None
    missing: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """True when absence in this answer may count as evidence."""
        return not self.truncated and not self.missing and self.unsampled

    @property
    def unsampled(self) -> bool:
        """Whether all was kept, up to what a source may round."""
        return self.sampling >= 0.999


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """Data with its coverage, the native query and the source that gave it."""

    data: T
    coverage: Coverage
    query: NativeQuery
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalQuery:
    """Series of the given kinds, aligned to one grid. No entities = all; `step_s` None = the native step."""

    kinds: frozenset[SignalKind]
    window: Window
    entities: tuple[EntityRef, ...] = ()
    step_s: float | None = None
    aggregate: Aggregate | None = None
    limit: int = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Log lines. `contains` is a literal the server filters by, `errors_only` asks for warnings and worse."""

    window: Window
    entities: tuple[EntityRef, ...] = ()
    contains: str | None = None
    errors_only: bool = False
    limit: int = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanQuery:
    """Spans. `slower_than_ns` and `errors_only` are pushed down to the server."""

    window: Window
    entities: tuple[EntityRef, ...] = ()
    slower_than_ns: int = 0
    errors_only: bool = False
    limit: int = 1_000_000


class ObjectKind(StrEnum):
    """State and facts that are neither series, lines nor spans."""

    KUBERNETES = "kubernetes"
    CHANGES = "changes"
    ALERTS = "alerts"
    PROBES = "probes"
    TOPOLOGY = "topology"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectQuery:
    """Objects of one kind; `api_kinds` narrows Kubernetes objects (Pod, Event, ...).

    For TOPOLOGY, no `api_kinds` asks for calls, {"containment"} for what is part of what and runs where.
    """

    kind: ObjectKind
    window: Window
    api_kinds: frozenset[str] = frozenset()
    limit: int = 100_000


Capability = SignalKind | ObjectKind | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request to a server, or one question that needed none. `question` is the query, as far as it is shown.

    `answered` is server, shared (the same was asked before) or not (it failed); `status` 0: there was no answer.
    `size` in bytes, as they came; `ended_ns` UTC, 0 where an older COMPASS did not note it.
    """

    source: str
    path: str
    question: str
    answered: str
    status: int = 0
    size: int = 0
    seconds: float = 0.0
    error: str = ""
    ended_ns: int = 0


class HealthStatus(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    LOST = "lost"
    NOT_CONNECTED = "not_connected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A source that gave nothing of a part: `why`, since when (None: that is not known), and what that `hides`."""

    source: str
    why: str
    hides: str = ""
    since_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One source's state. `hides` says what cannot be seen because of it, in words for a person.

    `lost` are the sources of the part that gave nothing: all of them (LOST), or some of several (DEGRADED).

    `part` is what of the source is meant: metrics, logs, traces, kubernetes, changes, alerts, probes, topology.
    """

    source: str
    part: str
    status: HealthStatus
    detail: str = ""
    hides: str = ""
    covered: Window | None = None
    entities: tuple[EntityKind, ...] = field(default=())
    lost: tuple[Loss, ...] = ()
