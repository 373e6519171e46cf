"""One database cluster on disk: created, configured, started and stopped. Callers hold the lock of its folder."""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from compass.ports.errors import StorageError
from compass.storage.places import PORT, Layout, Owner, make_folder, socket_folder
from compass.storage.runtime import Package, Runtime

DATABASE = "compass"
ROLE = "compass"

_START_PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.6, 3.0, 5.0)
_START_TIMEOUT_S = 120
_LOG_LIMIT_BYTES = 5_000_000

_SETTINGS = """\
# Written by COMPASS at every start: changes are lost.
listen_addresses = ''
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
hba_file = '{conf}/pg_hba.conf'
ident_file = '{conf}/pg_ident.conf'
max_connections = 20
shared_buffers = 32MB
dynamic_shared_memory_type = mmap
max_worker_processes = 2
max_parallel_workers = 0
max_parallel_workers_per_gather = 0
autovacuum_max_workers = 1
jit = off
fsync = on
synchronous_commit = on
full_page_writes = on
wal_level = minimal
max_wal_senders = 0
min_wal_size = 32MB
max_wal_size = 256MB
idle_in_transaction_session_timeout = 60s
log_min_messages = warning
log_line_prefix = '%m [%p] '
log_timezone = UTC
timezone = UTC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a running server listens: the folder of its socket."""

    folder: str

    @property
    def socket(self) -> Path:
        return Path(self.folder) / f".s.PGSQL.{PORT}"

    @property
    def conninfo(self) -> str:
        """A libpq connection string. Every setting is given, so that PG* variables of the shell do not interfere."""
        folder = self.folder.replace("\\", "\\\\").replace("'", "\\'")
        return f"host='{folder}' port={PORT} user={ROLE} dbname={DATABASE} options='-c timezone=UTC'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmaster:
    """What a running server says about itself in `postmaster.pid`."""

    pid: int
    address: Address
    ready: bool


class Cluster:
    """The cluster of one major version."""

    def __init__(self, layout: Layout, owner: Owner, environ: Mapping[str, str]) -> None:
        self._layout = layout
        self._owner = owner
        self._environ = environ
        self.runtime = Runtime(layout, owner)

    @property
    def layout(self) -> Layout:
        return self._layout

    def make_home(self) -> None:
        """Create the folders around the data. The server's user can write to none but its log and data."""
        make_folder(self._layout.home, self._owner, writable=False)
        make_folder(self._layout.conf, self._owner, writable=False)
        make_folder(self._layout.log.parent, self._owner, writable=True)

    def initialise(self, package: Package | None) -> None:
        """Create the cluster with its database, whole or not at all. Nothing to do when it exists."""
        self.make_home()
        self.runtime.copy_from(package)
        if not self._layout.data.exists():
            staging = self.new_data()
            self.adopt(staging)

    def new_data(self) -> Path:
        """A fresh data folder under another name; leftovers of crashed attempts are removed."""
        for leftover in self._layout.home.glob("data.*"):
            shutil.rmtree(leftover, ignore_errors=True)
        staging = self._layout.home / f"data.{os.getpid()}"
        make_folder(staging, self._owner, writable=True)
        locale = ["--locale=C"]
        if self._layout.major >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self.runtime.must_run(
            "initdb", "-D", str(staging), "-U", ROLE, "-E", "UTF8", "-A", "peer", "--no-instructions", *locale
        )
        self.runtime.must_run(
            "postgres", "--single", "-D", str(staging), "postgres", text=f"create database {DATABASE}\n"
        )
        return staging

    def adopt(self, staging: Path) -> None:
        """Give a finished data folder its name: from now on it is the database."""
        staging.rename(self._layout.data)
        folder = os.open(self._layout.home, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def start(self, data: Path | None = None) -> Address:
        """Start the server and return when it answers.

        Tries again for some seconds: after a crash the old server's workers hold its
        memory for a moment. Raises StorageError with the last lines of the server's log.
        """
        data = data or self._layout.data
        address = Address(folder=str(self._configure()))
        self._rotate_log()
        options = f"-c config_file={shlex.quote(str(self._layout.conf / 'postgresql.conf'))}"
        log = str(self._layout.log)
        for pause_s in (*_START_PAUSES_S, 0.0):
            self._remove_stale_locks(data, address)
            code, _ = self.runtime.run(
                "pg_ctl", "start", "-s", "-w", "-t", str(_START_TIMEOUT_S), "-D", str(data), "-l", log, "-o", options,
                timeout_s=_START_TIMEOUT_S + 10,
            )  # fmt: skip
            if code == 0:
                return address
            found = postmaster(data)
            if found is not None and found.ready:
                return found.address  # of a start whose process was killed and whose server came up after all
            time.sleep(pause_s)
        raise StorageError(
            f"PostgreSQL does not start: {self._last_words()}",
            where=str(self._layout.home),
            hint=f"the whole log is in {log}",
        )

    def wait_until_ready(self) -> None:
        """Wait while a server that someone else started is coming up or recovering from a crash."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            found = postmaster(self._layout.data)
            if found is None or found.ready:
                return
            time.sleep(0.05)

    def stop(self, data: Path | None = None) -> bool:
        """Stop the server, in order; False when it was not running. Raises StorageError when it does not stop."""
        data = data or self._layout.data
        if postmaster(data) is None:
            return False
        self.runtime.must_run("pg_ctl", "stop", "-s", "-m", "fast", "-w", "-t", "60", "-D", str(data))
        return True

    def _configure(self) -> Path:
        """Write the configuration anew: it follows this COMPASS, and the users of this system."""
        sockets = socket_folder(self._layout, self._owner, self._environ)
        conf = self._layout.conf
        settings = _SETTINGS.format(port=PORT, sockets=_quoted(sockets), conf=_quoted(conf))
        if self._layout.major >= 18:
            settings += "io_method = sync\n"
        users = {self._owner.name, "root"} if self._owner.switched else {self._owner.name}
        self._write(conf / "postgresql.conf", settings)
        self._write(conf / "pg_hba.conf", "local all all peer map=compass\n")
        self._write(conf / "pg_ident.conf", "".join(f'compass "{user}" {ROLE}\n' for user in sorted(users)))
        return sockets

    def _write(self, path: Path, text: str) -> None:
        path.write_text(text, encoding="utf-8")
        self._owner.give(path, writable=False)

    def _rotate_log(self) -> None:
        log = self._layout.log
        if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".old"))

    def _last_words(self) -> str:
        try:
            lines = self._layout.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return "there is no log"
        return " | ".join(lines[-4:]) or "the log is empty"

    def _remove_stale_locks(self, data: Path, address: Address) -> None:
        """PostgreSQL takes any living process of that number for its server: a killed one that was not reaped
        yet (or never is, in a container), or, after a restart, something else altogether."""
        for lock in (data / "postmaster.pid", address.socket.with_name(f"{address.socket.name}.lock")):
            found = _read_lock(lock)
            if found is not None and not _serves(found.pid, data):
                lock.unlink(missing_ok=True)


def postmaster(data: Path) -> Postmaster | None:
    """The server that runs on a data folder; None when there is none."""
    found = _read_lock(data / "postmaster.pid")
    return found if found is not None and _serves(found.pid, data) else None


def _read_lock(path: Path) -> Postmaster | None:
    """`postmaster.pid`, or the lock of a socket, which has its first lines."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, NotADirectoryError, PermissionError, ValueError, IndexError):
        return None
    folder = lines[4] if len(lines) > 4 else ""
    ready = len(lines) > 7 and lines[7].strip() == "ready"
    return Postmaster(pid=abs(pid), address=Address(folder=folder), ready=ready)


def _serves(pid: int, data: Path) -> bool:
    """Is this process alive, and a server of this data folder?"""
    process = Path("/proc") / str(pid)
    if process.parent.joinpath("self").exists():
        try:
            state = process.joinpath("stat").read_text().rpartition(")")[2].split()[0]
            return state not in {"Z", "X"} and Path(os.readlink(process / "cwd")) == data.resolve()
        except OSError:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
