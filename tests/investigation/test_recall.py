"""The past is asked once, proposes, scores nothing, and never stops the present."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from compass.analysis.signature import signature_of
from compass.analysis.standing import standing
from compass.data import demo_recording
from compass.domain import chronicle as c
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.failure import Status
from compass.domain.knowledge import Judgement, KnownGap, Learned, Lesson, Neighbour, PastIncident, PastStatus
from compass.domain.learned import Cause, PatternVerdict, Recalled, Signature, Similar
from compass.entrypoints.clock import SystemClock
from compass.investigation.moves import Kind, next_move
from compass.investigation.recall import LEAST_SIMILAR, recall, recalled, remembered
from compass.investigation.recorder import Recorder, show_nothing
from compass.investigation.settings import Limits
from compass.mechanisms.propose import MIN_LEAD
from compass.ports.errors import StorageError
from compass.sources.recording import find_recordings
from compass.storage.memory import MemoryChronicle
from tests.support.boards import ORDERS, board, mechanism, opening
from tests.support.crew import Told, crew_of
from tests.support.past import SEEN
from tests.support.running import prepared, run_means, run_once

SIGNATURE = Signature(signs={"latency.up@paged": 0.9, "pool.exhausted@dependency": 0.8})
CAUSE = Cause(mechanism="pool", entity=ORDERS)
AT = datetime(2026, 1, 1, tzinfo=UTC)


def past(
    number: int, status: PastStatus = PastStatus.SOLVED, cause: Cause | None = CAUSE, **parts: object
) -> Neighbour:
    incident = PastIncident(
        investigation=UUID(int=number), number=number, title="slow", at=AT, status=status, signature=SIGNATURE,
        cause=cause, fix="larger pool",
    )  # fmt: skip
    return Neighbour(incident=replace(incident, **parts), cosine=0.5)  # type: ignore[arg-type]


def asked(*neighbours: Neighbour, lessons: Sequence[Lesson] = ()) -> Recalled:
    return recalled(board(), SIGNATURE, neighbours, lessons, len(neighbours))


def test_similar_incidents_are_told_with_why_and_what_resolved_them() -> None:
    (similar,) = asked(past(3)).similar
    assert similar.similarity > LEAST_SIMILAR
    assert similar.because
    assert (similar.number, similar.cause, similar.present, similar.fix) == (3, CAUSE, ORDERS, "larger pool")


def test_what_nobody_has_judged_or_is_unlike_is_not_told() -> None:
    unlike = past(2, signature=Signature(signs={"k8s.unready@elsewhere": 1.0}))
    assert asked(past(1, PastStatus.OPEN), unlike).similar == ()


def test_an_entity_is_found_again_by_kind_and_name_where_that_is_certain() -> None:
    elsewhere = replace(ORDERS, namespace="other")
    assert asked(past(1, cause=replace(CAUSE, entity=elsewhere))).similar[0].present == ORDERS
    gone = EntityRef(kind=EntityKind.SERVICE, name="gone")
    assert asked(past(1, cause=replace(CAUSE, entity=gone))).similar[0].present is None


def remembering(*similar: Similar, **parts: object) -> object:
    return board(memory=Recalled(signature=SIGNATURE, similar=similar), **parts)


def test_they_propose_what_it_was_with_the_least_lead_and_nothing_behind_it() -> None:
    (similar,) = asked(past(3)).similar
    (proposed,) = remembered(remembering(similar, similar), {"pool": mechanism("pool")})  # type: ignore[arg-type]
    assert (proposed.mechanism, proposed.entity, proposed.proposed_by) == ("pool", ORDERS, "knowledge:#3")
    assert (proposed.lead, proposed.suggested_by) == (MIN_LEAD, frozenset())
    raised = {proposed.id}
    assert remembered(remembering(similar), {"pool": mechanism("pool")}, raised) == ()  # type: ignore[arg-type]
    assert remembered(remembering(similar), {}) == ()  # type: ignore[arg-type]
    assert remembered(board(), {"pool": mechanism("pool")}) == ()


def test_one_that_was_never_solved_is_told_although_others_are_more_alike() -> None:
    less = replace(SIGNATURE, signs={**SIGNATURE.signs, "log.novel@elsewhere": 0.9})
    unsolved = past(7, PastStatus.UNSOLVED, None, signature=less)
    told = asked(*(past(n) for n in range(1, 6)), unsolved).similar
    assert [one.number for one in told] == [1, 2, 3, 7]
    assert told[-1].cause is None


def judged(verdict: PatternVerdict) -> Judgement:
    return Judgement(
        id="j", investigation=UUID(int=9), mechanism="pool", entity=ORDERS, verdict=verdict, at=AT, by="human"
    )


@pytest.mark.parametrize("verdict", [PatternVerdict.REJECTED, PatternVerdict.PRUNED])
def test_a_pattern_that_people_put_away_proposes_nothing_and_is_no_count(verdict: PatternVerdict) -> None:
    lesson = Lesson(
        id="#3/k", investigation=UUID(int=3), right=True, mechanism="pool", entity=ORDERS, signature=SIGNATURE,
        at=AT - timedelta(days=1), by="human",
    )  # fmt: skip
    before = recalled(board(), SIGNATURE, [past(3)], [lesson], 1)
    assert before.history
    after = recalled(board(), SIGNATURE, [past(3)], [lesson], 1, standing([judged(verdict)], [lesson]))
    assert (after.history, after.similar[0].pattern) == ((), verdict)
    assert remembered(remembering(*after.similar), {"pool": mechanism("pool")}) == ()  # type: ignore[arg-type]


def test_a_validated_pattern_says_so_where_it_counts_and_proposes_and_weighs_no_more() -> None:
    lesson = Lesson(
        id="#3/k", investigation=UUID(int=3), right=True, mechanism="pool", entity=ORDERS, signature=SIGNATURE, at=AT,
        by="human",
    )  # fmt: skip
    stands = standing([judged(PatternVerdict.VALIDATED)])
    told = recalled(board(), SIGNATURE, [past(3)], [lesson], 1, stands)
    plain = recalled(board(), SIGNATURE, [past(3)], [lesson], 1)
    assert told.similar[0].pattern is PatternVerdict.VALIDATED
    assert told.history == tuple(replace(one, validated=True) for one in plain.history)
    assert remembered(remembering(*told.similar), {"pool": mechanism("pool")})  # type: ignore[arg-type]


def test_it_is_asked_after_screening_once_and_only_where_there_is_a_memory() -> None:
    crew = crew_of(Told("database"))
    assert next_move(board(), crew, Limits()).kind is Kind.BELIEVE
    knowing = replace(crew, memory=True)
    assert next_move(board(), knowing, Limits()).kind is Kind.RECALL
    asked_once = board(memory=Recalled(signature=SIGNATURE))
    assert next_move(asked_once, knowing, Limits()).kind is Kind.BELIEVE


@dataclass(slots=True)
class Handed:
    """Knowledge in a test's hand: neighbours, or what goes wrong."""

    neighbours: tuple[Neighbour, ...] = ()
    error: Exception | None = None
    judged: tuple[Judgement, ...] = ()
    seen: list[Signature] = field(default_factory=list)

    async def nearest(self, signature: Signature, limit: int = 50) -> tuple[Neighbour, ...]:
        self.seen.append(signature)
        if self.error is not None:
            raise self.error
        return self.neighbours

    async def lessons(self, entities: Sequence[EntityRef] | None = None) -> tuple[Lesson, ...]:
        return ()

    async def count(self) -> int:
        return len(self.neighbours)

    async def learn(self, learned: Sequence[Learned], instead_of: Collection[UUID] = ()) -> None:
        raise AssertionError("an investigation teaches nothing by itself")

    async def behind(self) -> tuple[UUID, ...]:
        return ()

    async def incidents(self, limit: int = 1000) -> tuple[PastIncident, ...]:
        return ()

    async def gaps(self) -> tuple[KnownGap, ...]:
        return ()

    async def judgements(self) -> tuple[Judgement, ...]:
        return self.judged

    async def forget(self, investigation: UUID) -> None:
        raise AssertionError("an investigation deletes nothing")


@pytest.fixture(scope="module")
def demo() -> Path:
    with demo_recording() as folder:
        yield find_recordings(folder)[0]  # type: ignore[misc]


async def test_a_past_that_cannot_be_asked_is_said_and_changes_no_result(demo: Path) -> None:
    means = prepared(demo)
    without = run_once(demo)
    broken = Handed(error=StorageError("the database is gone"))
    knowing = replace(means, knowledge=broken, crew=replace(means.crew, memory=True))
    result = await run_means(demo, knowing)
    assert result.board.memory is not None
    assert result.board.memory.lost == "the database is gone"
    assert result.board.status is Status.DONE
    assert [(a.label, a.confidence) for a in result.view.accounts] == [
        (a.label, a.confidence) for a in without.view.accounts
    ]


@dataclass(slots=True)
class Forgetting(Handed):
    """Between the look and the record somebody forgets the first that was found, so often; `stale`: and it is found
    again all the same. Each teaches one lesson."""

    chronicle: MemoryChronicle = field(default_factory=lambda: MemoryChronicle(SystemClock()))
    times: int = 1
    stale: bool = False

    async def lessons(self, entities: Sequence[EntityRef] | None = None) -> tuple[Lesson, ...]:
        return tuple(
            Lesson(
                id=f"#{one.number}/o/for", investigation=one.investigation, right=True, mechanism="pool",
                entity=ORDERS, signature=one.signature, at=AT, by="human",
            )
            for one in (neighbour.incident for neighbour in self.neighbours)
        )  # fmt: skip

    async def count(self) -> int:
        if self.times:
            self.times -= 1
            await self.chronicle.erasure.forget(self.neighbours[0].incident.investigation)
            self.neighbours = self.neighbours if self.stale else self.neighbours[1:]
        return len(self.neighbours)


@pytest.mark.parametrize(("times", "stale"), [(1, False), (2, False), (3, False), (1, True)])
async def test_the_past_is_asked_again_where_some_of_it_is_forgotten_meanwhile(times: int, stale: bool) -> None:
    """And what is not forgotten is told in the end, whatever was."""
    knowledge = Forgetting(times=times, stale=stale)
    chronicle = knowledge.chronicle
    made = [await chronicle.create("slow") for _ in range(5)]
    for one in made:
        await chronicle.append(one, None, [c.NewEvent(key="o", payload=opening()[0], actor="test")])
    recorder = Recorder(chronicle, await chronicle.create("now"), "test", show_nothing)
    await recorder.claim(60)
    screened = (
        *opening(), c.RoundStarted(number=1, phase="screen", board_seq=4),
        *(c.Observed(observation=one) for one in SEEN), c.RoundFinished(number=1),
    )  # fmt: skip
    await recorder.append(*((f"k{n}", payload) for n, payload in enumerate(screened)), actor="test")
    alike = signature_of(recorder.board)
    knowledge.neighbours = tuple(past(n, investigation=one, signature=alike) for n, one in enumerate(made, start=1))
    await recall(recorder, knowledge)  # type: ignore[arg-type]
    memory = recorder.board.memory
    assert memory is not None
    assert memory.lost == ""
    assert [one.investigation for one in memory.similar] == [str(one) for one in made[times:]][:3]
    assert [count.lessons for count in memory.history] == [tuple(f"#{n}/o/for" for n in range(times + 1, 6))]


async def test_who_takes_the_lease_again_holds_nothing_of_what_was_forgotten_meanwhile() -> None:
    """As an open conversation does after the end, when more is ordered."""
    chronicle, shown = MemoryChronicle(SystemClock()), list[c.Event]()
    gone = await chronicle.create("slow")
    await chronicle.append(gone, None, [c.NewEvent(key="o", payload=opening()[0], actor="test")])
    recorder = Recorder(chronicle, await chronicle.create("now"), "test", shown.append)
    await recorder.claim(60)
    told = recalled(board(), SIGNATURE, (past(1, investigation=gone),), (), 1)
    await recorder.append(("o", opening()[0]), ("m", told), actor="test")
    await recorder.claim(60)
    assert recorder.board.memory == told
    await recorder.release()
    await chronicle.erasure.forget(gone)
    late = c.NewEvent(key="late", payload=c.QuestionAnswered(question="q", answer="a"), actor="human")
    await chronicle.append(recorder.investigation, None, [late])
    seq = recorder.board.seq
    await recorder.claim(60)
    assert (recorder.board.memory, recorder.board.incident is not None, recorder.board.seq) == (None, True, seq)
    await recorder.catch_up(shown=True)
    assert [event.key for event in shown] == ["o", "m", "late"]


async def test_a_similar_incident_that_was_something_else_is_tried_and_does_not_lead(demo: Path) -> None:
    means = prepared(demo)
    without = run_once(demo)
    assert without.board.memory is None
    first = Handed()
    await run_means(demo, replace(means, knowledge=first, crew=replace(means.crew, memory=True)))
    (signature,) = first.seen
    catalogue = means.crew.mechanisms
    other = next(
        key for key in sorted(catalogue) if not any(h.mechanism == key for h in without.board.hypotheses.values())
    )
    entity = next(e for e in without.board.entities if e.name == "payments")
    told = past(9, cause=Cause(mechanism=other, entity=entity), signature=signature)
    knowing = replace(means, knowledge=Handed((told,)), crew=replace(means.crew, memory=True))
    result = await run_means(demo, knowing)
    brought = [h for h in result.board.hypotheses.values() if h.proposed_by == "knowledge:#9"]
    assert [(h.mechanism, h.entity) for h in brought] == [(other, entity)]
    assert result.view.accounts[0].mechanism == without.view.accounts[0].mechanism
    assert result.view.accounts[0].confidence == pytest.approx(without.view.accounts[0].confidence, abs=0.01)
