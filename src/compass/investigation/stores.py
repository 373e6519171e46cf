"""Which product a data store is, as far as its own telemetry says, and commands that only read for it. Pure.

A command for the wrong product costs a person a minute and their trust: where several products fit, or none, there is
no command, and the question alone is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef


class Topic(StrEnum):
    """What is looked at within a store."""

    SESSIONS = "sessions"
    LOCKS = "locks"
    REPLICATION = "replication"
    MEMORY = "memory"
    BACKLOG = "backlog"


STORES = frozenset({EntityKind.DATABASE, EntityKind.CACHE, EntityKind.QUEUE})
_TOPICS = {
    "db": Topic.SESSIONS, "locks": Topic.LOCKS, "replication": Topic.REPLICATION, "cache": Topic.MEMORY,
    "queue": Topic.BACKLOG,
}  # fmt: skip
"""By the first word of a sign; a sign of anything else at a store is first looked for among its sessions."""
PRODUCTS: Mapping[str, frozenset[str]] = {
    "postgresql": frozenset({"pg", "postgres", "postgresql", "pgbouncer"}),
    "mysql": frozenset({"mysql", "mysqld", "mariadb"}),
    "mongodb": frozenset({"mongo", "mongodb", "mongod"}),
    "sqlserver": frozenset({"mssql", "sqlserver"}),
    "redis": frozenset({"redis", "valkey", "keydb", "dragonfly"}),
    "rabbitmq": frozenset({"rabbitmq"}),
}
"""Words by which exporters, processes and clients call a product."""
_WAITING = "select state, wait_event_type, count(*) from pg_stat_activity group by 1, 2 order by 3 desc"
_BLOCKED = (
    "select pid, pg_blocking_pids(pid), wait_event, left(query, 80) from pg_stat_activity "
    "where cardinality(pg_blocking_pids(pid)) > 0"
)
_COMMANDS: Mapping[tuple[str, Topic], str] = {
    ("postgresql", Topic.SESSIONS): f"psql -c '{_WAITING}'",
    ("postgresql", Topic.LOCKS): f"psql -c '{_BLOCKED}'",
    ("postgresql", Topic.REPLICATION): "psql -c 'select application_name, state, replay_lag from pg_stat_replication'",
    ("mysql", Topic.SESSIONS): "mysql -e 'show full processlist'",
    ("mysql", Topic.LOCKS): "mysql -e 'select * from sys.innodb_lock_waits'",
    ("mysql", Topic.REPLICATION): "mysql -e 'show replica status'",
    ("mongodb", Topic.SESSIONS): "mongosh --quiet --eval 'db.currentOp({active: true})'",
    ("mongodb", Topic.LOCKS): "mongosh --quiet --eval 'db.currentOp({waitingForLock: true})'",
    ("mongodb", Topic.REPLICATION): "mongosh --quiet --eval 'rs.printSecondaryReplicationInfo()'",
    ("sqlserver", Topic.SESSIONS): "sqlcmd -Q 'select session_id, status, wait_type from sys.dm_exec_requests'",
    ("sqlserver", Topic.LOCKS): (
        "sqlcmd -Q 'select session_id, blocking_session_id, wait_type from sys.dm_exec_requests "
        "where blocking_session_id <> 0'"
    ),
    ("redis", Topic.SESSIONS): "redis-cli info clients",
    ("redis", Topic.MEMORY): "redis-cli info memory stats",
    ("redis", Topic.REPLICATION): "redis-cli info replication",
    ("rabbitmq", Topic.BACKLOG): "rabbitmqctl list_queues name messages consumers",
}
"""Each of them only reads. Where it connects to is the person's own setting."""
_SERIES = re.compile(r"([A-Za-z_:][\w:.]*)\{(.*)\}", re.DOTALL)
_WORD = re.compile(r"[a-z]+")


def store_command(sign: str, place: EntityRef, board: Board) -> str:
    """A read-only command for a sign at a store, or at what uses one store alone; "" where it is not known which
    product that is."""
    area = sign.split(".")[0]
    store = place if place.kind in STORES else _only_store(place, board) if area in _TOPICS else None
    if store is None:
        return ""
    return _COMMANDS.get((product(store, board), _TOPICS.get(area, Topic.SESSIONS)), "")


def product(store: EntityRef, board: Board) -> str:
    """The product a store is: by the names of its own series, else by their labels, else by its own name."""
    own = [o.series for o in board.observations.values() if o.entity == store]
    found = [match for series in own if (match := _SERIES.search(series))]
    for texts in ([match[1] for match in found], [match[2] for match in found], [store.name]):
        spoken = set(_products(texts))
        if spoken:
            return next(iter(spoken)) if len(spoken) == 1 else ""
    return ""


def _products(texts: Iterable[str]) -> Iterable[str]:
    words = {word for text in texts for word in _WORD.findall(text.lower())}
    return (name for name, known in PRODUCTS.items() if known & words)


def _only_store(caller: EntityRef, board: Board) -> EntityRef | None:
    """The one database that it calls; None where it calls none or several."""
    called = {d.callee for d in board.dependencies if d.caller == caller and d.callee.kind is EntityKind.DATABASE}
    return next(iter(called)) if len(called) == 1 else None
