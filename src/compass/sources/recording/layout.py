"""The files of a recording: where they are, which columns they need, what cannot be seen without them."""

from __future__ import annotations

from dataclasses import dataclass

INTEGER = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"})
NUMBER = INTEGER | {"FLOAT", "DOUBLE"}
TEXT = frozenset({"VARCHAR", "JSON"})
TIME = frozenset({"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a recording. `name` is the port's word for it; `noun` is what a person calls its rows."""

    name: str
    noun: str
    files: tuple[str, ...]
    hides: str
    time: str = ""  # the time column of the last file, for Parquet parts


SERIES = "metrics/series.parquet"
SAMPLES = "metrics/samples.parquet"
STREAMS = "logs/streams.parquet"
LINES = "logs/lines.parquet"
SPANS = "spans.parquet"
KUBERNETES = "kubernetes.jsonl"
CHANGES = "changes.jsonl"
ALERTS = "alerts.json"
PROBES = "probes.jsonl"
TOPOLOGY = "topology.jsonl"

METRICS_PART = Part(
    name="metrics", noun="metrics", files=(SERIES, SAMPLES), time="time",
    hides="rates, latencies and use of CPU, memory, disks, pools and queues cannot be seen",
)  # fmt: skip
LOGS_PART = Part(
    name="logs", noun="logs", files=(STREAMS, LINES), time="time",
    hides="what the programs wrote about themselves cannot be seen",
)  # fmt: skip
TRACES_PART = Part(
    name="traces", noun="spans", files=(SPANS,), time="start",
    hides="where time is spent inside a request, and where its errors begin, cannot be seen",
)  # fmt: skip
KUBERNETES_PART = Part(
    name="kubernetes", noun="Kubernetes objects", files=(KUBERNETES,),
    hides="scheduling, restarts, quotas, probes and declared state cannot be seen",
)  # fmt: skip
CHANGES_PART = Part(
    name="changes", noun="changes", files=(CHANGES,), hides="deploys, configuration and flag changes cannot be seen"
)
ALERTS_PART = Part(name="alerts", noun="alerts", files=(ALERTS,), hides="which alerts fired, and when, cannot be seen")
PROBES_PART = Part(
    name="probes", noun="probes", files=(PROBES,), hides="whether addresses and system units answer cannot be seen"
)
TOPOLOGY_PART = Part(
    name="topology", noun="known dependencies", files=(TOPOLOGY,),
    hides="who depends on whom is known only as far as traces and edge metrics show it",
)  # fmt: skip
PARTS = (
    METRICS_PART, LOGS_PART, TRACES_PART, KUBERNETES_PART, CHANGES_PART, ALERTS_PART, PROBES_PART, TOPOLOGY_PART,
)  # fmt: skip

COLUMNS: dict[str, dict[str, frozenset[str]]] = {
    SERIES: {"series": INTEGER, "name": TEXT, "labels": TEXT},
    SAMPLES: {"series": INTEGER, "time": TIME, "value": NUMBER},
    STREAMS: {"stream": INTEGER, "labels": TEXT},
    LINES: {"stream": INTEGER, "time": TIME, "line": TEXT},
    SPANS: {
        "trace_id": TEXT, "span_id": TEXT, "service": TEXT, "name": TEXT, "start": TIME, "duration_ns": INTEGER,
    },
}  # fmt: skip
# Columns that may be absent: their name and type when they are there.
OPTIONAL: dict[str, dict[str, frozenset[str]]] = {
    SERIES: {"type": TEXT, "help": TEXT},
    LINES: {"trace_id": TEXT, "span_id": TEXT},
    SPANS: {"parent_span_id": TEXT, "kind": TEXT, "status": TEXT, "resource": TEXT, "attributes": TEXT},
}
