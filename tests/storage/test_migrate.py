"""The schema moves forward only, once, whoever asks; what is newer or edited is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from compass.entrypoints.clock import SystemClock
from compass.ports.errors import ConfigurationError, StorageError
from compass.storage.connect import open_chronicle
from compass.storage.embedded import EmbeddedServer
from compass.storage.migrate import Migration, Recorded, ensure_schema, load_migrations, pending
from compass.storage.queries import load_queries

Connection = psycopg.AsyncConnection[tuple[object, ...]]
MIGRATIONS = load_migrations()


@pytest.fixture(params=["embedded", "debian"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The conninfo of an empty database."""
    if request.param == "embedded":
        server: EmbeddedServer = request.getfixturevalue("embedded_server")
        base = server.start().conninfo
    else:
        base = request.getfixturevalue("debian_url")
    name = f"db{uuid4().hex}"
    await run(base, f"create database {name}")
    yield psycopg.conninfo.make_conninfo(base, dbname=name)
    await run(base, f"drop database {name} with (force)")


async def connect(conninfo: str) -> Connection:
    return await psycopg.AsyncConnection.connect(conninfo, autocommit=True)


async def run(conninfo: str, statement: str) -> list[tuple[object, ...]]:
    async with await connect(conninfo) as connection:
        cursor = await connection.execute(statement.encode())
        return await cursor.fetchall() if cursor.description else []


NEXT = len(MIGRATIONS) + 1


async def migrate(conninfo: str, migrations: tuple[Migration, ...] = MIGRATIONS) -> tuple[str, ...]:
    async with await connect(conninfo) as connection:
        return await ensure_schema(connection, migrations)


async def test_each_migration_is_applied_once(database: str) -> None:
    assert "chronicle" in await migrate(database)
    assert await migrate(database) == ()
    rows = await run(database, "select version, name, status from compass.schema_migrations order by version")
    offered = await run(database, "select 1 from pg_available_extensions where name = 'vector'")
    vector = "applied" if offered else "skipped"
    assert rows == [(m.version, m.name, vector if m.extension else "applied") for m in MIGRATIONS]


async def test_several_clients_at_once_apply_it_once(database: str) -> None:
    applied = await asyncio.gather(*(migrate(database) for _ in range(5)))
    assert [name for names in applied for name in names].count("chronicle") == 1


async def test_a_newer_schema_is_refused_and_left_alone(database: str) -> None:
    await migrate(database)
    await run(database, "insert into compass.schema_migrations values (99, 'future', 'x', 'applied')")
    with pytest.raises(StorageError, match=r"version 99.*upgrade COMPASS"):
        await open_chronicle(clock=SystemClock(), database_url=database)
    assert await run(database, "select count(*) from compass.schema_migrations") == [(len(MIGRATIONS) + 1,)]


async def test_an_edited_migration_is_refused(database: str) -> None:
    await migrate(database)
    edited = (replace(MIGRATIONS[0], checksum="another"), *MIGRATIONS[1:])
    with pytest.raises(StorageError, match=r"migration 1 \(chronicle\) is not the one"):
        await migrate(database, edited)


async def test_a_failing_migration_leaves_nothing(database: str) -> None:
    bad = Migration(version=NEXT, name="bad", sql=b"create table compass.t (); select 1/0", checksum="c")
    with pytest.raises(psycopg.errors.DivisionByZero):
        await migrate(database, (*MIGRATIONS, bad))
    assert await run(database, "select to_regclass('compass.t')") == [(None,)]
    good = replace(bad, sql=b"create table compass.t ()")
    assert await migrate(database, (*MIGRATIONS, good)) == ("bad",)


async def test_an_optional_migration_is_skipped_and_tried_again_later(database: str) -> None:
    missing = Migration(version=NEXT, name="later", sql=b"select 1", checksum="c", extension="no_such_extension")
    assert "later" not in await migrate(database, (*MIGRATIONS, missing))
    detail = await run(database, "select status, detail from compass.schema_migrations where name = 'later'")
    assert detail == [("skipped", "the server does not offer the extension no_such_extension")]
    assert await migrate(database, (*MIGRATIONS, missing)) == ()
    offered = replace(missing, extension="plpgsql")
    assert await migrate(database, (*MIGRATIONS, offered)) == ("later",)
    assert await migrate(database, (*MIGRATIONS, offered)) == ()


async def test_a_user_without_rights_is_told_and_can_use_what_others_made(database: str) -> None:
    role = f"role{uuid4().hex}"
    await run(database, f"create role {role} login")
    limited = psycopg.conninfo.make_conninfo(database, options=f"-c role={role}")
    with pytest.raises(StorageError, match="may not create the schema"):
        await migrate(limited)
    await migrate(database)
    await run(database, f"grant usage on schema compass to {role}")
    await run(database, f"grant select on all tables in schema compass to {role}")
    assert await migrate(limited) == ()
    await run(database, f"drop owned by {role}")
    await run(database, f"drop role {role}")


async def test_the_database_refuses_to_change_events(database: str) -> None:
    chronicle = await open_chronicle(clock=SystemClock(), database_url=database)
    await chronicle.create("x")
    await chronicle.close()
    insert = (
        "insert into compass.event select team, id, 1, id, 1, 'k', 'k', 1, 'a', null, now(), now(),"
        " head_digest, head_digest from compass.investigation"
    )
    await run(database, insert)
    for statement in ("update compass.event set actor = 'b'", "delete from compass.event"):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            await run(database, statement)
    with pytest.raises(psycopg.Error, match="append-only"):
        await run(database, "truncate compass.event cascade")


async def test_a_password_is_in_no_error() -> None:
    for url in ("postgresql://u:hunter2@127.0.0.1:1/db?connect_timeout=1", "postgresql://u:hunter2@[bad"):
        with pytest.raises((StorageError, ConfigurationError)) as caught:
            await open_chronicle(clock=SystemClock(), database_url=url)
        assert "hunter2" not in str(caught.value)


async def test_another_encoding_is_refused(embedded_server: EmbeddedServer) -> None:
    base = embedded_server.start().conninfo
    name = f"db{uuid4().hex}"
    await run(base, f"create database {name} encoding 'SQL_ASCII' template template0 locale 'C'")
    with pytest.raises(StorageError, match="SQL_ASCII"):
        await migrate(psycopg.conninfo.make_conninfo(base, dbname=name))
    await run(base, f"drop database {name} with (force)")


def test_what_is_pending_is_decided_from_what_is_recorded() -> None:
    known = tuple(Migration(version=v, name=f"m{v}", sql=b"", checksum=f"c{v}") for v in (1, 2, 3))
    applied = Recorded(version=1, name="m1", checksum="c1", status="applied")
    skipped = Recorded(version=2, name="m2", checksum="older text", status="skipped")
    assert pending(known, []) == known
    assert pending(known, [applied, skipped]) == known[1:]


def test_migrations_are_numbered_without_a_gap(tmp_path: Path) -> None:
    for name in ("0001_a.sql", "0003_c.sql"):
        (tmp_path / name).write_text("select 1", encoding="utf-8")
    with pytest.raises(ValueError, match="not numbered"):
        load_migrations(tmp_path)


def test_no_statement_has_two_meanings(tmp_path: Path) -> None:
    twice = tmp_path / "q.sql"
    twice.write_text("\n-- name: a\nselect 1\n\n-- name: a\nselect 2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="'a' twice"):
        load_queries(twice)
    assert load_queries()["latest"].startswith(b"select id")


async def test_what_was_learned_before_an_incident_counted_once_is_derived_once_more(database: str) -> None:
    """What was imported has no chronicle to derive it from."""
    before = next(one.version for one in MIGRATIONS if one.name == "lessons_once")
    await migrate(database, MIGRATIONS[: before - 1])
    rows = ", ".join(
        f"('t', gen_random_uuid(), now(), 'solved', '{source}', 9, '{{}}')" for source in ("", "elsewhere")
    )  # fmt: skip
    await run(
        database,
        f"insert into compass.past_incident (team, investigation, at, status, source, seq, data) values {rows}",
    )
    assert await migrate(database) == tuple(one.name for one in MIGRATIONS[before - 1 :])
    assert await run(database, "select source, seq from compass.past_incident order by source") == [
        ("", 0), ("elsewhere", 9),
    ]  # fmt: skip
