"""The embedded server, for `compass database`."""

from __future__ import annotations

from compass.entrypoints.cli import session
from compass.storage.connect import open_server


def database_status() -> str:
    """Where the chronicle is and whether its server runs."""
    chosen = session.settings()
    if chosen.database_url:
        return "the chronicle is on the PostgreSQL of COMPASS_DATABASE_URL"
    status = open_server(chosen.data_dir).status()
    if status.major is None:
        return f"embedded PostgreSQL: no database yet; it will be made in {status.data_dir}"
    state = f"running (process {status.pid})" if status.running else "not running; the next command starts it"
    return f"embedded PostgreSQL {status.major}: {state}\ndata: {status.data_dir}\nlog: {status.log}"


def database_stop() -> str:
    """Stop the embedded server; the next command starts it again."""
    chosen = session.settings()
    if chosen.database_url:
        return "COMPASS_DATABASE_URL is set: that server is not COMPASS's to stop"
    stopped = open_server(chosen.data_dir).stop()
    return "stopped" if stopped else "it was not running"
