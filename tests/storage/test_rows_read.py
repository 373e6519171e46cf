"""What is asked with rows locked reads few events, however many a team has; also without statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

import compass.storage
from compass.storage.queries import load_queries
from tests.storage.conftest import backend

STATEMENTS = {
    name: statement
    for file in ("queries.sql", "erasing.sql")
    for name, statement in load_queries(Path(compass.storage.__file__).with_name(file)).items()
}
INVESTIGATIONS, EVENTS = 20, 400
FEW = 6 * INVESTIGATIONS
"""Rows of the chronicle that may be read: a few of each investigation."""
FILL = """
insert into compass.event (team, investigation, seq, id, key, kind, version, actor, occurred_at, recorded_at,
                           payload_digest, digest)
select i.team, i.id, seq, gen_random_uuid(), 'k' || seq,
       case seq when 1 then 'investigation.opened' when 2 then 'memory.recalled' else 'step.started' end,
       1, 'a', now(), now(), i.head_digest, i.head_digest
from compass.investigation i, generate_series(1, %s) seq where i.team = %s
"""
FILL_PAYLOADS = """
insert into compass.payload (team, investigation, seq, salt, data)
select team, investigation, seq, 'salt', convert_to(investigation::text, 'UTF8') from compass.event where team = %s
"""
FORGET = """
update compass.payload set salt = null, data = null, erased_at = now()
where team = %s and investigation = %s and seq = 1
"""


def plans(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from plans(inner)


def read(node: Mapping[str, Any]) -> int:
    """Rows of the chronicle that a plan looked at, those among them that it threw away."""
    of = [one for one in plans(node) if one.get("Relation Name") in {"event", "payload"}]
    seen = (one["Actual Rows"] + one.get("Rows Removed by Filter", 0) for one in of)
    return round(sum(rows * one["Actual Loops"] for rows, one in zip(seen, of, strict=True)))


@pytest.mark.parametrize("known", [False, True], ids=["without statistics", "with statistics"])
async def test_what_was_forgotten_is_looked_up_without_reading_the_chronicle(
    request: pytest.FixtureRequest, debian_url: str, known: bool
) -> None:
    team = f"team-{uuid4()}"
    async with (
        backend(request, "debian", team) as chronicle,
        await psycopg.AsyncConnection.connect(debian_url, autocommit=True) as connection,
    ):
        made = [await chronicle.create("x") for _ in range(INVESTIGATIONS)]
        await connection.execute(FILL.encode(), [EVENTS, team])
        await connection.execute(FILL_PAYLOADS.encode(), [team])
        for gone in made[:2]:
            await connection.execute(FORGET.encode(), [team, gone])
        if known:
            await connection.execute("analyze compass.event, compass.payload, compass.investigation")
        names = [str(made[0]).encode()]

        async def asked(name: str, **values: object) -> tuple[set[object], int]:
            statement, values = STATEMENTS[name], {"team": team, **values}
            found = await (await connection.execute(statement, values)).fetchall()
            explained = b"explain (analyze, timing off, format json) " + statement
            row = await (await connection.execute(explained, values)).fetchone()
            assert row is not None
            return {one[0] for one in found}, read(row[0][0]["Plan"])

        numbers, keys = list(range(2, INVESTIGATIONS + 1)), [f"k{2 + n}" for n in range(2, INVESTIGATIONS + 1)]
        lessons = [f"#{number}/{key}/for" for number, key in zip(numbers, keys, strict=True)]
        named = {"numbers": numbers, "keys": keys, "lessons": lessons}
        found, rows = await asked("named_forgotten", ids=[made[-1]], **named)
        assert found == {lessons[0]}
        assert 0 < rows <= FEW
        found, rows = await asked("named_forgotten", ids=made[2:], **{name: all_[1:] for name, all_ in named.items()})
        assert (found, rows <= FEW) == (set(), True), rows
        found, rows = await asked("reminded", investigation=made[1], names=names)
        assert (found, rows <= FEW) == ({made[0]}, True), rows
