"""What is to go goes completely, and leaves a valid chain: in memory and in PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest

from compass.domain.advice import REPLY_OF, ModelCall, Role, Task
from compass.domain.advised import ModelAsked
from compass.domain.chronicle import NewEvent, Tombstone
from compass.domain.commanded import Decided, DecisionKind, DecisionRecord
from compass.domain.failure import Status
from compass.domain.knowledge import Learned
from compass.domain.learned import HistoryCount, Recalled, Resolved, Signature, Similar
from compass.llm.render import render
from compass.ports.chronicle import Chronicle
from compass.ports.errors import ForgottenError, NotFoundError, StaleRunnerError
from compass.ports.language_model import Item, Question, Section
from compass.ports.replies import KeptReply
from compass.redaction import Masker
from compass.storage.embedded import EmbeddedServer
from compass.storage.quoted import quotes_of
from tests.storage.conftest import BACKENDS, backend
from tests.storage.learned import ORDERS_DB, Counting, cause, learned, past
from tests.storage.support import blocked, ended, new, opened

PLANTED = "zugspitze"
LONG_AGO, SOON = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)


@pytest.fixture(params=BACKENDS)
async def chronicle(request: pytest.FixtureRequest) -> AsyncIterator[Chronicle]:
    async with backend(request, request.param, f"team-{uuid4()}", Counting()) as found:
        yield found


async def planted(chronicle: Chronicle, word: str = PLANTED) -> UUID:
    """An ended investigation with a word in everything that can hold one."""
    investigation = await chronicle.create(f"title {word}")
    epoch = await chronicle.claim(investigation, "runner", 60)
    call = ModelCall(
        id=f"call-{word}", task=Task.CLASSIFY, role=Role.FAST, provider="p", model="m", prompt_version="1",
        prompt=f"prompt {word}", reply=f"reply {word}",
    )  # fmt: skip
    resolved = NewEvent(key="r", payload=Resolved(by="human", cause=cause(), fix=f"fix {word}"), actor="human")
    await chronicle.append(
        investigation, epoch,
        [new("o", opened(f"opened {word}")), new("s"), new("m", ModelAsked(call=call)), new("e", ended()), resolved],
    )  # fmt: skip
    await chronicle.release(investigation, "runner")
    await chronicle.replies.keep(call.id, KeptReply(text=f'"{word}"', model="p:m"))
    await chronicle.knowledge.learn([learned(past(f"words {word}", investigation=investigation, seq=5))])
    await chronicle.knowledge.embed()
    return investigation


async def test_forgetting_leaves_a_chain_of_tombstones(chronicle: Chronicle) -> None:
    kept, gone = await planted(chronicle, "other"), await planted(chronicle)
    assert await chronicle.erasure.forget(gone) == 5
    assert await chronicle.erasure.forget(gone) == 0
    events = await chronicle.read(gone)
    assert [event.key for event in events] == ["o", "s", "m", "e", "r"]
    assert all(isinstance(event.payload, Tombstone) for event in events)
    assert await chronicle.verify(gone) == 5
    (latest, other) = await chronicle.list()
    assert (latest.title, latest.status, other.title) == ("(forgotten)", Status.DONE, "opened other")
    assert await chronicle.knowledge.taught(gone) is None
    assert await chronicle.knowledge.taught(kept) is not None
    assert await chronicle.knowledge.behind() == ()
    assert await chronicle.replies.find("call-zugspitze") is None
    assert await chronicle.replies.find("call-other") is not None
    assert await chronicle.verify(kept) == 5


async def test_what_later_investigations_recalled_of_it_goes_too(chronicle: Chronicle) -> None:
    gone, later, unrelated = await planted(chronicle), await chronicle.create("later"), await chronicle.create("x")
    similar = Similar(
        investigation=str(gone), number=1, title=PLANTED, at="2026-01-01T00:00:00+00:00", similarity=0.9, because=(),
        cause=cause(),
    )  # fmt: skip
    for investigation, found in ((later, (similar,)), (unrelated, ())):
        recalled = Recalled(signature=Signature(words="x"), similar=found)
        await chronicle.append(investigation, None, [new("m", recalled), new("s")])
    await chronicle.erasure.forget(gone)
    memory, step = await chronicle.read(later)
    assert isinstance(memory.payload, Tombstone)
    assert not isinstance(step.payload, Tombstone)
    assert not any(isinstance(event.payload, Tombstone) for event in await chronicle.read(unrelated))
    assert await chronicle.verify(later) == 2


def counted(*lessons: str) -> Recalled:
    count = HistoryCount(mechanism="db.pool_exhaustion", entity=ORDERS_DB, right=1, wrong=0, lessons=lessons)
    return Recalled(signature=Signature(words="x"), history=(count,))


async def test_what_entered_a_later_investigation_as_a_count_goes_too(chronicle: Chronicle) -> None:
    """A count names lessons by number and key; an imported lesson may be of another number 1, or of a number 11."""
    gone, later, unrelated = await planted(chronicle), await chronicle.create("later"), await chronicle.create("x")
    await chronicle.append(later, None, [new("m", counted("#9/r/for", "#1/r/for")), new("s")])
    others = counted("#11/r/for", "#1/another key/for", "#1/rr/for")
    await chronicle.append(unrelated, None, [new("m", others), new("s")])
    for each in (later, unrelated):
        await chronicle.knowledge.learn([Learned(incident=past(investigation=each, seq=2))])
    await chronicle.erasure.forget(gone)
    assert [isinstance(event.payload, Tombstone) for event in await chronicle.read(later)] == [True, False]
    assert not any(isinstance(event.payload, Tombstone) for event in await chronicle.read(unrelated))
    reminded, kept = await chronicle.knowledge.taught(later), await chronicle.knowledge.taught(unrelated)
    assert reminded is not None
    assert kept is not None
    assert (reminded.incident.recalled, len(kept.incident.recalled)) == ((), 1)
    assert await chronicle.verify(later) == 2


async def test_who_read_its_chronicle_before_teaches_nothing_of_it_after(chronicle: Chronicle) -> None:
    gone, kept = await planted(chronicle), await planted(chronicle, "other")
    late = [learned(past("late words", investigation=each, seq=9)) for each in (gone, kept)]
    await chronicle.erasure.forget(gone)
    await chronicle.knowledge.learn(late)
    assert await chronicle.knowledge.taught(gone) is None
    assert await chronicle.knowledge.taught(kept) == late[1]
    assert await chronicle.knowledge.count() == 1


async def test_who_learns_while_it_is_forgotten_waits_and_then_teaches_nothing(
    request: pytest.FixtureRequest, debian_url: str
) -> None:
    async with backend(request, "debian", f"team-{uuid4()}", Counting()) as chronicle:
        gone = await planted(chronicle)
        await chronicle.knowledge.forget(gone)
        async with await psycopg.AsyncConnection.connect(debian_url) as forgetting:
            await forgetting.execute("select from compass.investigation where id = %s for update", [gone])
            learning = asyncio.create_task(
                chronicle.knowledge.learn([learned(past("late words", investigation=gone, seq=9))])
            )
            async with asyncio.timeout(60):
                await blocked(forgetting)
            await forgetting.execute(
                "update compass.payload set salt = null, data = null, erased_at = now() where investigation = %s",
                [gone],
            )
            await forgetting.commit()
        await learning
        assert await chronicle.knowledge.taught(gone) is None


async def reminded_of(chronicle: Chronicle, one: UUID) -> Learned:
    """What an investigation that was reminded of `one` teaches, as somebody reads it who has not kept it yet."""
    later = await chronicle.create("later")
    await chronicle.append(later, None, [new("o", opened("t")), new("m", similar_to(one)), new("e", ended())])
    return Learned(incident=past(investigation=later, seq=3))


async def test_who_read_one_that_was_reminded_of_it_before_keeps_nothing_of_that(chronicle: Chronicle) -> None:
    gone, other = await planted(chronicle), await planted(chronicle, "other")
    late, unrelated = await reminded_of(chronicle, gone), await reminded_of(chronicle, other)
    foreign = Learned(incident=replace(past(source="laptop", seq=3), investigation=uuid4()))
    await chronicle.erasure.forget(gone)
    await chronicle.knowledge.learn([late, unrelated, foreign])
    kept = await chronicle.knowledge.taught(late.incident.investigation)
    assert kept == replace(late, incident=replace(late.incident, recalled=()))
    for untouched in (unrelated, foreign):
        assert await chronicle.knowledge.taught(untouched.incident.investigation) == untouched


async def test_it_is_not_forgotten_while_one_runs_that_was_reminded_of_it(chronicle: Chronicle) -> None:
    """Its process holds the words, and would quote them in what it decides next."""
    gone, other, running = await planted(chronicle), await planted(chronicle, "other"), await chronicle.create("x")
    epoch = await chronicle.claim(running, "runner", 60)
    await chronicle.append(running, epoch, [new("m", similar_to(gone))])
    with pytest.raises(StaleRunnerError, match=r"works on investigation 3.*compass stop 3"):
        await chronicle.erasure.forget(gone)
    for one in (gone, running):
        assert not any(isinstance(event.payload, Tombstone) for event in await chronicle.read(one))
    assert await chronicle.replies.find(f"call-{PLANTED}") is not None
    assert await chronicle.erasure.forget(other) == 5
    await chronicle.release(running, "runner")
    assert await chronicle.erasure.forget(gone) == 5
    assert isinstance((await chronicle.read(running))[0].payload, Tombstone)


async def test_a_runner_whose_lease_ran_out_writes_nothing_that_it_held_before(chronicle: Chronicle) -> None:
    gone, other = await planted(chronicle), await planted(chronicle, "other")
    late, unrelated = await chronicle.create("late"), await chronicle.create("unrelated")
    epochs = {}
    for one, of in ((late, gone), (unrelated, other)):
        epochs[one] = await chronicle.claim(one, "runner", 0)
        await chronicle.append(one, epochs[one], [new("m", similar_to(of))])
    await chronicle.erasure.forget(gone)
    with pytest.raises(StaleRunnerError):
        await chronicle.append(late, epochs[late], [new("s")])
    assert await chronicle.claim(late, "runner", 60) > epochs[late]
    assert await chronicle.claim(unrelated, "runner", 60) == epochs[unrelated]
    assert len(await chronicle.append(unrelated, epochs[unrelated], [new("s")])) == 1


async def waiting(
    watching: psycopg.AsyncConnection[tuple[object, ...]], number: int, *works: asyncio.Task[Any]
) -> None:
    """Return once so many wait for locks, or one of `works` is done, which should wait."""
    query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
    async with asyncio.timeout(60):
        while not any(work.done() for work in works):
            if await (await watching.execute(query)).fetchone() == (number,):
                return
            await watching.execute("select pg_stat_clear_snapshot()")


def similar_to(one: UUID, **parts: object) -> Recalled:
    similar = Similar(
        investigation=str(one), number=1, title="t", at="2026-01-01T00:00:00+00:00", similarity=0.9, because=(),
        cause=cause(),
    )  # fmt: skip
    return Recalled(signature=Signature(), similar=(replace(similar, **parts),))  # type: ignore[arg-type]


async def test_what_was_looked_up_before_it_was_forgotten_is_not_kept(chronicle: Chronicle) -> None:
    gone, other, running = await planted(chronicle), await planted(chronicle, "other"), await chronicle.create("x")
    await chronicle.erasure.forget(gone)
    for told in (similar_to(gone), counted("#2/r/for", "#1/r/against")):
        with pytest.raises(ForgottenError) as refused:
            await chronicle.append(running, None, [new("s"), new("m", told)])
        assert refused.value.names == ({str(gone)} if told.similar else {"#1/r/against"})
    assert await chronicle.read(running) == ()
    # Another's, an import of the same, and counts of others: an imported lesson may have any number.
    counts = counted("#2/r/for", "#1/else/for", "odd", "#x/r/for", f"#{2**40}/r/for", "#1")
    harmless = (similar_to(other), similar_to(gone, source="laptop"), similar_to(gone, investigation="?"), counts)
    for number, told in enumerate(harmless):
        await chronicle.append(running, None, [new(f"m{number}", told)])
    assert await chronicle.verify(running) == 4
    await chronicle.erasure.forget(other)
    assert len(await chronicle.append(running, None, [new("m0", similar_to(other))])) == 1  # it was kept before


async def test_a_lesson_of_it_that_was_imported_since_is_counted_until_it_is_forgotten_again(
    chronicle: Chronicle,
) -> None:
    gone, running = await planted(chronicle), await chronicle.create("x")
    await chronicle.erasure.forget(gone)
    imported = learned(past(investigation=gone, source="laptop"))
    lessons = (
        replace(imported.lessons[0], id="#1/r/for"),
        replace(imported.lessons[1], id="#1/r/against", undone=True),
    )
    await chronicle.knowledge.learn([replace(imported, lessons=lessons)])
    told = counted("#1/r/for", "#1/r/against")
    await chronicle.append(running, None, [new("m", told)])
    with pytest.raises(ForgottenError) as refused:
        await chronicle.append(running, None, [new("n", counted("#1/r/for", "#1/e/for"))])
    assert refused.value.names == {"#1/e/for"}
    await chronicle.erasure.forget(gone)
    assert [isinstance(event.payload, Tombstone) for event in await chronicle.read(running)] == [True]
    with pytest.raises(ForgottenError):
        await chronicle.append(running, None, [new("n", told)])


async def test_who_is_reminded_of_it_while_it_is_forgotten_waits_and_is_refused(
    request: pytest.FixtureRequest, debian_url: str
) -> None:
    team = f"team-{uuid4()}"
    async with (
        backend(request, "debian", team, Counting()) as chronicle,
        backend(request, "debian", team, Counting()) as another,
        await psycopg.AsyncConnection.connect(debian_url) as holding,
    ):
        gone, running = await planted(chronicle), await chronicle.create("x")
        await holding.execute("select from compass.past_incident where investigation = %s for update", [gone])
        forgetting = asyncio.create_task(chronicle.erasure.forget(gone))
        await waiting(holding, 1, forgetting)
        recalling = asyncio.create_task(another.append(running, None, [new("m", similar_to(gone))]))
        await waiting(holding, 2, forgetting, recalling)
        await holding.commit()
        await forgetting
        with pytest.raises(ForgottenError):
            await recalling
        assert await chronicle.read(running) == ()


async def test_who_learns_of_one_that_was_reminded_of_it_waits_until_it_is_forgotten(
    request: pytest.FixtureRequest, debian_url: str
) -> None:
    """It is being forgotten, has erased what it reminded another of and is not done, when somebody else keeps what he
    had read of that other before."""
    team = f"team-{uuid4()}"
    async with (
        backend(request, "debian", team, Counting()) as chronicle,
        backend(request, "debian", team, Counting()) as another,
        await psycopg.AsyncConnection.connect(debian_url) as holding,
    ):
        gone = await planted(chronicle)
        late = await reminded_of(chronicle, gone)
        await holding.execute("select from compass.past_incident where investigation = %s for update", [gone])
        forgetting = asyncio.create_task(chronicle.erasure.forget(gone))
        await waiting(holding, 1, forgetting)
        learning = asyncio.create_task(another.knowledge.learn([late]))
        await waiting(holding, 2, forgetting, learning)
        await holding.commit()
        await asyncio.gather(forgetting, learning)
        kept = await chronicle.knowledge.taught(late.incident.investigation)
        assert kept is not None
        assert kept.incident.recalled == ()


async def test_who_forgets_waits_for_whoever_learns_of_one_that_was_reminded_of_it(
    request: pytest.FixtureRequest, debian_url: str
) -> None:
    """Somebody keeps what another teaches for the first time and is not done: whoever forgets what reminded it cannot
    see that row yet."""
    team = f"team-{uuid4()}"
    async with (
        backend(request, "debian", team, Counting()) as chronicle,
        backend(request, "debian", team, Counting()) as another,
        await psycopg.AsyncConnection.connect(debian_url) as holding,
    ):
        gone = await planted(chronicle)
        late = await reminded_of(chronicle, gone)
        lesson = learned(late.incident)
        await holding.execute("lock table compass.lesson in share row exclusive mode")
        learning = asyncio.create_task(another.knowledge.learn([lesson]))
        await waiting(holding, 1, learning)
        forgetting = asyncio.create_task(chronicle.erasure.forget(gone))
        await waiting(holding, 2, forgetting, learning)
        await holding.commit()
        await asyncio.gather(forgetting, learning)
        kept = await chronicle.knowledge.taught(late.incident.investigation)
        assert kept is not None
        assert kept.incident.recalled == ()


async def test_its_words_go_where_another_investigation_quotes_them(chronicle: Chronicle) -> None:
    """What was shown to a person who decided, or to a model that was asked, in one that was reminded of it."""
    gone, later, other = await planted(chronicle), await chronicle.create("later"), await chronicle.create("other")
    similar = Similar(
        investigation=str(gone), number=1, title="t", at="2026-01-01T00:00:00+00:00", similarity=0.9, because=(),
        cause=cause(),
    )  # fmt: skip
    quoting = Decided(
        decision="test 2", by="human", because="", record=DecisionRecord(
            kind=DecisionKind.DIRECTION, options=("1 slow", f"2 like #1, resolved by: fix {PLANTED}"), chosen="2",
        ),
    )  # fmt: skip
    plain = Decided(decision="test 1", by="human", because="it is slow")
    call = ModelCall(
        id="call-quoting", task=Task.CLASSIFY, role=Role.FAST, provider="p", model="m", prompt_version="1",
        prompt=f"an earlier one: opened {PLANTED}", reply="",
    )  # fmt: skip
    await chronicle.replies.keep(call.id, KeptReply(text='"x"', model="p:m"))
    news = [new("q", quoting), new("p", plain), new("a", ModelAsked(call=call))]
    recalled = new("m", Recalled(signature=Signature(), similar=(similar,)))
    await chronicle.append(later, None, [new("o", opened("t")), recalled, *news])
    await chronicle.append(other, None, [new("o", opened("t")), new("q", quoting)])
    reminded = replace(past(investigation=later, seq=5), title="later")
    await chronicle.knowledge.learn([Learned(incident=reminded)])
    await chronicle.erasure.forget(gone)
    erased = [event.key for event in await chronicle.read(later) if isinstance(event.payload, Tombstone)]
    assert erased == ["m", "q", "a"]
    assert await chronicle.verify(later) == 5
    assert await chronicle.replies.find("call-quoting") is None
    kept = await chronicle.knowledge.taught(later)
    assert kept is not None
    assert kept.incident.recalled == ()
    # One that was never reminded of it has these words from somewhere else.
    assert not any(isinstance(event.payload, Tombstone) for event in await chronicle.read(other))


async def test_a_title_that_both_pages_have_is_no_quotation(chronicle: Chronicle) -> None:
    gone, later = await planted(chronicle), await chronicle.create("later")
    similar = Similar(
        investigation=str(gone), number=1, title="t", at="2026-01-01T00:00:00+00:00", similarity=0.9, because=(),
        cause=None,
    )  # fmt: skip
    decided = Decided(decision="test 1", by="human", because="", shown=(f"1 opened {PLANTED}",))
    await chronicle.append(
        later, None,
        [new("o", opened(f"opened {PLANTED}")), new("m", Recalled(signature=Signature(), similar=(similar,))),
         new("d", decided)],
    )  # fmt: skip
    await chronicle.erasure.forget(gone)
    erased = [event.key for event in await chronicle.read(later) if isinstance(event.payload, Tombstone)]
    assert erased == ["m"]


HARD = 'Error "pool exhausted" <b> on <*> orders'


@pytest.mark.parametrize(("own", "erased"), [("t", ["m", "f", "r"]), (HARD, ["m"])])
async def test_words_with_quotes_go_from_facts_in_prompts_unless_both_pages_have_them(
    chronicle: Chronicle, own: str, erased: list[str]
) -> None:
    """Facts are JSON inside a string: what JSON escapes stands there escaped twice."""
    gone, later = await chronicle.create(HARD), await chronicle.create("later")
    await chronicle.append(gone, None, [new("o", opened(HARD))])
    similar = Similar(
        investigation=str(gone), number=1, title="t", at="2026-01-01T00:00:00+00:00", similarity=0.9, because=(),
        cause=None,
    )  # fmt: skip
    sections = (Section(title="past", items=(Item(id="m1", text=HARD),)),)
    question = Question(task=Task.CLASSIFY, reply=REPLY_OF[Task.CLASSIFY], sections=sections)
    prompt = render(question, Masker(key=b"fixed"), 6_000).user
    calls = [
        ModelCall(
            id=f"call-{key}-{uuid4()}", task=Task.CLASSIFY, role=Role.FAST, provider="p", model="m",
            prompt_version="1", prompt=sent, reply=reply,
        )
        for key, sent, reply in (("f", prompt, ""), ("r", "", json.dumps({"said": HARD})), ("x", "on orders", ""))
    ]  # fmt: skip
    asked = [new(key, ModelAsked(call=call)) for key, call in zip("frx", calls, strict=True)]
    recalled = new("m", Recalled(signature=Signature(), similar=(similar,)))
    await chronicle.append(later, None, [new("o", opened(own)), recalled, *asked])
    await chronicle.erasure.forget(gone)
    assert [event.key for event in await chronicle.read(later) if isinstance(event.payload, Tombstone)] == erased


def test_the_stretch_that_no_escaping_changes_is_looked_for_where_it_is_most_of_a_text() -> None:
    def shown(title: str) -> list[bytes]:
        return [quote.shown for quote in quotes_of([msgspec.json.encode({"incident": {"title": title}})])]

    assert shown("orders are slow") == [b"orders are slow"]
    assert b": orders do not answer since noon" in shown('"eu": orders do not answer since noon')
    assert b"pool exhausted" not in shown(HARD), "others may say so of themselves"
    assert b'Error \\\\\\"pool exhausted' in shown(HARD)[2]


async def test_what_a_runner_works_on_is_left_alone(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("running")
    epoch = await chronicle.claim(investigation, "runner", 60)
    await chronicle.append(investigation, epoch, [new("o", opened())])
    for work in (chronicle.erasure.forget(investigation), chronicle.erasure.erase(investigation, {"step.started"})):
        with pytest.raises(StaleRunnerError, match="runner works on it"):
            await work
    await chronicle.release(investigation, "runner")
    assert await chronicle.erasure.forget(investigation) == 1
    assert (await chronicle.list())[0].status is Status.STOPPED
    with pytest.raises(NotFoundError):
        await chronicle.erasure.forget(uuid4())


async def test_kinds_go_and_the_rest_stays(chronicle: Chronicle) -> None:
    investigation = await planted(chronicle)
    taught = await chronicle.knowledge.taught(investigation)
    assert await chronicle.erasure.erase(investigation, {"step.started", "model.asked"}) == 2
    assert await chronicle.erasure.erase(investigation, {"step.started", "model.asked"}) == 0
    gone = [event.key for event in await chronicle.read(investigation) if isinstance(event.payload, Tombstone)]
    assert gone == ["s", "m"]
    assert await chronicle.verify(investigation) == 5
    assert await chronicle.knowledge.taught(investigation) == taught


async def test_what_could_go_is_what_ended_long_enough_ago_and_holds_something(chronicle: Chronicle) -> None:
    ended_one, running = await planted(chronicle), await chronicle.create("running")
    epoch = await chronicle.claim(running, "runner", 60)
    await chronicle.append(running, epoch, [new("s")])
    assert await chronicle.erasure.erasable(LONG_AGO) == ()
    (found,) = await chronicle.erasure.erasable(SOON)
    assert (found.investigation, found.number, found.title, found.payloads) == (ended_one, 1, "opened zugspitze", 5)
    assert found.bytes > 100
    (steps,) = await chronicle.erasure.erasable(SOON, {"step.started"})
    assert (steps.payloads, steps.bytes < found.bytes) == (1, True)
    await chronicle.erasure.erase(ended_one, {"step.started"})
    assert await chronicle.erasure.erasable(SOON, {"step.started"}) == ()


async def test_what_a_runner_that_died_left_could_go(chronicle: Chronicle) -> None:
    left = await chronicle.create("left")
    epoch = await chronicle.claim(left, "runner", 60)
    await chronicle.append(left, epoch, [new("s")])
    assert await chronicle.erasure.erasable(SOON) == ()
    await chronicle.claim(left, "runner", 0)  # its lease is over at once
    (found,) = await chronicle.erasure.erasable(SOON)
    assert (found.investigation, found.payloads) == (left, 1)
    assert await chronicle.erasure.erasable(LONG_AGO) == ()
    assert await chronicle.erasure.forget(left) == 1
    assert await chronicle.erasure.erasable(SOON) == ()


async def columns(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> Sequence[tuple[object, ...]]:
    cursor = await connection.execute(
        "select c.table_name, c.column_name, c.data_type from information_schema.columns c"
        " join information_schema.tables t using (table_schema, table_name)"
        " where table_schema = 'compass' and table_type = 'BASE TABLE'"
    )
    return await cursor.fetchall()


async def places_of(conninfo: str, word: str) -> set[str]:
    """Every column of every table in which a word stands, as text or as the bytes of one."""
    found = set()
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        for table, column, kind in await columns(connection):
            text = f"encode({column}, 'escape')" if kind == "bytea" else f"{column}::text"
            query = f"select count(*) from compass.{table} where {text} ilike %s"
            row = await (await connection.execute(query.encode(), [f"%{word}%"])).fetchone()
            if row != (0,):
                found.add(f"{table}.{column}")
    return found


@pytest.mark.parametrize("server", ["embedded", "debian"])
async def test_no_planted_word_is_anywhere_in_the_database(request: pytest.FixtureRequest, server: str) -> None:
    word = f"planted{uuid4().hex[:8]}"
    async with backend(request, server, f"team-{uuid4()}", Counting()) as chronicle:
        investigation = await planted(chronicle, word)
        given: EmbeddedServer | str = request.getfixturevalue(f"{server}_{'server' if server == 'embedded' else 'url'}")
        conninfo = given if isinstance(given, str) else given.start().conninfo
        before = await places_of(conninfo, word)
        assert before == {
            "investigation.title", "payload.data", "model_reply.key", "model_reply.reply", "past_incident.data",
            "lesson.data",
        }  # fmt: skip
        vectors = await places_of(conninfo, str(investigation))
        assert "past_vector.investigation" in vectors
        await chronicle.erasure.forget(investigation)
        assert await places_of(conninfo, word) == set()
        assert await places_of(conninfo, str(investigation)) == {
            "investigation.id", "event.investigation", "payload.investigation",
        }  # fmt: skip
