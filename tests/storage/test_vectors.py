"""What only PostgreSQL does with vectors: other embedders and teams, and the approximate index."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import numpy as np
import psycopg
import pytest

from compass.domain.learned import Signature
from compass.storage import knowledge
from compass.storage.embedded import EmbeddedServer
from compass.storage.vectors import Vectors
from tests.storage.conftest import backend
from tests.storage.learned import Counting, learned, past


@pytest.fixture(params=["embedded", "debian"])
def server(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


async def test_another_embedder_compares_nothing_of_the_former_and_makes_its_own(
    request: pytest.FixtureRequest, server: str
) -> None:
    team, one, other = f"team-{uuid4()}", Counting(), Counting(version="2")
    async with backend(request, server, team, one) as before:
        await before.knowledge.learn([learned(past(f"orders {number}", number=number)) for number in range(5)])
        assert await before.knowledge.embed() == 0
    async with backend(request, server, team, other) as after:
        assert [near.cosine for near in await after.knowledge.nearest(Signature(words="orders 1"))] == [0.0] * 5
        assert await after.knowledge.embed(limit=2) == 3
        found = await after.knowledge.nearest(Signature(words="orders 4"), limit=3)
        assert [near.incident.signature.words for near in found] == ["orders 4", "orders 3", "orders 2"]
        assert [near.cosine > 0 for near in found] == [True, True, False]
        assert await after.knowledge.embed() == 0
        assert other.asked.count("orders 4") == 2  # embedded once, asked for once


async def test_another_number_of_dimensions_is_no_error(request: pytest.FixtureRequest, server: str) -> None:
    team = f"team-{uuid4()}"
    for dimensions in (8, 16):
        async with backend(request, server, team, Counting(dimensions=dimensions)) as chronicle:
            await chronicle.knowledge.learn([learned(past("orders slow", number=dimensions))])
            await chronicle.knowledge.embed()
            (found, *_) = await chronicle.knowledge.nearest(Signature(words="orders slow"))
            assert found.cosine == pytest.approx(1.0, abs=1e-6)


async def test_teams_do_not_see_each_other(request: pytest.FixtureRequest, server: str) -> None:
    embedder = Counting()
    async with backend(request, server, f"team-{uuid4()}", embedder) as one:
        await one.knowledge.learn([learned(past("orders slow"))])
        await one.knowledge.embed()
    async with backend(request, server, f"team-{uuid4()}", embedder) as other:
        assert await other.knowledge.nearest(Signature(words="orders slow")) == ()
        assert (await other.knowledge.count(), await other.knowledge.lessons()) == (0, ())


@pytest.mark.parametrize("dimensions", [32, 2048])
async def test_the_index_finds_the_same_neighbours_among_other_teams(
    request: pytest.FixtureRequest, embedded_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch, dimensions: int
) -> None:
    monkeypatch.setattr(knowledge, "Vectors", partial(Vectors, index_from=50))
    embedder = Counting(dimensions=dimensions)
    words = [f"word{number % 7} word{number % 11} only{number}" for number in range(80)]
    cosines = np.sort(embedder.embed(words) @ embedder.embed([words[17]])[0])[::-1][:5]
    for team in (f"team-{uuid4()}", f"team-{uuid4()}"):
        async with backend(request, "embedded", team, embedder) as chronicle:
            await chronicle.knowledge.learn([learned(past(each, number=n)) for n, each in enumerate(words)])
            assert await chronicle.knowledge.embed() == 0
            found = await chronicle.knowledge.nearest(Signature(words=words[17]), limit=5)
            assert [near.cosine for near in found] == pytest.approx(cosines, abs=2e-3)  # halfvec rounds
    async with await psycopg.AsyncConnection.connect(embedded_server.start().conninfo) as connection:
        cursor = await connection.execute(
            "select count(*) from pg_indexes where indexname = %s", [f"past_vector_near_{dimensions}"]
        )
        assert await cursor.fetchone() == (1,)
