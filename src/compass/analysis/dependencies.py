"""Who depends on whom, learnt from spans: services from parent and child, stores and the rest from what spans name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from compass.analysis.spans import SpanIndex, index_spans
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Dependency
from compass.tables.spans import KINDS, SpanTable

_CACHE = re.compile(r"redis|valkey|memcache|dragonfly|hazelcast|infinispan|keydb", re.IGNORECASE)
_QUEUE = re.compile(r"kafka|rabbit|amqp|nats|pulsar|activemq|sqs|pubsub|servicebus|eventhub|redpanda", re.IGNORECASE)
_STORE = re.compile(
    r"postgres|pgbouncer|mysql|mariadb|mssql|sqlserver|oracle|cockroach|yugabyte|spanner|vitess|tidb|clickhouse|"
    r"mongo|cassandra|scylla|dynamodb|couch|neo4j|elasticsearch|opensearch|influx|etcd|sqlite|hsqldb|"
    r"(?:^|[-_.:/])(?:db|database|sql|rds)(?:$|[-_.:/\d])",
    re.IGNORECASE,
)
_SQL = re.compile(
    r"^\s*(?:SELECT|INSERT|UPDATE|DELETE|MERGE|UPSERT|REPLACE|CALL|WITH|COMMIT|BEGIN|ROLLBACK)\b", re.IGNORECASE
)
_TABLE = re.compile(r"^\s*[A-Za-z]+\s+(?:INTO\s+|FROM\s+)?[\"`]?(\w[\w-]*)[\"`]?\.[\"`]?\w+[\"`]?\s*$")
_ADDRESS = re.compile(r"^(?:[a-z][a-z0-9+.-]*://)?(?:[^@/\s]*@)?(\[[0-9a-fA-F:]+\]|[^:/\s]+)(?::\d+)?(?:/.*)?$")
_KINDS = {EntityKind.DATABASE: "database", EntityKind.CACHE: "cache", EntityKind.QUEUE: "queue"}


def host_of(peer: str) -> str:
    """The host of an address, URL or plain name, without user, port and path; "" when there is none."""
    match = _ADDRESS.match(peer.strip())
    return match.group(1).strip("[]").rstrip(".").lower() if match else ""


def kind_of(text: str, *, default: EntityKind = EntityKind.EXTERNAL) -> EntityKind:
    """What sort of thing a peer, statement or span name speaks of, by common product names and SQL verbs."""
    if _SQL.match(text):
        return EntityKind.DATABASE
    if _CACHE.search(text):
        return EntityKind.CACHE
    if _QUEUE.search(text):
        return EntityKind.QUEUE
    return EntityKind.DATABASE if _STORE.search(text) else default


def known_names(entities: Sequence[EntityRef]) -> Mapping[str, EntityRef]:
    """Lower-case name → service or store; names that mean several things are left out."""
    names: dict[str, EntityRef | None] = {}
    for entity in sorted(set(entities)):
        if entity.kind in (EntityKind.SERVICE, *_KINDS, EntityKind.EXTERNAL):
            name = entity.name.lower()
            clash = name in names and names[name] is not None and names[name].kind is entity.kind  # type: ignore[union-attr]
            names[name] = None if clash else names.get(name) or entity
    return {name: entity for name, entity in names.items() if entity is not None}


def resolve(peer: str, known: Mapping[str, EntityRef]) -> EntityRef | None:
    """The known entity an address means: by full host, or by its first DNS label (service.namespace.svc)."""
    host = host_of(peer)
    if not host:
        return None
    label = host.split(".", 1)[0]
    return known.get(host) or (known.get(label) if not host.replace(".", "").isdigit() else None)


def callee_of(table: SpanTable, row: int, known: Mapping[str, EntityRef]) -> EntityRef | None:
    """What the span in `row` calls, when it says so: by its peer, else by the schema of its statement."""
    peer = table.peers[int(table.peer[row])] if table.peer[row] >= 0 else ""
    statement = table.statements[int(table.statement[row])] if table.statement[row] >= 0 else ""
    name = table.names[int(table.name[row])]
    if peer:
        found = resolve(peer, known)
        if found is not None:
            return found
        return EntityRef(kind=kind_of(peer, default=kind_of(statement or name)), name=host_of(peer) or peer)
    text = statement or name
    if not _SQL.match(text):
        return None
    schema = _TABLE.match(text) or _TABLE.match(name)
    return EntityRef(kind=EntityKind.DATABASE, name=schema.group(1).lower()) if schema else None


def dependencies_from_spans(table: SpanTable) -> tuple[Dependency, ...]:
    """Distinct dependencies seen in the spans, sorted. `kind` is call, message, database, cache, queue or external."""
    index = index_spans(table)
    found: dict[tuple[EntityRef, EntityRef], str] = {}
    answers = np.flatnonzero(index.entry & (index.parent >= 0))
    pairs = np.stack([table.service[index.parent[answers]], table.service[answers], table.kind[answers]])
    for caller, callee, kind in np.unique(pairs, axis=1).T if answers.size else ():
        edge = (table.entities[int(caller)], table.entities[int(callee)])
        word = "message" if KINDS[int(kind)] == "consumer" else "call"
        if edge[0] != edge[1]:
            found[edge] = min(found.get(edge, word), word)
    known = known_names(table.entities)
    for row in _speaking_rows(index):
        callee_ref = callee_of(table, row, known)
        caller_ref = table.entities[int(table.service[row])]
        if callee_ref is not None and callee_ref != caller_ref:
            kind_word = _KINDS.get(callee_ref.kind, "call" if callee_ref.kind is EntityKind.SERVICE else "external")
            found.setdefault((caller_ref, callee_ref), kind_word)
    return tuple(Dependency(caller=a, callee=b, kind=kind, seen="spans") for (a, b), kind in sorted(found.items()))


def _speaking_rows(index: SpanIndex) -> list[int]:
    """One row for every distinct (service, peer, statement, name) among childless spans that are no entries."""
    table = index.table
    rows = np.flatnonzero(index.leaf & ~(index.entry & ~index.call))
    if rows.size == 0:
        return []
    keys = np.stack([table.service[rows], table.peer[rows], table.statement[rows], table.name[rows]])
    _, first = np.unique(keys, axis=1, return_index=True)
    return [int(row) for row in rows[np.sort(first)]]
