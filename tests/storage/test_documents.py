"""One suite for a team's documents: in memory, with pgvector, and in a PostgreSQL without it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from math import log
from uuid import uuid4

import pytest

from compass.analysis.documents import document_of
from compass.domain.documents import Document, FoundPassages, Wanted
from compass.entrypoints.clock import SystemClock
from compass.ports.chronicle import Chronicle
from compass.ports.errors import EmbeddingError
from compass.storage import passage_rows
from compass.storage.memory_documents import MemoryDocuments
from tests.storage.conftest import BACKENDS, backend
from tests.storage.learned import Counting
from tests.storage.support import new, opened

POOL = document_of(
    "docs/pool.md",
    b"""---
services: [orders]
mechanisms: [connection_pool_exhausted]
---
# The order pool
Where it stands.

## Exhausted connections
Raise the pool, then look at who holds connections.

## Monitoring
The dashboard shows waiting requests of everybody.
""",
)
DISK = document_of("docs/disk.md", b"# Full disks\nRemove old logs of the orders host.\n")
NOTES = document_of("notes.txt", b"The ledger writes in batches.\n\nNobody looks at the pool there.\n")


@pytest.fixture
def embedder() -> Counting:
    return Counting()


@pytest.fixture(params=BACKENDS)
async def chronicle(request: pytest.FixtureRequest, embedder: Counting) -> AsyncIterator[Chronicle]:
    async with backend(request, request.param, f"team-{uuid4()}", embedder) as found:
        yield found


def places(found: FoundPassages, at: int = 0) -> list[tuple[str, int]]:
    return [(one.head.name, one.passage.position) for one in found.found[at]]


async def test_what_was_kept_is_read_as_it_was_given(chronicle: Chronicle) -> None:
    documents = chronicle.documents
    assert (await documents.kept(), await documents.find([Wanted(words="pool")])) == (
        (), FoundPassages(found=((),), searched=0),
    )  # fmt: skip
    await documents.change(keep=[POOL, NOTES, DISK])
    kept = await documents.kept()
    assert [(one.head, one.passages, one.embedded) for one in kept] == [
        (one.head, len(one.passages), 0) for one in (DISK, POOL, NOTES)
    ]
    assert all(one.added_at.tzinfo is UTC for one in kept)
    found = (await documents.find([Wanted(words="exhausted connection")])).found[0][0]
    assert (found.head, found.passage) == (POOL.head, POOL.passages[1])
    await documents.change()


async def test_a_changed_document_replaces_its_passages_and_vectors(chronicle: Chronicle) -> None:
    documents = chronicle.documents
    await documents.change(keep=[POOL, DISK])
    assert await documents.embed() == 0
    await documents.change(keep=[document_of("docs/pool.md", b"# Lanes\nSwim.\n")])
    assert places(await documents.find([Wanted(words="exhausted connections")])) != [("docs/pool.md", 1)]
    assert places(await documents.find([Wanted(words="swim")]))[0] == ("docs/pool.md", 0)
    assert [(one.passages, one.embedded) for one in await documents.kept()] == [(1, 1), (1, 0)]
    assert await documents.embed() == 0
    await documents.change(drop=["docs/pool.md", "never-there.md"])
    assert [one.head.name for one in await documents.kept()] == ["docs/disk.md"]
    assert (await documents.find([Wanted(words="swim")])).searched == 1


async def test_what_is_said_about_a_document_changes_without_its_passages(chronicle: Chronicle) -> None:
    documents = chronicle.documents
    await documents.change(keep=[POOL])
    await documents.embed()
    (before,) = await documents.kept()
    told = replace(POOL.head, commit="abc", changed_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    await documents.change(restate=[told, replace(DISK.head, commit="abc"), replace(POOL.head, digest="other")])
    (after,) = await documents.kept()
    assert (after.head, after.embedded, after.added_at) == (told, len(POOL.passages), before.added_at)


async def test_words_in_headings_count_more_and_rare_ones_most(chronicle: Chronicle) -> None:
    documents = chronicle.documents
    await documents.change(keep=[POOL, DISK, NOTES])
    (by_words,) = (await documents.find([Wanted(words="exhausted pool ledger")])).found
    assert by_words[0].head.name == "docs/pool.md"
    assert by_words[0].passage.heading == ("The order pool", "Exhausted connections")
    everything = [one.said for one in by_words]
    assert everything == sorted(everything, reverse=True)
    # All in headings, all in the text alone, and what is nowhere counts against it.
    (full,) = (await documents.find([Wanted(words="exhausted connections")], 1)).found
    (text,) = (await documents.find([Wanted(words="batches ledger")], 1)).found
    (half,) = (await documents.find([Wanted(words="batches zebra")], 1)).found
    assert [one[0].said for one in (full, text, half)] == pytest.approx([1.0, 0.6, 0.6 * log(6) / (log(6) + log(2))])


async def test_it_is_found_by_meaning_where_no_word_is_shared(chronicle: Chronicle, embedder: Counting) -> None:
    documents = chronicle.documents
    await documents.change(keep=[POOL, DISK])
    await documents.embed()
    (found,) = (await documents.find([Wanted(words="zebra", text="old logs of the orders")])).found
    assert (found[0].head.name, found[0].said) == ("docs/disk.md", 0.0)
    assert found[0].cosine is not None
    assert found[0].cosine == max(one.cosine or 0 for one in found)
    assert all("Exhausted" not in text or "The order pool" in text for text in embedder.asked)  # headings are in it


async def test_what_says_what_it_is_for_is_found_for_that_alone(chronicle: Chronicle) -> None:
    documents = chronicle.documents
    await documents.change(keep=[POOL, DISK])
    await documents.embed()
    pool = "connection_pool_exhausted"

    async def names(services: set[str] | None, mechanisms: set[str]) -> set[str]:
        wanted = Wanted(
            words="orders pool disk", services=None if services is None else frozenset(services),
            mechanisms=frozenset(mechanisms),
        )  # fmt: skip
        return {one.head.name for one in (await documents.find([wanted])).found[0]}

    both, general = {"docs/pool.md", "docs/disk.md"}, {"docs/disk.md"}
    assert await names(None, set()) == both
    assert await names({"orders", "x"}, {pool}) == both
    assert await names({"web"}, {pool}) == general
    assert await names({"orders"}, {"disk_full"}) == both  # a tag adds, and takes nothing away
    assert await names(set(), set()) == general
    tagged = (await documents.find([Wanted(words="zebra", mechanisms=frozenset({pool}))])).found[0]
    assert {one.head.name for one in tagged if one.tagged} == {"docs/pool.md"}
    assert tagged[0].tagged


async def test_an_embedder_that_fails_or_hangs_leaves_the_words(
    chronicle: Chronicle, embedder: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = chronicle.documents
    await documents.change(keep=[POOL])
    embedder.broken = True
    with pytest.raises(EmbeddingError):
        await documents.embed()
    found = await documents.find([Wanted(words="exhausted")])
    assert places(found)[0] == ("docs/pool.md", 1)
    assert "nobody answers" in found.problem
    release = threading.Event()
    monkeypatch.setattr(embedder, "embed", lambda texts: release.wait(60))
    monkeypatch.setattr(passage_rows, "EMBED_S", 0.01)
    try:
        late = await documents.find([Wanted(words="exhausted")])
    finally:
        release.set()
    assert places(late)[0] == ("docs/pool.md", 1)
    assert late.problem == "counting: no answer within 0.01 s"


async def test_several_are_looked_for_at_once_each_for_itself(chronicle: Chronicle) -> None:
    documents = chronicle.documents
    await documents.change(keep=[POOL, DISK, NOTES])
    found = await documents.find([Wanted(words="disks"), Wanted(words=""), Wanted(words="ledger")], 1)
    assert [places(found, at) for at in range(3)] == [[("docs/disk.md", 0)], [], [("notes.txt", 0)]]
    assert found.searched == 5


async def test_nothing_half_kept_is_left(chronicle: Chronicle) -> None:
    documents = chronicle.documents
    await documents.change(keep=[POOL])
    twice = Document(head=DISK.head, passages=(DISK.passages[0], DISK.passages[0]))
    if type(documents).__name__ == "MemoryDocuments":
        pytest.skip("the database refuses two passages at one place; the twin cannot hold them")
    with pytest.raises(Exception, match="duplicate key"):
        await documents.change(keep=[twice], drop=["docs/pool.md"])
    assert [one.head.name for one in await documents.kept()] == ["docs/pool.md"]


async def test_two_at_once_leave_one_whole(chronicle: Chronicle) -> None:
    documents = chronicle.documents
    other = document_of("docs/pool.md", b"# Other\n\n## A\na\n\n## B\nb\n")
    await asyncio.gather(*(documents.change(keep=[one, DISK]) for one in (POOL, other) * 4))
    kept = {one.head.name: one for one in await documents.kept()}
    stands = POOL if kept["docs/pool.md"].head == POOL.head else other
    assert (kept["docs/pool.md"].head, kept["docs/pool.md"].passages) == (stands.head, len(stands.passages))


async def test_no_investigation_takes_them_along(chronicle: Chronicle) -> None:
    await chronicle.documents.change(keep=[POOL])
    investigation = await chronicle.create("slow")
    await chronicle.append(investigation, None, [new("o", opened())])
    await chronicle.erasure.forget(investigation)
    assert [one.head.name for one in await chronicle.documents.kept()] == ["docs/pool.md"]


async def test_odd_words_are_found_again(chronicle: Chronicle) -> None:
    odd = document_of("docs/odd.md", "# O'Neil's \"pool\" & 1e5 %s\n`a\\b` Grüße:*  𝔘𝔫𝔦 x_y\n".encode())
    await chronicle.documents.change(keep=[odd])
    for words in ("o'neil", "1e5", "Grüße", "& | !", "'; drop", "pool:*"):
        found = (await chronicle.documents.find([Wanted(words=words)])).found[0]
        assert len(found) == (words not in ("& | !", "'; drop"))


async def test_every_store_finds_what_the_twin_finds(chronicle: Chronicle) -> None:
    twin = MemoryDocuments(SystemClock(), Counting())
    for documents in (twin, chronicle.documents):
        await documents.change(keep=[POOL, DISK, NOTES])
        assert await documents.embed() == 0
    wanted = [
        Wanted(words=words, text=words, services=services, mechanisms=frozenset(mechanisms))
        for words in ("exhausted pool of orders", "old logs", "zebra", "nobody looks at the ledger")
        for services in (None, frozenset({"orders"}), frozenset({"web"}))
        for mechanisms in ((), ("connection_pool_exhausted",))
    ]
    ours, theirs = [await documents.find(wanted) for documents in (twin, chronicle.documents)]
    for one, other in zip(ours.found, theirs.found, strict=True):
        assert [(p.head, p.passage, p.tagged) for p in one] == [(p.head, p.passage, p.tagged) for p in other]
        assert [p.said for p in one] == pytest.approx([p.said for p in other])
        assert [p.score for p in one] == pytest.approx([p.score for p in other])
