"""What orders do to an investigation that runs: set aside, scope, pause, theory, answers. Kept over a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import pytest

from compass.data import demo_recording
from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.commanded import CommandGiven, DataRequested, Decided, DecisionKind, ScopeSet, SetAside
from compass.domain.disproof import DisproofPlan, PlanArguments
from compass.domain.failure import Status
from compass.entrypoints.clock import SystemClock
from compass.investigation.commanding import Ordered, desk_of, understand
from compass.investigation.commanding.give import give, somebody
from compass.investigation.moves import Kind, next_move
from compass.investigation.recorder import Recorder, show_nothing
from compass.investigation.rounds import Field, run_round
from compass.investigation.runner import Means, investigate, open_investigation
from compass.investigation.settings import Limits
from compass.ports.specialist import Budget, Look, Step, StepResult, Stop
from compass.projections.board import fold_all
from compass.sources.recording import RecordingSource, find_recordings
from compass.storage.memory import MemoryChronicle
from tests.support.boards import ORDERS, believed, theory
from tests.support.crew import NoTelemetry, Told, crew_of, playing_field, recording
from tests.support.running import prepared

POOL = theory("pool", ORDERS, "H1")
LIMITS = Limits(rounds=3, work=100)


@dataclass(slots=True)
class Ticking:
    """A clock whose every look at it is a minute later."""

    at_s: float = 0.0

    def now_ns(self) -> int:
        return int(self.at_s * 1e9)

    def monotonic_s(self) -> float:
        self.at_s += 60.0
        return self.at_s


def test_a_pause_is_a_move_of_its_own_and_a_stop_ends_it() -> None:
    paused = believed({POOL: 0.5})
    paused = replace(paused, orders=replace(paused.orders, paused=True))
    assert next_move(paused, crew_of(), LIMITS).kind is Kind.WAIT
    assert next_move(replace(paused, stop_requested=True), crew_of(), LIMITS).kind is Kind.CONCLUDE


def test_what_was_set_aside_decides_nothing() -> None:
    from compass.investigation.moves import decided

    sure = believed({POOL: 0.99})
    aside = replace(sure, orders=replace(sure.orders, aside={POOL.id: ""}))
    assert not decided(aside, LIMITS)


@dataclass(slots=True)
class Interrupted:
    """A specialist during whose every step a person orders something."""

    steps: tuple[Step, ...]
    meanwhile: Callable[[], Awaitable[None]]
    performed: list[str] = field(default_factory=list)
    name: str = "database"

    def decide(self, _board: Board, _budget: Budget) -> tuple[Step, ...] | Stop:
        return self.steps

    async def perform(self, step: Step, _look: Look) -> StepResult:
        self.performed.append(step.id)
        await self.meanwhile()
        return StepResult()


def steps(*names: str) -> tuple[Step, ...]:
    return tuple(
        Step(id=name, text=name, plan=DisproofPlan(
            id=name, hypothesis=POOL.id, strategy="scope", arguments=PlanArguments(entity=ORDERS), expectation="x",
        ))
        for name in names
    )  # fmt: skip


@pytest.mark.parametrize(
    "order", [SetAside(hypothesis=POOL.id, by="human"), ScopeSet(by="human", avoid=(ORDERS,)),
              ScopeSet(by="human", avoid_areas=("database",))],
)  # fmt: skip
async def test_within_a_round_the_next_step_on_it_is_not_made(order: c.Payload) -> None:
    store, investigation, recorder = await recording(c.Proposed(hypothesis=POOL), c.RoundStarted(
        number=2, phase="disprove", board_seq=1,
    ))  # fmt: skip

    async def commanded() -> None:
        await store.append(investigation, None, [c.NewEvent(key="order", payload=order, actor="human")])
        await recorder.catch_up()

    agent = Interrupted(steps=steps("one", "two"), meanwhile=commanded)
    await run_round(recorder, crew_of(agent), LIMITS, playing_field())
    assert agent.performed == ["one"]
    assert not recorder.board.round_open  # the round ends all the same


@pytest.mark.parametrize(
    ("order", "performed"),
    [
        (ScopeSet(by="human", avoid_areas=("database",)), ["one", "page"]),
        (ScopeSet(by="human", look_areas=("network",)), ["one", "page"]),
        (ScopeSet(by="human", look_areas=("database",)), ["one", "two", "page", "three"]),
        (ScopeSet(by="human", look=(ORDERS,), look_areas=("network",)), ["one", "two", "page", "three"]),
        (ScopeSet(by="human", avoid=(ORDERS,)), ["one", "two", "page", "three"]),  # screens look at all parts at once
    ],
)  # fmt: skip
async def test_of_the_first_look_what_a_field_did_not_begin_is_left_out_and_told(
    order: c.Payload, performed: list[str]
) -> None:
    store, investigation, recorder = await recording(c.RoundStarted(number=1, phase="screen", board_seq=1))

    async def commanded() -> None:
        await store.append(investigation, None, [c.NewEvent(key="order", payload=order, actor="human")])
        await recorder.catch_up()

    screens = tuple(
        Step(id=name, text=f"asking {name}", orients=name == "page") for name in ("one", "two", "page", "three")
    )
    agent = Interrupted(steps=screens, meanwhile=commanded)
    await run_round(recorder, crew_of(agent), LIMITS, playing_field())
    assert agent.performed == performed
    told = [(gap, hides) for gap, hides in recorder.board.gaps if "left out by a person" in gap]
    left = [name for name in ("two", "three") if name not in performed]
    assert told == ([("database: left out by a person", "not asked: asking two; asking three")] if left else [])


async def test_nobody_who_goes_on_is_waited_for_longer_than_the_policy_says() -> None:
    pause = CommandGiven(command="pause")
    _store, _id, recorder = await recording(c.RoundStarted(number=1, phase="screen", board_seq=1), pause)
    agent = Told(name="network", steps=(Step(id="look", text="look"),))
    place = Field(telemetry=NoTelemetry(), shared=playing_field().shared, clock=Ticking(), pause_s=600.0)
    await asyncio.wait_for(run_round(recorder, crew_of(agent), LIMITS, place), 30)
    assert agent.performed == ["look"]
    [made] = recorder.board.made
    assert made.decided.by.startswith("policy:")
    assert made.decided.record is not None
    assert made.decided.record.kind is DecisionKind.PAUSE
    assert not recorder.board.orders.paused


async def test_a_pause_survives_whoever_took_over() -> None:
    store, investigation, recorder = await recording(CommandGiven(command="pause"))
    await recorder.release()
    other = Recorder(store, investigation, "host:2:2", show_nothing)
    await other.claim(60)
    assert (await other.catch_up()).orders.paused
    assert next_move(other.board, crew_of(), LIMITS).kind is Kind.WAIT


# --- the whole of it, on the demo -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo() -> Iterator[Path]:
    with demo_recording() as folder:
        yield find_recordings(folder)[0]


@dataclass(slots=True)
class Commanded:
    """An investigation in memory that is given lines of words, and runs to its end after each."""

    chronicle: MemoryChronicle
    id: UUID
    recorder: Recorder
    using: Means

    @classmethod
    async def of(cls, folder: Path) -> Commanded:
        chronicle, using = MemoryChronicle(clock=SystemClock()), prepared(folder)
        incident = RecordingSource.open(folder).incident()
        id_ = await chronicle.create(incident.title)
        recorder = Recorder(chronicle, id_, "host:1:1", show_nothing)
        await recorder.claim(600)
        await open_investigation(recorder, incident, using, source_uri="recording:test")
        return cls(chronicle, id_, recorder, using)

    async def say(self, line: str) -> None:
        crew = self.using.crew
        desk = desk_of(self.recorder.board, crew.mechanisms, crew.strategies)
        order = understand(line, desk)
        assert isinstance(order, Ordered), order
        await give(self.chronicle, self.id, order, desk, somebody())
        await self.recorder.catch_up()

    async def run(self) -> Board:
        if self.recorder.board.status is not Status.RUNNING:
            after = self.recorder.board.seq
            await self.recorder.append((f"resumed/{after}", c.Resumed(runner="1", after_seq=after)), actor="human")
        return await investigate(self.recorder, self.using)

    async def replayed(self) -> Board:
        return fold_all(await self.chronicle.read(self.id))


async def test_orders_given_to_a_whole_investigation_and_their_replay(demo: Path) -> None:
    it = await Commanded.of(demo)
    before = await it.run()
    assert all(made.decided.record is not None for made in before.made)  # the policy's decisions, too
    assert {made.decided.record.kind for made in before.made if made.decided.record} >= {
        DecisionKind.GATE, DecisionKind.END,
    }  # fmt: skip
    assert before.posterior is not None

    leader = desk_of(before, it.using.crew.mechanisms).view.accounts[0]
    await it.say(f"reject {leader.label} we know that one")
    after = await it.run()
    assert after.posterior == before.posterior or after.posterior is not None
    tried = [a for a in after.attempts.values() if after.hypotheses[a.hypothesis].label == leader.label]
    tried_before = [a for a in before.attempts.values() if before.hypotheses[a.hypothesis].label == leader.label]
    assert len(tried) == len(tried_before)  # nothing more was tried on it
    assert "set aside by a person" in after.said or after.status is Status.INCONCLUSIVE

    entity = next(e for e in after.entities if e.kind.value == "service")
    await it.say(f"{entity.name} disk full")
    stated = next(h for h in it.recorder.board.hypotheses.values() if h.proposed_by == "human")
    final = await it.run()
    assert final.posterior is not None
    head = next((a.id for a in final.accounts if a.head == stated.id), "")
    assert head == "" or any(a.hypothesis == stated.id for a in final.attempts.values())
    assert await it.replayed() == final


async def test_a_persons_word_leaves_every_account_of_the_engine_as_it_was(demo: Path) -> None:
    it = await Commanded.of(demo)
    before = await it.run()
    entity = next(e for e in before.entities if e.kind.value == "service")
    await it.say(f"{entity.name} disk full")
    after = await it.run()
    assert before.posterior is not None
    assert after.posterior is not None
    own = {key: share for key, share in after.posterior.accounts.items() if key in before.posterior.accounts}
    assert own == pytest.approx(dict(before.posterior.accounts))


async def test_an_answer_is_weighed_and_no_word_of_it_is_decisive(demo: Path) -> None:
    it = await Commanded.of(demo)
    before = await it.run()
    head = before.hypotheses[before.accounts[0].head]
    asked = DataRequested(id="r1", hypothesis=head.id, question="what does the console say?")
    await it.chronicle.append(it.id, None, [c.NewEvent(key="request/r1", payload=asked, actor="planning")])
    await it.recorder.catch_up()
    key = before.accounts[0].id
    assert before.posterior is not None
    first = before.posterior.accounts[key]
    number = list(it.recorder.board.orders.requested).index("r1") + 1
    await it.say(f"answer R{number} contradicts: it was idle, 0 of 10")
    after = await it.run()
    assert after.posterior is not None
    assert 0 < after.posterior.accounts[key] < first
    assert any(item.id == "attempt/answer/r1" for item in after.evidence)
    await it.say(f"answer R{number} supports: 10 of 10")  # the last word counts
    again = await it.run()
    assert again.posterior is not None
    assert again.posterior.accounts[key] > after.posterior.accounts[key]
    assert not again.unweighed


async def test_decisions_of_people_and_of_the_policy_are_told_apart(demo: Path) -> None:
    it = await Commanded.of(demo)
    await it.run()
    await it.say("escalate to the database team")
    by = {made.decided.by for made in it.recorder.board.made}
    assert "human" in by
    assert any(one.startswith("policy:") for one in by)
    assert isinstance(it.recorder.board.made[-1].decided, Decided)
