"""Whether being reminded helped, with how far the figure can be trusted; and what may go."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from compass.analysis.effectiveness import STALE_DAYS, Effect, PatternEffect, effects_of, prunable
from compass.analysis.patterns import PatternCount
from compass.domain.knowledge import Judgement, PastIncident, PastStatus, RecalledPattern
from compass.domain.learned import Cause, PatternVerdict, Signature
from tests.support.boards import LEDGER, ORDERS

AT = datetime(2026, 1, 1, tzinfo=UTC)
POOL = PatternCount(
    mechanism="pool", entity=ORDERS, right=2, wrong=0, last=AT, fixes=(), incidents=(UUID(int=1), UUID(int=2))
)
WAS, WAS_NOT = (
    Cause(mechanism="pool", entity=replace(ORDERS, namespace="moved")),
    Cause(mechanism="disk", entity=LEDGER),
)


def reminded(number: int, cause: Cause | None, *, led: bool = True, proposed: bool = False) -> PastIncident:
    return PastIncident(
        investigation=UUID(int=number), number=number, title="t", at=AT, status=PastStatus.OPEN, cause=cause,
        signature=Signature(), recalled=(RecalledPattern(mechanism="pool", entity=ORDERS, led=led, proposed=proposed),),
    )  # fmt: skip


def effect(*incidents: PastIncident, pattern: PatternCount = POOL) -> PatternEffect:
    (found,) = effects_of((pattern,), incidents)
    return found


def test_reminders_are_counted_by_what_people_later_said() -> None:
    found = effect(
        reminded(1, WAS, proposed=True), reminded(2, WAS_NOT), reminded(3, WAS_NOT, led=False), reminded(4, None),
        replace(reminded(5, WAS), recalled=()),
    )  # fmt: skip
    assert (found.recalled, found.proposed, found.judged, found.right, found.misled) == (4, 1, 3, 1, 1)
    assert found.share == pytest.approx(1 / 3)
    assert found.low < 1 / 3 < found.high


@pytest.mark.parametrize(
    ("cause", "judged"),
    [
        (Cause(mechanism="pool", entity=None), 0),  # perhaps there
        (Cause(mechanism="", entity=None, said="a cable was cut"), 0),
        (Cause(mechanism="", entity=ORDERS, said="it was full"), 0),
        (Cause(mechanism="disk", entity=None), 1),
        (Cause(mechanism="pool", entity=LEDGER), 1),
    ],
)
def test_a_word_that_leaves_open_whether_it_was_the_pattern_judges_nothing(cause: Cause, judged: int) -> None:
    found = effect(*(reminded(n, cause) for n in range(4)))
    assert (found.judged, found.misled, found.right) == (4 * judged, 4 * judged, 0)
    assert (found.effect is Effect.MISLEADS) == bool(judged)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [(0, 0, Effect.UNKNOWN), (3, 0, Effect.UNKNOWN), (4, 0, Effect.HELPS), (0, 3, Effect.UNKNOWN),
     (0, 4, Effect.MISLEADS), (5, 5, Effect.UNKNOWN), (20, 2, Effect.HELPS)],
)  # fmt: skip
def test_few_reminders_say_nothing(right: int, wrong: int, said: Effect) -> None:
    incidents = [*(reminded(n, WAS) for n in range(right)), *(reminded(n + 50, WAS_NOT) for n in range(wrong))]
    assert effect(*incidents).effect is said


def reasons(found: PatternEffect, days: float) -> tuple[str, ...]:
    kept = prunable([found], AT + timedelta(days=days))
    return kept[0].because if kept else ()


def test_what_is_stale_misleads_or_was_never_met_again_may_go_and_says_why() -> None:
    assert reasons(effect(), 10) == ()
    assert reasons(effect(), STALE_DAYS + 1)[0].startswith("stale: last seen 721 days ago")
    misleading = effect(*(reminded(n, WAS_NOT) for n in range(4)))
    assert reasons(misleading, 10) == ("misleads: right in 0 of 4 incidents that were reminded of it",)
    once = replace(POOL, right=1, incidents=(UUID(int=1),))
    assert reasons(effect(pattern=once), 200)[0].startswith("never seen again")
    assert reasons(effect(reminded(3, None), pattern=once), 200) == ()


@pytest.mark.parametrize("verdict", [PatternVerdict.VALIDATED, PatternVerdict.REJECTED, PatternVerdict.PRUNED])
def test_what_people_validated_stays_and_what_is_put_away_is_gone_already(verdict: PatternVerdict) -> None:
    word = Judgement(
        id="j", investigation=UUID(int=1), mechanism="pool", entity=ORDERS, verdict=verdict, at=AT, by="human"
    )
    assert reasons(effect(pattern=replace(POOL, judgement=word)), 10_000) == ()


def test_what_was_never_right_only_warns_and_stays() -> None:
    assert reasons(effect(pattern=replace(POOL, right=0, wrong=2)), 10_000) == ()
