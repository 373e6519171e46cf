"""What a person would have said of an incident, from its label: right, or wrong on purpose. Pure."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from uuid import UUID, uuid5

from compass.domain.entity import EntityRef
from compass.domain.knowledge import Learned, Lesson, PastIncident, PastStatus
from compass.domain.learned import Cause
from compass.evaluation.learning.lived import Lived
from compass.evaluation.ranks import is_place
from compass.evaluation.truth import Truth

TEAM = UUID("5b1c9a64-6d0f-5c1e-9d53-0d8a3a1b7f20")
"""What ids of evaluated incidents are derived from: an incident has the same id, whatever it is run with."""


def taught(
    lived: Lived, truth: Truth, mechanisms: Sequence[str], number: int, wrong: random.Random | None
) -> Learned | None:
    """The incident and its lessons: what it was counts for it, what COMPASS had put first and was not counts against.

    `mechanisms` are those that count as right, the usual one first; without one the person takes the best account at
    the right place. `wrong`: the person is mistaken, and says another part and mechanism. None where there was no run,
    nothing was wrong, or the person could name no mechanism: that teaches nothing.
    """
    if lived.at is None or truth.healthy:
        return None
    cause = _mistaken(lived, truth, wrong) if wrong is not None else _true(lived, truth, mechanisms)
    if cause is None or cause.entity is None:
        return None
    key = uuid5(TEAM, lived.run.id)
    incident = PastIncident(
        investigation=key, number=number + 1, title=lived.run.id, at=lived.at, status=PastStatus.SOLVED,
        signature=lived.signature, led=lived.led, cause=cause, seq=1,
    )  # fmt: skip
    told = [(True, cause)]
    if lived.led is not None and (lived.led.mechanism, lived.led.entity) != (cause.mechanism, cause.entity):
        told.append((False, lived.led))
    lessons = tuple(
        Lesson(
            id=f"#{lived.run.id}/{'for' if right else 'against'}", investigation=key, right=right,
            mechanism=one.mechanism, entity=one.entity, signature=lived.signature, at=lived.at, by="label",
        )
        for right, one in told if one.entity is not None
    )  # fmt: skip
    return Learned(incident=incident, lessons=lessons)


def _true(lived: Lived, truth: Truth, mechanisms: Collection[str]) -> Cause | None:
    here = [
        cause for cause, place in lived.theories
        if any(is_place(place.kind.value, place.name, "", accepted) for accepted in truth.accepted)
    ]  # fmt: skip
    fits = [cause for cause in here if cause.mechanism in mechanisms]
    if fits or (here and not mechanisms):
        return (fits or here)[0]
    entity = _entity(lived.entities, truth)
    usual = next(iter(mechanisms), "")
    return Cause(mechanism=usual, entity=entity) if usual and entity is not None else None


def _entity(entities: Sequence[EntityRef], truth: Truth) -> EntityRef | None:
    for place in truth.accepted:
        for entity in entities:
            if is_place(entity.kind.value, entity.name, "", place):
                return entity
    return None


def _mistaken(lived: Lived, truth: Truth, wrong: random.Random) -> Cause | None:
    """Another account of the list, at a place that is not the right one."""
    others = [
        cause for cause, place in lived.theories
        if not any(is_place(place.kind.value, place.name, "", accepted) for accepted in truth.accepted)
    ]  # fmt: skip
    return wrong.choice(others) if others else None
