"""One suite for what a team learned: in memory, with pgvector, and in a PostgreSQL without it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import numpy as np
import pytest

from compass.domain.chronicle import NewEvent
from compass.domain.knowledge import Learned
from compass.domain.learned import Resolved, Signature
from compass.ports.chronicle import Chronicle
from compass.ports.errors import EmbeddingError, StorageError
from tests.storage.conftest import BACKENDS, backend
from tests.storage.learned import ORDERS_DB, Counting, cause, learned, past
from tests.storage.support import ended, new, opened


@pytest.fixture
def embedder() -> Counting:
    return Counting()


@pytest.fixture(params=BACKENDS)
async def chronicle(request: pytest.FixtureRequest, embedder: Counting) -> AsyncIterator[Chronicle]:
    async with backend(request, request.param, f"team-{uuid4()}", embedder) as found:
        yield found


async def test_what_was_learned_is_read_as_it_was_given(chronicle: Chronicle) -> None:
    knowledge = chronicle.knowledge
    one, two = learned(past(number=1)), learned(past(number=2))
    assert await knowledge.count() == 0
    await knowledge.learn([one, two])
    assert await knowledge.count() == 2
    assert await knowledge.incidents() == (two.incident, one.incident)
    assert await knowledge.incidents(limit=1) == (two.incident,)
    assert await knowledge.lessons() == (*one.lessons, *two.lessons)
    assert await knowledge.gaps() == (*one.gaps, *two.gaps)
    assert await knowledge.judgements() == (*one.judgements, *two.judgements)
    assert await knowledge.taught(one.incident.investigation) == one
    assert await knowledge.taught(uuid4()) is None
    await knowledge.learn([])


async def test_learning_again_replaces_all_that_it_taught(chronicle: Chronicle) -> None:
    knowledge = chronicle.knowledge
    one, two = learned(past(number=1)), learned(past(number=2))
    await knowledge.learn([one, two])
    again = Learned(incident=replace(one.incident, seq=11, fix="other"), lessons=one.lessons[:1])
    await knowledge.learn([again])
    assert await knowledge.taught(one.incident.investigation) == again
    assert await knowledge.lessons() == (*again.lessons, *two.lessons)
    assert await knowledge.gaps() == two.gaps
    assert await knowledge.judgements() == two.judgements


async def test_what_a_slower_process_derived_from_fewer_events_replaces_nothing(chronicle: Chronicle) -> None:
    knowledge = chronicle.knowledge
    new_one = learned(past(seq=12))
    await knowledge.learn([new_one])
    old = Learned(incident=replace(new_one.incident, seq=11, fix="older"))
    await knowledge.learn([old])
    assert await knowledge.taught(new_one.incident.investigation) == new_one
    other = learned(past(seq=3))
    await knowledge.learn([Learned(incident=replace(other.incident, seq=2)), other, old])
    assert await knowledge.taught(other.incident.investigation) == other


async def test_an_import_never_replaces_what_was_derived_here(chronicle: Chronicle) -> None:
    knowledge = chronicle.knowledge
    own, foreign = learned(past(seq=1)), learned(past(seq=1, source="laptop"))
    await knowledge.learn([own, foreign])
    await knowledge.learn([Learned(incident=replace(own.incident, seq=99, source="laptop"))])
    newer = Learned(incident=replace(foreign.incident, seq=2))
    await knowledge.learn([newer])
    assert await knowledge.taught(own.incident.investigation) == own
    assert await knowledge.taught(foreign.incident.investigation) == newer


async def test_what_is_derived_here_replaces_an_import_of_however_many_events(chronicle: Chronicle) -> None:
    knowledge = chronicle.knowledge
    here = await chronicle.create("slow")
    await chronicle.append(here, None, [new("o", opened()), new("e", ended())])
    foreign = learned(past("their words", investigation=here, seq=2**63 - 1, source="laptop"))
    await knowledge.learn([foreign])
    assert await knowledge.behind() == (here,)
    own = learned(past("own words", investigation=here, seq=2))
    await knowledge.learn([own, foreign])
    assert await knowledge.taught(here) == own
    await knowledge.learn([foreign])
    assert await knowledge.taught(here) == own
    assert await knowledge.behind() == ()


async def test_lessons_are_found_by_what_they_are_about(chronicle: Chronicle) -> None:
    knowledge = chronicle.knowledge
    one = learned(past())
    elsewhere = replace(one.lessons[1], entity=replace(ORDERS_DB, namespace="other"))
    await knowledge.learn([replace(one, lessons=(one.lessons[0], elsewhere))])
    assert await knowledge.lessons([ORDERS_DB, ORDERS_DB]) == one.lessons[:1]
    assert await knowledge.lessons([elsewhere.entity]) == (elsewhere,)
    assert await knowledge.lessons([]) == ()


async def test_undone_lessons_count_no_more_and_are_kept(chronicle: Chronicle) -> None:
    knowledge = chronicle.knowledge
    undone = learned(past(), undone=True)
    await knowledge.learn([undone])
    assert await knowledge.lessons() == ()
    assert await knowledge.taught(undone.incident.investigation) == undone


async def test_a_signature_outlives_the_evidence_it_came_from(chronicle: Chronicle) -> None:
    knowledge = chronicle.knowledge
    seen = learned(past(seq=1))
    await knowledge.learn([seen])
    bare = replace(seen.incident, seq=2, signature=Signature())
    await knowledge.learn([Learned(incident=bare, lessons=(replace(seen.lessons[0], signature=Signature()),))])
    kept = await knowledge.taught(seen.incident.investigation)
    assert kept is not None
    assert (kept.incident.seq, kept.incident.signature) == (2, seen.incident.signature)
    assert kept.lessons == seen.lessons[:1]


async def test_nothing_half_learned_is_left(chronicle: Chronicle) -> None:
    knowledge = chronicle.knowledge
    good, other = learned(past()), learned(past())
    strange = replace(other, lessons=good.lessons)
    with pytest.raises(StorageError, match="another investigation"):
        await knowledge.learn([good, strange])
    unwritable = replace(other.incident, signature=Signature(signs={"x@paged": float("nan")}))
    with pytest.raises(StorageError, match="cannot be stored"):
        await knowledge.learn([good, Learned(incident=unwritable)])
    assert await knowledge.count() == 0


async def test_what_replaces_an_import_comes_with_it_or_not_at_all(
    chronicle: Chronicle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compass.storage.knowledge._BATCH", 1)
    knowledge = chronicle.knowledge
    old, own = learned(past(source="laptop")), learned(past(number=2))
    await knowledge.learn([old, own])
    better = learned(past(number=3, source="team", investigation=UUID(int=1)))
    strange = past(source="team", investigation=UUID(int=2))
    unwritable = Learned(incident=replace(strange, signature=Signature(signs={"x@paged": float("nan")})))
    both = [one.incident.investigation for one in (old, own)]
    with pytest.raises(StorageError, match="cannot be stored"):
        await knowledge.learn([better, unwritable], instead_of=both)
    assert await knowledge.taught(old.incident.investigation) == old
    assert await knowledge.taught(better.incident.investigation) is None
    await knowledge.learn([better, Learned(incident=strange)], instead_of=both)
    assert await knowledge.taught(old.incident.investigation) is None
    assert await knowledge.taught(own.incident.investigation) == own  # no import: it is never replaced by one
    assert await knowledge.taught(better.incident.investigation) == better
    assert await knowledge.count() == 3
    await knowledge.learn([], instead_of=[better.incident.investigation])
    assert await knowledge.count() == 2


async def test_broken_characters_are_left_out(chronicle: Chronicle) -> None:
    knowledge = chronicle.knowledge
    broken = past("nul \0 and half \udc80 a pair 🚒")
    await knowledge.learn([learned(broken)])
    (found,) = await knowledge.incidents()
    assert found.signature.words == "nul  and half ? a pair 🚒"
    assert await knowledge.embed() == 0


async def test_behind_names_what_ended_or_was_spoken_of_since(chronicle: Chronicle) -> None:
    knowledge = chronicle.knowledge
    running, done, resolved = [await chronicle.create("slow") for _ in range(3)]
    for investigation in (running, done, resolved):
        await chronicle.append(investigation, None, [new("o", opened())])
    for investigation in (done, resolved):
        await chronicle.append(investigation, None, [new("e", ended())])
    assert await knowledge.behind() == tuple(sorted((done, resolved)))
    await knowledge.learn([learned(past(investigation=each, seq=2)) for each in (done, resolved)])
    assert await knowledge.behind() == ()
    await chronicle.append(resolved, None, [new("looked at again")])
    assert await knowledge.behind() == ()
    said = NewEvent(key="r", payload=Resolved(by="human", cause=cause()), actor="human")
    await chronicle.append(resolved, None, [said])
    assert await knowledge.behind() == (resolved,)
    await chronicle.erase(resolved, 4)
    assert await knowledge.behind() == ()


async def test_the_nearest_words_come_first(chronicle: Chronicle) -> None:
    knowledge = chronicle.knowledge
    far, near, same = (
        past(words, number=n) for n, words in enumerate(("disk is full", "orders are late", "orders slow"))
    )
    await knowledge.learn([learned(each) for each in (far, near, same)])
    assert await knowledge.embed() == 0
    found = await knowledge.nearest(Signature(words="orders slow"), limit=3)
    assert [one.incident for one in found] == [same, near, far]
    assert found[0].cosine == pytest.approx(1.0, abs=1e-6)
    assert found[1].cosine == pytest.approx(1 / np.sqrt(6), abs=1e-6)
    assert [one.incident for one in await knowledge.nearest(Signature(words="orders slow"), limit=1)] == [same]


async def test_without_words_or_vectors_the_latest_come_first(chronicle: Chronicle, embedder: Counting) -> None:
    knowledge = chronicle.knowledge
    incidents = [past(f"words {number}", number=number) for number in range(4)]
    await knowledge.learn([learned(each) for each in incidents])
    latest = list(reversed(incidents))
    assert [one.incident for one in await knowledge.nearest(Signature(words="words 1"))] == latest
    assert embedder.asked == []  # nothing to compare with: the model is not even loaded
    assert await knowledge.embed(limit=2) == 2
    found = await knowledge.nearest(Signature(words="words 2"), limit=3)
    assert [one.incident for one in found] == [incidents[2], incidents[3], incidents[1]]
    assert found[2].cosine == 0.0
    assert [one.incident for one in await knowledge.nearest(Signature(), limit=2)] == latest[:2]


async def test_an_embedder_is_loaded_beforehand_where_there_is_something_to_compare(
    chronicle: Chronicle, embedder: Counting
) -> None:
    await chronicle.knowledge.prepare()
    assert embedder.asked == []
    await chronicle.knowledge.learn([learned(past("orders slow"))])
    await chronicle.knowledge.embed()
    await chronicle.knowledge.prepare()
    assert embedder.asked == ["orders slow", ""]


async def test_a_vector_goes_with_its_words(chronicle: Chronicle, embedder: Counting) -> None:
    knowledge = chronicle.knowledge
    one = past("orders slow", seq=1)
    await knowledge.learn([learned(one)])
    await knowledge.embed()
    await knowledge.learn([learned(replace(one, seq=2, fix="other"))])
    assert await knowledge.embed() == 0
    assert embedder.asked == ["orders slow"]
    await knowledge.learn([learned(replace(one, seq=3, signature=Signature(words="disk full")))])
    assert await knowledge.embed() == 0
    (found,) = await knowledge.nearest(Signature(words="disk full"))
    assert found.cosine == pytest.approx(1.0, abs=1e-6)


async def test_a_failing_embedder_takes_nothing_else_with_it(chronicle: Chronicle, embedder: Counting) -> None:
    knowledge = chronicle.knowledge
    await knowledge.learn([learned(past("orders slow", number=1))])
    await knowledge.embed()
    embedder.broken = True
    await knowledge.learn([learned(past("disk full", number=2))])
    with pytest.raises(EmbeddingError):
        await knowledge.embed()
    with pytest.raises(EmbeddingError):
        await knowledge.nearest(Signature(words="orders"))
    assert len(await knowledge.incidents()) == 2


async def test_forgetting_leaves_nothing(chronicle: Chronicle) -> None:
    knowledge = chronicle.knowledge
    one, two = learned(past(number=1)), learned(past(number=2))
    await knowledge.learn([one, two])
    await knowledge.embed()
    await knowledge.forget(one.incident.investigation)
    await knowledge.forget(uuid4())
    assert await knowledge.incidents() == (two.incident,)
    assert await knowledge.lessons() == two.lessons
    assert await knowledge.gaps() == two.gaps
    assert await knowledge.judgements() == two.judgements
    assert [one.incident for one in await knowledge.nearest(one.incident.signature)] == [two.incident]


async def test_many_writers_at_once_leave_the_newest_whole(chronicle: Chronicle) -> None:
    knowledge = chronicle.knowledge
    shared = [past(number=number) for number in range(5)]
    versions = [
        [learned(replace(one, seq=seq, fix=f"fix {seq}")) for one in (shared if seq % 2 else reversed(shared))]
        for seq in range(1, 9)
    ]
    await asyncio.gather(*(knowledge.learn(version) for version in versions))
    assert {one.fix for one in await knowledge.incidents()} == {"fix 8"}
    assert len(await knowledge.lessons()) == 10
    assert len(await knowledge.gaps()) == 5
