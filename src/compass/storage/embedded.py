"""The embedded PostgreSQL: one server a data folder, shared by every COMPASS process of its user.

It listens on a private socket only, survives the process that started it, and is
stopped by `EmbeddedServer.stop`. Everything here blocks: call it in a thread.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from compass.ports.errors import StorageError
from compass.storage.cluster import Address, Cluster, postmaster
from compass.storage.places import Layout, Owner, current_owner, majors, owner_of, prepare_root, service_owner
from compass.storage.runtime import Package, installed_package
from compass.storage.upgrade import Step, next_step, upgrade

_LOCK_TIMEOUT_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """What `compass db status` shows. `major` is None when there is no database yet."""

    running: bool
    data_dir: Path
    major: int | None
    pid: int | None
    log: Path | None


class EmbeddedServer:
    """The server of one data folder.

    `server_user` is who runs it when COMPASS runs as root (default: the system user
    `compass`); `package` is the wheel with PostgreSQL (default: the installed one).
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        environ: Mapping[str, str] | None = None,
        server_user: str | None = None,
        package: Package | None = None,
    ) -> None:
        self._data_dir = data_dir.absolute()
        self._environ = os.environ if environ is None else environ
        self._server_user = server_user
        self._package = package

    def attach(self) -> Address | None:
        """Where the running server listens; None when it must be started or upgraded. Costs a few file reads."""
        found = majors(self._data_dir)
        if not found or self._step(found).kind == "upgrade":
            return None
        return self._answering(found[-1])

    def start(self) -> Address:
        """The running server, started (created, upgraded) when needed.

        Safe in several processes at once. Raises ConfigurationError for a folder that
        cannot be used and StorageError when the server does not come up.
        """
        owner = self._owner()
        prepare_root(self._layout(0), owner)
        with self._locked():
            step = self._step(majors(self._data_dir))
            cluster = self._cluster(step.to, owner)
            if step.kind == "upgrade":
                upgrade(self._cluster(step.since, owner), cluster, self._find_package())
            cluster.wait_until_ready()
            address = self._answering(step.to)
            if address is not None:
                return address
            cluster.initialise(self._find_package())
            cluster.stop()  # a server that runs and does not answer: its socket was deleted
            return cluster.start()

    def stop(self) -> bool:
        """Stop the server; False when it was not running."""
        found = majors(self._data_dir)
        if not found:
            return False
        with self._locked():
            return self._cluster(found[-1], self._owner()).stop()

    def status(self) -> ServerStatus:
        """What is there, without starting anything."""
        found = majors(self._data_dir)
        if not found:
            return ServerStatus(running=False, data_dir=self._data_dir, major=None, pid=None, log=None)
        layout = self._layout(found[-1])
        running = postmaster(layout.data)
        return ServerStatus(
            running=running is not None,
            data_dir=self._data_dir,
            major=found[-1],
            pid=running.pid if running else None,
            log=layout.log,
        )

    def _answering(self, major: int) -> Address | None:
        found = postmaster(self._layout(major).data)
        if found is None or not found.ready:
            return None
        with socket.socket(socket.AF_UNIX) as trial:
            trial.settimeout(2.0)
            try:
                trial.connect(str(found.address.socket))
            except OSError:
                return None
        return found.address

    def _step(self, found: tuple[int, ...]) -> Step:
        package = self._find_package()
        return next_step(found, package.major if package else None)

    def _find_package(self) -> Package | None:
        return self._package or installed_package()

    def _layout(self, major: int) -> Layout:
        return Layout(data_dir=self._data_dir, major=major)

    def _cluster(self, major: int, owner: Owner) -> Cluster:
        return Cluster(self._layout(major), owner, self._environ)

    def _owner(self) -> Owner:
        """Who runs the server: for root, whoever the data belongs to already."""
        if os.geteuid() != 0:
            return current_owner()
        found = majors(self._data_dir)
        return owner_of(self._layout(found[-1]).data) if found else service_owner(self._server_user)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time; the lock goes with the process that holds it."""
        path = self._data_dir / "pg" / "lock"
        deadline = time.monotonic() + _LOCK_TIMEOUT_S
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise StorageError(
                            "another process has been starting the database for minutes", where=str(path)
                        ) from None
                    time.sleep(0.05)
            yield
        finally:
            os.close(handle)
