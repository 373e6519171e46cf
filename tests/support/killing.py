"""SIGKILL at a moment that is certain: the database holds the runner in the append of one kind of event."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.support.cli import PATIENCE_S, Cli, Process

_LOCK = 7_041_116
_INSTALL = """
create function compass.hold_for_tests() returns trigger language plpgsql as $$ begin
    if exists (
        select from compass.event where team = new.team and investigation = new.investigation and kind = '{after}'
    ) then
        perform pg_advisory_xact_lock({lock});
    end if;
    return new;
end $$;
create trigger hold_for_tests before insert on compass.event for each row
    when (new.team = '{team}' and new.kind = '{kind}') execute function compass.hold_for_tests();
"""
_REMOVE = "drop trigger hold_for_tests on compass.event; drop function compass.hold_for_tests()"
_HELD = "select pid from pg_locks where locktype = 'advisory' and objid = %s and not granted"


@contextmanager
def held_at(cli: Cli, kind: str, *, after: str) -> Iterator[Holding]:
    """Nobody of the team of `cli` commits an event of `kind` once one of kind `after` was committed before."""
    assert cli.url is not None
    cli.list()  # so that there are tables
    with psycopg.connect(cli.url, autocommit=True) as database:
        database.execute("select pg_advisory_lock(%s)", (_LOCK,))
        database.execute(_INSTALL.format(kind=kind, after=after, team=cli.team, lock=_LOCK).encode())
        try:
            yield Holding(database)
        finally:
            for (pid,) in database.execute(_HELD, (_LOCK,)).fetchall():
                database.execute("select pg_terminate_backend(%s, 10000)", (pid,))
            database.execute(_REMOVE.encode())


class Holding:
    """While the database holds whoever comes to that moment."""

    def __init__(self, database: psycopg.Connection[tuple[object, ...]]) -> None:
        self._database = database

    def kills(self, process: Process) -> None:
        """Wait until somebody is held, and kill: what it was about to commit is not committed."""
        ends = time.monotonic() + PATIENCE_S
        while not self._database.execute(_HELD, (_LOCK,)).fetchall():
            assert process.poll() is None, "it ended without coming to that moment"
            assert time.monotonic() < ends, "it never came to that moment"
        process.kill()
        process.communicate()
