"""Ask once what the team's past says about this incident, and let similar incidents propose what they turned out to be.

What they propose has to survive like everything else; only the decayed counts enter the prior (DESIGN §4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from compass.analysis.history import counts_of
from compass.analysis.signature import signature_of
from compass.analysis.similarity import Rarity, rarity_of, shared, similarity
from compass.analysis.standing import PUT_AWAY, PatternKey, counting, standing, verdict_on
from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.hypothesis import Hypothesis
from compass.domain.knowledge import Judgement, Lesson, Neighbour, PastStatus
from compass.domain.learned import PatternVerdict, Recalled, Signature, Similar
from compass.domain.mechanism import Mechanism
from compass.domain.proposed import BY_MEMORY
from compass.domain.time import to_datetime
from compass.investigation.recorder import Recorder
from compass.mechanisms.propose import MIN_LEAD, hypothesis_id
from compass.ports.errors import EmbeddingError, ForgottenError, StorageError
from compass.ports.knowledge import Knowledge

ACTOR = "memory"
ASK_S = 5.0  # the past may not hold up the present
TIMES = 3
"""So often it is asked where some of it is forgotten meanwhile."""
NEAREST = 50
WITHOUT_WORDS = 200
MOST_SIMILAR = 3
LEAST_SIMILAR = 0.35
TOLD = frozenset({PastStatus.SOLVED, PastStatus.NEAR_MISS, PastStatus.UNSOLVED})
"""What is worth showing: what nobody has judged yet says nothing about what it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """What was looked up. `lost`: why it could not be."""

    neighbours: tuple[Neighbour, ...] = ()
    lessons: tuple[Lesson, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    searched: int = 0
    lost: str = ""

    def without(self, names: Collection[str]) -> _Past:
        """Without investigations that are named by their id, or by that of a lesson. An imported incident is not of
        this database, whatever its id is."""
        gone = {str(one.investigation) for one in self.lessons if one.id in names} | set(names)
        kept = tuple(n for n in self.neighbours if n.incident.source or str(n.incident.investigation) not in gone)
        lessons = tuple(one for one in self.lessons if str(one.investigation) not in gone)
        return replace(self, neighbours=kept, lessons=lessons)


async def recall(recorder: Recorder, knowledge: Knowledge | None) -> None:
    """Record what the past says. Where it cannot be asked that is recorded, and the investigation goes on. It is asked
    again where some of it was forgotten meanwhile; in the end what was forgotten is left out, and the rest is told."""
    if knowledge is None:
        await _record(recorder, _Past(lost="no knowledge is at hand in this run"))
        return
    past = await _asked(recorder, knowledge)
    for _ in range(TIMES - 1):
        if not await _forgotten(recorder, past):
            return
        past = await _asked(recorder, knowledge)
    while names := await _forgotten(recorder, past):
        less = past.without(names)
        past = less if less != past else _Past(lost="what it tells of was forgotten meanwhile")


async def _forgotten(recorder: Recorder, past: _Past) -> frozenset[str]:
    """Record it, unless it names what was forgotten since: those names."""
    try:
        await _record(recorder, past)
    except ForgottenError as error:
        return error.names
    return frozenset()


async def _record(recorder: Recorder, past: _Past) -> None:
    """Under a key of its own: an earlier one may have been erased with what it told of."""
    board = recorder.board
    found = recalled(
        board, signature_of(board), past.neighbours, past.lessons, past.searched,
        standing(past.judgements, past.lessons),
    )  # fmt: skip
    await recorder.append((f"memory/recalled/{board.seq}", replace(found, lost=past.lost)), actor=ACTOR)


async def _asked(recorder: Recorder, knowledge: Knowledge) -> _Past:
    board = recorder.board
    try:
        async with asyncio.timeout(ASK_S):
            neighbours = await _near(knowledge, signature_of(board))
            lessons = await knowledge.lessons(_known(board))
            judgements = await knowledge.judgements()
            searched = await knowledge.count()
    except (StorageError, TimeoutError) as error:
        return _Past(lost=str(error) or f"no answer within {ASK_S:.0f} s")
    others = tuple(n for n in neighbours if n.incident.investigation != recorder.investigation)
    taught = tuple(one for one in lessons if one.investigation != recorder.investigation)
    return _Past(neighbours=others, lessons=taught, judgements=judgements, searched=searched)


async def _near(knowledge: Knowledge, signature: Signature) -> tuple[Neighbour, ...]:
    """Without an embedder the latest incidents stand in: the signs decide what is alike."""
    try:
        return await knowledge.nearest(signature, NEAREST)
    except EmbeddingError:
        return tuple(Neighbour(incident=one, cosine=0.0) for one in await knowledge.incidents(WITHOUT_WORDS))


def recalled(
    board: Board,
    signature: Signature,
    neighbours: Sequence[Neighbour],
    lessons: Sequence[Lesson],
    searched: int,
    stands: Mapping[PatternKey, Judgement] = MappingProxyType({}),
) -> Recalled:
    """What neighbours and lessons say about an incident of this signature: the most similar first, and the counts.

    `stands`: what people say of patterns. Those that were put away are no count; incidents of them are told all the
    same, as what they are. Lessons age up to the end of what may be read: a recording supplies its own now.
    """
    now_ns = board.incident.now_ns if board.incident is not None else 0
    rarity = rarity_of([*(n.incident.signature for n in neighbours), *(one.signature for one in lessons)])
    similar = [
        _similar(board, n, signature, rarity, stands) for n in neighbours if n.incident.status in TOLD
    ]  # fmt: skip
    kept = sorted(
        (one for one in similar if one.similarity >= LEAST_SIMILAR),
        key=lambda one: (-one.similarity, one.investigation),
    )
    counts = counts_of(counting(lessons, stands), signature, rarity, to_datetime(now_ns))
    return Recalled(
        signature=signature, similar=_most_similar(kept), searched=searched,
        history=tuple(
            replace(one, validated=verdict_on((one.mechanism, one.entity), stands) is PatternVerdict.VALIDATED)
            for one in counts
        ),
    )  # fmt: skip


def _most_similar(kept: Sequence[Similar]) -> tuple[Similar, ...]:
    """The first of them, and the first that was never solved where it is not among those: what this one turns out to be
    may be what that one was."""
    unsolved = [one for one in kept if one.cause is None]
    return tuple(dict.fromkeys((*kept[:MOST_SIMILAR], *unsolved[:1])))


def remembered(
    board: Board, mechanisms: Mapping[str, Mechanism], raised: Collection[str] = ()
) -> tuple[Hypothesis, ...]:
    """Theories that similar incidents propose and nobody has yet (`raised` are about to be), without a label.

    The lead is the least there is, whatever the similarity: a similar incident scores nothing. Nothing suggested it
    here, so all that it requires, once seen, is fresh. What people say is no pattern proposes nothing.
    """
    if board.memory is None or board.onset is None:
        return ()
    found: dict[str, Hypothesis] = {}
    for similar in board.memory.similar:
        if similar.pattern in PUT_AWAY:
            continue
        if similar.cause is None or similar.present is None or similar.cause.mechanism not in mechanisms:
            continue
        key = hypothesis_id(similar.cause.mechanism, similar.present)
        if key in board.hypotheses or key in raised or key in found:
            continue
        found[key] = Hypothesis(
            id=key, label="", mechanism=similar.cause.mechanism, entity=similar.present, onset=board.onset.instant,
            proposed_by=f"{BY_MEMORY}#{similar.number}", suggested_by=frozenset(), lead=MIN_LEAD,
        )  # fmt: skip
    return tuple(found.values())


def _similar(
    board: Board, neighbour: Neighbour, signature: Signature, rarity: Rarity, stands: Mapping[PatternKey, Judgement]
) -> Similar:
    past = neighbour.incident
    struck = past.cause.entity if past.cause is not None else None
    present = _present(board, struck)
    judged = [
        verdict_on((past.cause.mechanism, one), stands) for one in (struck, present)
        if past.cause is not None and one is not None
    ]  # fmt: skip
    return Similar(
        investigation=str(past.investigation), number=past.number, title=past.title, at=past.at.isoformat(),
        similarity=round(similarity(signature, past.signature, rarity, neighbour.cosine), 4),
        because=shared(signature, past.signature, rarity), cause=past.cause, fix=past.fix, source=past.source,
        present=present, pattern=next((one for one in judged if one is not PatternVerdict.OPEN), PatternVerdict.OPEN),
    )  # fmt: skip


def _present(board: Board, entity: EntityRef | None) -> EntityRef | None:
    """The same thing in this system: the very reference, else the only one of its kind and name."""
    known = _known(board)
    if entity is None or entity in known:
        return entity
    same = [one for one in known if (one.kind, one.name) == (entity.kind, entity.name)]
    return same[0] if len(same) == 1 else None


def _known(board: Board) -> tuple[EntityRef, ...]:
    ends = (end for d in board.dependencies for end in (d.caller, d.callee))
    return tuple(sorted({*board.entities, *ends, *(o.entity for o in board.observations.values())}))
