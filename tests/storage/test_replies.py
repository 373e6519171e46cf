"""Kept replies, the same in memory and in PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

from compass.domain.advice import ReadName
from compass.domain.unread import Unread, UnreadSeries
from compass.investigation.advising.kept import keep, look_up, reject
from compass.ports.replies import KeptReply, Replies
from compass.storage.memory import MemoryChronicle
from compass.storage.postgres import PostgresChronicle
from tests.support.boards import ORDERS, board


async def test_the_first_reply_of_a_key_stays(chronicle: MemoryChronicle | PostgresChronicle) -> None:
    replies: Replies = chronicle.replies
    assert await replies.find("m1") is None
    await replies.keep("m1", KeptReply(text='{"names": ["ü"]}', model="openai:m"))
    await replies.keep("m1", KeptReply(text="{}", model="openai:n"))
    found = await replies.find("m1")
    assert found is not None
    assert (found.text, found.model) == ('{"names": ["ü"]}', "openai:m")
    assert found.at is not None
    assert found.at.utcoffset() is not None
    assert await replies.find("m2") is None


async def test_many_are_found_at_once(chronicle: MemoryChronicle | PostgresChronicle) -> None:
    replies: Replies = chronicle.replies
    assert await replies.find_all([]) == {}
    for key in ("series:a", "series:b"):
        await replies.keep(key, KeptReply(text=key.upper(), model="m"))
    found = await replies.find_all(["series:b", "series:none", "series:a"])
    assert {key: one.text for key, one in found.items()} == {"series:a": "SERIES:A", "series:b": "SERIES:B"}
    assert found["series:a"] == await replies.find("series:a")


async def test_what_series_mean_is_kept_by_the_series_and_a_rejection_comes_before_it(
    chronicle: MemoryChronicle | PostgresChronicle,
) -> None:
    replies: Replies = chronicle.replies
    odd = UnreadSeries(
        name="shop_wobble", type="gauge", unit="1", help="", labels=(), series=1, moved=1, entity=ORDERS, up=True,
        usual=3.0, value=40.0, score=9.0,
    )  # fmt: skip
    before = board(unread=Unread(names=1, series=1, moved=1, most=(odd,)))
    read = ReadName(id=odd.id, meaning="pool_pending", worse="up", why="it says so")
    advice = replace(before.advice, names={odd.id: read}, readers={odd.id: "a model"})
    await keep(replies, replace(before, advice=advice), before)
    other = replace(advice, names={odd.id: replace(read, meaning="latency")}, readers={odd.id: "another"})
    await keep(replies, replace(before, advice=other), before)
    assert (await look_up(replies, [odd.id])).read == {odd.id: (read, "a model")}
    await reject(replies, odd.id, odd.name)
    known = await look_up(replies, [odd.id, "s-none"])
    assert (known.read, known.rejected) == ({}, {odd.id})
