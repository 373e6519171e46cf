"""One suite for every chronicle: in memory, embedded, and a PostgreSQL that was given."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from compass.domain.advice import LlmFailure, ModelCall, Role, Task, Usage
from compass.domain.advised import ModelAsked, ModelLost, ModelSent
from compass.domain.chronicle import NewEvent, StepStarted, TimingMeasured, Tombstone
from compass.domain.failure import Status
from compass.ports.chronicle import Chronicle
from compass.ports.errors import NotFoundError, StaleRunnerError, StorageError
from tests.storage.support import ended, many, new, opened, resumed, step


async def test_events_are_numbered_from_one_without_a_gap(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("slow")
    epoch = await chronicle.claim(investigation, "a", 60)
    first = await chronicle.append(investigation, epoch, many("a", 3))
    second = await chronicle.append(investigation, epoch, many("b", 120))
    assert [event.seq for event in (*first, *second)] == list(range(1, 124))
    assert await chronicle.read(investigation) == (*first, *second)
    assert await chronicle.read(investigation, after=121) == second[-2:]
    assert await chronicle.read(investigation, after=500) == ()
    assert await chronicle.verify(investigation) == 123


async def test_an_event_keeps_everything(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("slow")
    epoch = await chronicle.claim(investigation, "a", 60)
    (first,) = await chronicle.append(investigation, epoch, [new("k1", opened("Zürich \x00 🚒"))])
    (second,) = await chronicle.append(investigation, None, [new("k2", cause="k1")])
    assert first.payload == opened("Zürich \x00 🚒")
    assert (first.kind, first.version, first.key, first.actor) == ("investigation.opened", 1, "k1", "agent:database")
    assert (first.epoch, second.epoch, second.cause) == (epoch, None, "k1")
    assert first.investigation == investigation
    assert first.id.version == 7
    assert first.id < second.id
    assert first.occurred_at.tzinfo is UTC
    assert first.recorded_at <= second.recorded_at
    assert len(first.digest) == 32
    assert await chronicle.read(investigation) == (first, second)


async def test_appending_again_stores_nothing_again(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("slow")
    epoch = await chronicle.claim(investigation, "a", 60)
    first = await chronicle.append(investigation, epoch, many("a", 4))
    again = await chronicle.append(investigation, epoch, [*many("a", 5), new("a.0", step("another text")), new("z")])
    assert again[:4] == first
    assert again[5] == first[0]
    assert [event.seq for event in again] == [1, 2, 3, 4, 5, 1, 6]
    assert len(await chronicle.read(investigation)) == 6
    assert await chronicle.append(investigation, epoch, []) == ()


async def test_one_key_twice_in_one_append_is_one_event(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("slow")
    first, second = await chronicle.append(investigation, None, [new("k"), new("k", step("other"))])
    assert first == second
    assert await chronicle.verify(investigation) == 1


async def test_an_event_that_cannot_be_written_leaves_nothing_half_done(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("slow")
    bad = NewEvent(key="bad", payload=TimingMeasured(elapsed_s=float("nan")), actor="a")
    with pytest.raises(StorageError, match="bad"):
        await chronicle.append(investigation, None, [new("good"), bad])
    assert await chronicle.read(investigation) == ()
    (event,) = await chronicle.append(investigation, None, [new("good")])
    assert event.seq == 1


@pytest.mark.parametrize("broken", ["nul \x00", "half a pair \udc80"])
async def test_broken_characters_are_kept_out_of_columns(chronicle: Chronicle, broken: str) -> None:
    investigation = await chronicle.create(broken)
    with pytest.raises(StorageError, match="cannot be stored"):
        await chronicle.append(investigation, None, [new(broken)])
    await chronicle.append(investigation, None, [new("o", opened(broken))])
    assert (await chronicle.list())[0].title in {"nul ", "half a pair ?"}
    assert await chronicle.verify(investigation) == 1


async def test_only_the_current_runner_may_write(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("slow")
    with pytest.raises(StaleRunnerError, match="claim"):
        await chronicle.append(investigation, 0, [new("k0")])
    old = await chronicle.claim(investigation, "a", 60)
    assert await chronicle.claim(investigation, "a", 60) == old
    with pytest.raises(StaleRunnerError, match="runner a holds"):
        await chronicle.claim(investigation, "b", 60)
    assert await chronicle.claim(investigation, "a", 0.05) == old
    await asyncio.sleep(0.08)
    await chronicle.append(investigation, old, [new("late, but nobody took over")])
    current = await chronicle.claim(investigation, "b", 60)
    assert current > old
    with pytest.raises(StaleRunnerError, match=f"epoch {old} is not current"):
        await chronicle.append(investigation, old, [new("stale")])
    with pytest.raises(StaleRunnerError):
        await chronicle.claim(investigation, "a", 60)
    await chronicle.append(investigation, current, [new("fresh")])
    await chronicle.append(investigation, None, [new("a person needs no lease")])
    assert [event.key for event in await chronicle.read(investigation)][1:] == ["fresh", "a person needs no lease"]


async def test_a_released_lease_can_be_taken_at_once(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("slow")
    first = await chronicle.claim(investigation, "a", 60)
    await chronicle.release(investigation, "someone else")
    with pytest.raises(StaleRunnerError):
        await chronicle.claim(investigation, "b", 60)
    await chronicle.release(investigation, "a")
    assert await chronicle.claim(investigation, "b", 60) == first + 1


async def test_to_look_whether_a_lease_is_held_changes_nothing(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("slow")
    assert not await chronicle.held(investigation)
    epoch = await chronicle.claim(investigation, "a", 60)
    assert await chronicle.held(investigation)
    await chronicle.claim(investigation, "a", 0)
    assert not await chronicle.held(investigation), "it ran out"
    await chronicle.append(investigation, epoch, [new("late, and nobody took over")])
    assert await chronicle.claim(investigation, "a", 60) == epoch
    await chronicle.release(investigation, "a")
    assert not await chronicle.held(investigation)


async def test_concurrent_appends_are_one_gapless_chain(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("slow")
    epoch = await chronicle.claim(investigation, "a", 60)
    groups = [(epoch if number % 2 else None, many(f"g{number}", 5)) for number in range(12)]
    stored = await asyncio.gather(*(chronicle.append(investigation, who, events) for who, events in groups))
    assert sorted(event.seq for group in stored for event in group) == list(range(1, 61))
    for group in stored:
        assert [event.seq - group[0].seq for event in group] == [0, 1, 2, 3, 4]
    assert await chronicle.verify(investigation) == 60


async def test_the_row_follows_the_events(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("a page")
    (row,) = await chronicle.list()
    assert (row.title, row.status, row.events, row.number) == ("a page", Status.RUNNING, 0, 1)
    await chronicle.append(investigation, None, [new("o", opened("orders are slow"))])
    await chronicle.append(investigation, None, [new("e", ended(Status.INCONCLUSIVE))])
    (row,) = await chronicle.list()
    assert (row.title, row.status, row.events) == ("orders are slow", Status.INCONCLUSIVE, 2)
    assert row.last_event_at >= row.opened_at
    assert row.opened_at.tzinfo is UTC
    await chronicle.append(investigation, None, [new("r", resumed())])
    assert (await chronicle.list())[0].status is Status.RUNNING
    assert not row.model_lost
    await chronicle.append(investigation, None, [new("l", ModelLost(failure=LlmFailure.QUOTA, said="nothing left"))])
    assert (await chronicle.list())[0].model_lost


async def test_investigations_are_listed_latest_first_and_found(chronicle: Chronicle) -> None:
    with pytest.raises(NotFoundError, match="no investigation yet"):
        await chronicle.find(None)
    ids = [await chronicle.create(f"number {number}") for number in (1, 2, 3)]
    assert [row.number for row in await chronicle.list()] == [3, 2, 1]
    assert [row.id for row in await chronicle.list(limit=2)] == [ids[2], ids[1]]
    assert ids == sorted(ids)
    assert [await chronicle.number(one) for one in ids] == [1, 2, 3]
    with pytest.raises(NotFoundError):
        await chronicle.number(UUID(int=5))
    assert await chronicle.find(None) == ids[2]
    assert await chronicle.find("2") == await chronicle.find(" #2 ") == ids[1]
    assert await chronicle.find(str(ids[0])) == ids[0]
    assert await chronicle.find(str(ids[0]).upper()[:-3]) == ids[0]
    assert await chronicle.find(ids[0].hex[:-3]) == ids[0]
    with pytest.raises(NotFoundError, match="several"):
        await chronicle.find(str(ids[0])[:6])


@pytest.mark.parametrize("reference", ["0", "3", "#77"])
async def test_a_number_that_is_not_there_says_which_are(chronicle: Chronicle, reference: str) -> None:
    """Ids begin with the time, the first digit being 0: a number is never taken for the beginning of one."""
    with pytest.raises(NotFoundError, match="no investigation yet"):
        await chronicle.find(reference)
    await chronicle.create("one")
    with pytest.raises(NotFoundError, match="there is #1: "):
        await chronicle.find(reference)
    await chronicle.create("two")
    with pytest.raises(NotFoundError, match="there are #1 to #2: "):
        await chronicle.find(reference)


@pytest.mark.parametrize("reference", ["77", "", "nonsense", "%", "ffff", "1234567890123"])
async def test_what_is_not_there_is_not_found(chronicle: Chronicle, reference: str) -> None:
    await chronicle.create("one")
    with pytest.raises(NotFoundError):
        await chronicle.find(reference)


async def test_an_unknown_investigation_is_an_error_everywhere(chronicle: Chronicle) -> None:
    missing = uuid4()
    with pytest.raises(NotFoundError, match=str(missing)):
        await chronicle.read(missing)
    with pytest.raises(NotFoundError):
        await chronicle.append(missing, None, [new("k")])
    with pytest.raises(NotFoundError):
        await chronicle.claim(missing, "a", 1)
    with pytest.raises(NotFoundError):
        await chronicle.release(missing, "a")
    with pytest.raises(NotFoundError):
        await chronicle.held(missing)
    with pytest.raises(NotFoundError):
        await chronicle.verify(missing)
    with pytest.raises(NotFoundError):
        await chronicle.erase(missing, 1)
    with pytest.raises(NotFoundError):
        await anext(aiter(chronicle.follow(missing)))


async def test_an_erased_payload_is_a_tombstone_in_a_valid_chain(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("slow")
    before = await chronicle.append(investigation, None, many("a", 3))
    await chronicle.erase(investigation, 2)
    events = await chronicle.read(investigation)
    erased = events[1].payload
    assert isinstance(erased, Tombstone)
    assert erased.erased_at.endswith("+00:00")
    assert [event.digest for event in events] == [event.digest for event in before]
    assert (events[0], events[2]) == (before[0], before[2])
    assert await chronicle.verify(investigation) == 3
    await chronicle.erase(investigation, 2)
    assert (await chronicle.read(investigation))[1] == events[1]
    (again,) = await chronicle.append(investigation, None, [new("a.1")])
    assert isinstance(again.payload, Tombstone)
    await chronicle.append(investigation, None, [new("next")])
    assert await chronicle.verify(investigation) == 4
    for missing in (0, 5):
        with pytest.raises(NotFoundError, match=f"no event {missing}"):
            await chronicle.erase(investigation, missing)


async def test_a_follower_sees_what_was_and_what_comes_until_the_end(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("slow")
    await chronicle.append(investigation, None, many("past", 3))

    async def follow(after: int) -> list[str]:
        return [event.key async for event in chronicle.follow(investigation, after)]

    async with asyncio.timeout(10):
        whole, rest = asyncio.create_task(follow(0)), asyncio.create_task(follow(2))
        await asyncio.sleep(0.1)
        for number in range(5):
            await chronicle.append(investigation, None, [new(f"live.{number}")])
        await chronicle.append(investigation, None, [new("end", ended()), new("after the end")])
        keys = ["past.0", "past.1", "past.2", *(f"live.{number}" for number in range(5)), "end"]
        assert await whole == keys
        assert await rest == keys[2:]
        assert await follow(0) == keys
        assert await follow(9) == ["after the end"]
        assert await follow(10) == []


async def test_a_follower_is_woken_not_polled(chronicle: Chronicle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chronicle, "_poll_s", 3600.0, raising=False)
    investigation = await chronicle.create("slow")
    follower = aiter(chronicle.follow(investigation))
    waiting = asyncio.ensure_future(anext(follower))
    await asyncio.sleep(0.2)
    (stored,) = await chronicle.append(investigation, None, [new("k")])
    async with asyncio.timeout(60):
        assert await waiting == stored
    await follower.aclose()  # type: ignore[attr-defined]


async def test_a_follower_can_be_cancelled(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("slow")

    async def follow() -> None:
        async for _ in chronicle.follow(investigation):
            pass

    task = asyncio.create_task(follow())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await chronicle.append(investigation, None, [new("k")])


async def test_a_large_event_survives(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("slow")
    text = "ä" * 2_000_000
    await chronicle.append(investigation, None, [new("big", step(text))])
    (event,) = await chronicle.read(investigation)
    assert isinstance(event.payload, StepStarted)
    assert event.payload.text == text
    assert await chronicle.verify(investigation) == 1


async def test_ids_are_uuids_of_version_7(chronicle: Chronicle) -> None:
    investigation = await chronicle.create("slow")
    assert isinstance(investigation, UUID)
    assert investigation.version == 7


def model_call(cost_usd: float | None, *, reused: bool = False) -> ModelAsked:
    return ModelAsked(
        call=ModelCall(
            id="m", task=Task.PROPOSE, role=Role.FAST, provider="p", model="m", prompt_version="1", prompt="?",
            usage=Usage(input=100, output=10), cost_usd=cost_usd, reused=reused,
        )
    )  # fmt: skip


async def test_what_models_cost_is_summed_since_a_time_and_by_investigation(chronicle: Chronicle) -> None:
    before = datetime.now(UTC) - timedelta(hours=1)
    assert await chronicle.past_costs() == ()
    base = await chronicle.spent(before)
    first, second, without = [await chronicle.create(title) for title in ("first", "second", "without")]
    calls = [model_call(0.25), model_call(None), model_call(9.0, reused=True), model_call(0.5)]
    await chronicle.append(first, None, [new(f"c{i}", call) for i, call in enumerate(calls)])
    await chronicle.append(second, None, [new("c", model_call(1.0))])
    await chronicle.append(without, None, many("a", 2))
    spent = await chronicle.spent(before)
    assert spent.team == pytest.approx(1.75)
    assert spent.everybody == pytest.approx(base.everybody + 1.75)
    assert (spent.team_unpriced, spent.everybody_unpriced) == (1, base.everybody_unpriced + 1)
    assert (await chronicle.spent(datetime.now(UTC) + timedelta(hours=1))).everybody == 0.0
    latest, earlier = await chronicle.past_costs()
    assert (latest.investigation, latest.calls, latest.usd) == (second, 1, 1.0)
    assert (earlier.investigation, earlier.calls, earlier.tokens) == (first, 3, 330)
    assert earlier.usd == pytest.approx(0.75)
    assert len(await chronicle.past_costs(limit=1)) == 1


async def test_a_call_without_an_answer_counts_at_what_it_costs_at_most(chronicle: Chronicle) -> None:
    before = datetime.now(UTC) - timedelta(hours=1)
    base = await chronicle.spent(before)
    first, second = [await chronicle.create(title) for title in ("first", "second")]
    for investigation in (first, second):  # ids are unique within an investigation only
        await chronicle.append(investigation, None, [new("s", ModelSent(id="s", call=model_call(2.0).call))])
    assert (await chronicle.spent(before)).team == pytest.approx(base.team + 4.0)
    await chronicle.append(first, None, [new("a", ModelAsked(call=model_call(0.5).call, sent="s"))])
    spent = await chronicle.spent(before)
    assert (spent.team, spent.everybody) == (pytest.approx(base.team + 2.5), pytest.approx(base.everybody + 2.5))
    assert (await chronicle.spent(datetime.now(UTC) + timedelta(hours=1))).team == 0.0
