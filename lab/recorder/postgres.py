"""PostgreSQL's own statistics under the names of postgres_exporter."""

from __future__ import annotations

import psycopg
from psycopg.rows import dict_row

from lab.recorder.metrics import Reading

Row = dict[str, str | int | float]
Connection = psycopg.Connection[Row]

STATES = (
    "active",
    "idle",
    "idle in transaction",
    "idle in transaction (aborted)",
    "fastpath function call",
    "disabled",
)
LOCK_MODES = (
    "accesssharelock",
    "rowsharelock",
    "rowexclusivelock",
    "shareupdateexclusivelock",
    "sharelock",
    "sharerowexclusivelock",
    "exclusivelock",
    "accessexclusivelock",
)
DATABASE_COLUMNS = [
    "numbackends",
    "xact_commit",
    "xact_rollback",
    "blks_read",
    "blks_hit",
    "tup_returned",
    "tup_fetched",
    "tup_inserted",
    "tup_updated",
    "tup_deleted",
    "conflicts",
    "temp_files",
    "temp_bytes",
    "deadlocks",
    "blk_read_time",
    "blk_write_time",
]
ACTIVITY = """
SELECT state, count(*) AS count,
       coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8 AS oldest
FROM pg_stat_activity WHERE datname = %s AND state IS NOT NULL GROUP BY state
"""
LOCKS = """
SELECT lower(mode) AS mode, count(*) AS count FROM pg_locks
JOIN pg_database ON pg_database.oid = pg_locks.database WHERE datname = %s GROUP BY mode
"""
WAITING = """
SELECT count(*) AS count FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'
"""
TABLE_COLUMNS = (
    "seq_scan",
    "seq_tup_read",
    "idx_scan",
    "idx_tup_fetch",
    "n_tup_ins",
    "n_tup_upd",
    "n_live_tup",
    "n_dead_tup",
)
SETTINGS = ("max_connections", "shared_buffers", "work_mem", "statement_timeout")


class PostgresExporter:
    """Reads one database's statistics over connections of its own (to the database `postgres`, and for its tables)."""

    def __init__(self, conninfo: str, database: str, service: str) -> None:
        self._conninfo = conninfo.replace(f"dbname={database}", "dbname=postgres")
        self._database = database
        self._service = service
        self._own = conninfo
        self._connection: Connection | None = None
        # Figures of tables are to be had only inside the database they belong to.
        self._inside: Connection | None = None

    @property
    def labels(self) -> dict[str, str]:
        """The database is the entity."""
        return {"service_name": self._service, "job": "postgres", "instance": f"{self._service}:5432"}

    def close(self) -> None:
        """Close the connections."""
        for connection in (self._connection, self._inside):
            if connection is not None:
                connection.close()
        self._connection = self._inside = None

    def read(self) -> list[Reading]:
        """All figures now."""
        try:
            return [
                Reading("pg_up", {}, 1.0),
                *self._activity(),
                *self._locks(),
                *self._statistics(),
                *self._settings(),
                *self._tables(),
            ]
        except psycopg.Error as error:
            self.close()
            raise OSError(str(error)) from error

    def _rows(self, query: str, *parameters: str) -> list[Row]:
        if self._connection is None:
            self._connection = psycopg.connect(self._conninfo, autocommit=True, row_factory=dict_row)
        return self._connection.execute(query.encode(), parameters or None).fetchall()

    def _activity(self) -> list[Reading]:
        found = {str(row["state"]): row for row in self._rows(ACTIVITY, self._database)}
        readings = []
        for state in STATES:
            row = found.get(state, {"count": 0, "oldest": 0.0})
            labels = {"datname": self._database, "state": state}
            readings.append(Reading("pg_stat_activity_count", labels, float(row["count"])))
            readings.append(Reading("pg_stat_activity_max_tx_duration", labels, float(row["oldest"])))
        (waiting,) = self._rows(WAITING, self._database)
        labels = {"datname": self._database}
        return [*readings, Reading("pg_stat_activity_lock_waiting_count", labels, float(waiting["count"]))]

    def _locks(self) -> list[Reading]:
        found = {str(row["mode"]): float(row["count"]) for row in self._rows(LOCKS, self._database)}
        return [
            Reading("pg_locks_count", {"datname": self._database, "mode": mode}, found.get(mode, 0.0))
            for mode in LOCK_MODES
        ]

    def _statistics(self) -> list[Reading]:
        columns = ", ".join(DATABASE_COLUMNS)
        query = f"SELECT {columns}, pg_database_size(datname) AS size FROM pg_stat_database WHERE datname = %s"  # noqa: S608
        (row,) = self._rows(query, self._database)
        labels = {"datname": self._database}
        readings = [Reading(f"pg_stat_database_{name}", labels, float(row[name])) for name in DATABASE_COLUMNS]
        return [*readings, Reading("pg_database_size_bytes", labels, float(row["size"]))]

    def _settings(self) -> list[Reading]:
        scale = {"8kB": ("_bytes", 8192.0), "kB": ("_bytes", 1024.0), "ms": ("_seconds", 0.001)}
        rows = self._rows(
            "SELECT name, setting, unit FROM pg_settings WHERE name = ANY (string_to_array(%s, ','))",
            ",".join(SETTINGS),
        )
        readings = []
        for row in rows:
            suffix, factor = scale.get(str(row["unit"]), ("", 1.0))
            readings.append(Reading(f"pg_settings_{row['name']}{suffix}", {}, float(row["setting"]) * factor))
        return readings

    def _tables(self) -> list[Reading]:
        if self._inside is None:
            self._inside = psycopg.connect(
                self._own, autocommit=True, row_factory=dict_row, application_name="exporter"
            )
        query = f"SELECT relname, {', '.join(TABLE_COLUMNS)} FROM pg_stat_user_tables"  # noqa: S608
        return [
            Reading(
                f"pg_stat_user_tables_{column}",
                {"datname": self._database, "schemaname": "public", "relname": str(row["relname"])},
                float(row[column] or 0),
            )
            for row in self._inside.execute(query.encode()).fetchall()
            for column in TABLE_COLUMNS
        ]
