"""Where in a ranked answer the labelled truth stands."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from compass.domain.hypothesis import NO_CHANGE
from compass.domain.place import is_serving
from compass.evaluation.answer import Answer, Ranked
from compass.evaluation.truth import NONE, Place, Truth

COMMIT, SERVICE = "commit", "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """How one case came out. Ranks start at 1; None: nowhere on the list. A figure that is not labelled is absent.

    `right`: the leading account names a right entity, and a right mechanism where one is labelled. `confidence` is the
    probability of that very statement: the account's, or, where no mechanism is labelled, the sum of all accounts at
    its entity; 0 when the list is empty.
    """

    entity: int | None
    diagnosis: int | None
    diagnosis_labelled: bool
    right: bool
    confidence: float
    trigger_right: bool | None
    trigger_none_said: bool
    trigger_none_true: bool
    decoy_blamed: bool
    led: str  # account | not_listed | no_incident | nothing
    led_right: bool


def is_place(kind: str, name: str, trigger: str, place: Place) -> bool:
    """Whether something found is a labelled place. A label `service` means whatever serves others under that name."""
    if place.kind == COMMIT:
        return trigger == place.name
    if place.kind == SERVICE:
        return is_serving(kind) and name == place.name
    return kind == place.kind and name == place.name


def place_of(answer: Answer, truth: Truth, mechanisms: Collection[str]) -> Placing:
    """Compare one answer with its label. `mechanisms`: ids that count as right; empty: no mechanism is labelled."""
    leader = answer.ranked[0] if answer.ranked else None
    labelled = bool(mechanisms) and not truth.healthy
    entity = _entity_rank(answer, truth)
    diagnosis = _diagnosis_rank(answer, truth, mechanisms) if labelled else None
    right = diagnosis == 1 if labelled else leader is not None and _is_right(leader, truth)
    said = leader.trigger if leader is not None else NO_CHANGE
    led = _led(answer)
    return Placing(
        entity=entity, diagnosis=diagnosis, diagnosis_labelled=labelled, right=right,
        confidence=_said(leader, answer, labelled=labelled),
        trigger_right=None if truth.trigger is None else _trigger_right(leader, truth),
        trigger_none_said=said == NO_CHANGE, trigger_none_true=truth.trigger == NONE,
        decoy_blamed=leader is not None and bool({leader.trigger, leader.entity} & truth.decoys),
        led=led, led_right={
            "account": right, "no_incident": truth.healthy, "nothing": False,
            # right when nothing on the list is
            "not_listed": not truth.healthy and (diagnosis if labelled else entity) is None,
        }[led],
    )  # fmt: skip


def belief_in_truth(answer: Answer, truth: Truth, mechanisms: Collection[str]) -> float:
    """The probability given to the right answer: of all accounts that name a right place, and a right mechanism where
    one is labelled; of "not on this list" where none does; of "no incident" where nothing was wrong."""
    if truth.healthy:
        return answer.no_incident
    right = [
        r.confidence for r in answer.ranked if _is_right(r, truth) and (not mechanisms or r.mechanism in mechanisms)
    ]
    return min(1.0, math.fsum(right)) if right else answer.not_listed


def rank_of(found: Iterable[tuple[str, str, str]], accepted: Collection[Place]) -> int | None:
    """The rank of the first right thing among distinct ones, best first. `found`: (kind, name, trigger)."""
    return _first_right(
        ((SERVICE if is_serving(kind) else kind, name), any(is_place(kind, name, trigger, p) for p in accepted))
        for kind, name, trigger in found
    )


def _first_right(found: Iterable[tuple[tuple[str, ...], bool]]) -> int | None:
    """The rank of the first right one among distinct keys. `found`: (key, whether it is right)."""
    seen: list[tuple[str, ...]] = []
    for key, right in found:
        if key not in seen:
            seen.append(key)
        if right:
            return seen.index(key) + 1
    return None


def _entity_rank(answer: Answer, truth: Truth) -> int | None:
    if truth.healthy:  # "no incident" is then the entry to find: behind every distinct entity believed more
        if answer.no_incident <= 0:
            return None
        return 1 + len({(r.kind, r.entity) for r in answer.ranked if r.confidence >= answer.no_incident})
    return rank_of(((r.kind, r.entity, r.trigger) for r in answer.ranked), truth.accepted)


def _diagnosis_rank(answer: Answer, truth: Truth, mechanisms: Collection[str]) -> int | None:
    return _first_right(
        ((item.kind, item.entity, item.mechanism), item.mechanism in mechanisms and _is_right(item, truth))
        for item in answer.ranked
    )


def _is_right(item: Ranked, truth: Truth) -> bool:
    return any(is_place(item.kind, item.entity, item.trigger, place) for place in truth.accepted)


def _trigger_right(leader: Ranked | None, truth: Truth) -> bool:
    if truth.trigger == NONE:  # an empty list blames no change either
        return leader is None or leader.trigger == NO_CHANGE
    return leader is not None and leader.trigger == truth.trigger


def _said(leader: Ranked | None, answer: Answer, *, labelled: bool) -> float:
    """The probability of what is judged right or wrong: see Placing."""
    if leader is None:
        return 0.0
    if labelled:
        return leader.confidence
    here = (r.confidence for r in answer.ranked if (r.kind, r.entity) == (leader.kind, leader.entity))
    return min(1.0, math.fsum(here))


def _led(answer: Answer) -> str:
    """What is believed most of all: an account, "not on this list" or "no incident"."""
    account = answer.ranked[0].confidence if answer.ranked else 0.0
    best = max(account, answer.not_listed, answer.no_incident)
    if best <= 0:
        return "nothing"
    if best == account:
        return "account"
    return "not_listed" if best == answer.not_listed else "no_incident"
