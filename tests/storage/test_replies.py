"""Kept replies, the same in memory and in PostgreSQL."""

from __future__ import annotations

from compass.ports.replies import KeptReply, Replies
from compass.storage.memory import MemoryChronicle
from compass.storage.postgres import PostgresChronicle


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
