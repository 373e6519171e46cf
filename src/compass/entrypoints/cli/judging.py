"""What people say of patterns: one event in a chronicle, derived like all that is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from compass.analysis.effectiveness import Prunable, prunable
from compass.analysis.patterns import PatternCount
from compass.domain.chronicle import NewEvent
from compass.domain.learned import PatternJudged, PatternVerdict
from compass.entrypoints.cli import session
from compass.entrypoints.cli.remembered import MOST, past_of
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.learning import catch_up
from compass.investigation.advising.words import said
from compass.ports.chronicle import Chronicle
from compass.ports.errors import BadInputError, NotFoundError

HUMAN = "human"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A pattern as it stands after the word; `recorded_in` is the number of the investigation that holds the word."""

    pattern: PatternCount
    recorded_in: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What may go and why; `applied`: it went."""

    prunable: tuple[Prunable, ...]
    applied: bool


def judge(which: str, verdict: PatternVerdict, reason: str) -> Judged:
    """Record a word about the pattern of that number, or MECHANISM@NAME. Raises NotFoundError, BadInputError."""
    chosen = session.settings()

    async def work() -> Judged:
        async with session.open_chronicle(chosen) as chronicle:
            await catch_up(chronicle)
            pattern = _picked((await past_of(chronicle)).patterns, which)
            held = pattern.judgement.verdict if pattern.judgement is not None else PatternVerdict.OPEN
            if held is verdict is PatternVerdict.OPEN:
                raise BadInputError(f"nobody marked pattern {which}", where="patterns", hint="compass patterns --all")
            anchors = await _append(chronicle, [pattern], verdict, reason)
            after = (await past_of(chronicle)).patterns
            found = next(one for one in after if (one.mechanism, one.entity) == (pattern.mechanism, pattern.entity))
            return Judged(pattern=found, recorded_in=anchors[0])

    return session.run(work)


def prune(stale_days: float, *, apply: bool) -> Pruned:
    """What may go; with `apply` it is put away, one append an investigation that taught it."""
    chosen = session.settings()
    now = datetime.fromtimestamp(SystemClock().now_ns() / 1e9, UTC)

    async def work() -> Pruned:
        async with session.open_chronicle(chosen) as chronicle:
            await catch_up(chronicle)
            found = prunable((await past_of(chronicle)).effects, now, stale_days)
            if apply and found:
                await _append(
                    chronicle, [one.pattern for one in found], PatternVerdict.PRUNED,
                    {one.pattern.number: "; ".join(one.because) for one in found},
                )  # fmt: skip
            return Pruned(prunable=found, applied=apply and bool(found))

    return session.run(work)


def _picked(patterns: Sequence[PatternCount], which: str) -> PatternCount:
    plain = which.strip()
    if plain.isdigit():
        found = [one for one in patterns if one.number == int(plain)]
    else:
        mechanism, _, place = plain.partition("@")
        found = [
            one for one in patterns
            if one.mechanism == mechanism and place in (one.entity.name, str(one.entity), one.entity.key)
        ]  # fmt: skip
    if len(found) == 1:
        return found[0]
    hint = "compass patterns --all lists them: by N, or as mechanism@name"
    if found:
        raise BadInputError(f"{len(found)} patterns are called {plain!r}", where="patterns", hint="name it by its N")
    raise NotFoundError(f"there is no pattern {plain!r}", where="patterns", hint=hint)


async def _append(
    chronicle: Chronicle, patterns: Sequence[PatternCount], verdict: PatternVerdict, reason: str | dict[int, str]
) -> list[int]:
    """One append an investigation, each of them atomic: the numbers of the investigations, by pattern."""
    numbers = {one.id: one.number for one in await chronicle.list(limit=1_000_000)}
    own = [one.investigation for one in await chronicle.knowledge.incidents(MOST) if not one.source]
    batches: dict[UUID, list[NewEvent]] = {}
    anchors: list[UUID] = []
    for pattern in patterns:
        anchor = _anchor(pattern, own)
        why = reason if isinstance(reason, str) else reason[pattern.number]
        payload = PatternJudged(
            by=HUMAN, mechanism=pattern.mechanism, entity=pattern.entity, verdict=verdict, reason=said(why)
        )
        batches.setdefault(anchor, []).append(NewEvent(key=f"pattern/{uuid4()}", payload=payload, actor=HUMAN))
        anchors.append(anchor)
    for anchor, events in batches.items():
        await chronicle.append(anchor, None, events)
    await catch_up(chronicle)
    return [numbers.get(anchor, 0) for anchor in anchors]


def _anchor(pattern: PatternCount, own: Sequence[UUID]) -> UUID:
    """The latest investigation here that taught the pattern; of one that was only imported, the latest there is."""
    taught = [one for one in pattern.incidents if one in own]
    if not taught and not own:
        raise BadInputError(
            "there is no investigation here yet whose chronicle could hold the word", where="patterns",
            hint="compass investigate makes one",
        )  # fmt: skip
    return (taught or own)[0]
