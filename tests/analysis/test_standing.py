"""What people say of patterns: the latest word holds, one's own before an imported one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from compass.analysis.standing import counting, standing, verdict_on
from compass.domain.knowledge import Judgement, Lesson
from compass.domain.learned import PatternVerdict, Signature
from tests.support.boards import LEDGER, ORDERS

AT = datetime(2026, 1, 1, tzinfo=UTC)
KEY = ("pool", ORDERS)


def word(verdict: PatternVerdict, day: int = 1, source: str = "") -> Judgement:
    return Judgement(
        id=f"{verdict}/{day}/{source}", investigation=UUID(int=1), mechanism="pool", entity=ORDERS, verdict=verdict,
        at=AT + timedelta(days=day), by="human", source=source,
    )  # fmt: skip


def lesson(day: int, *, right: bool = True) -> Lesson:
    return Lesson(
        id=f"l{day}{right}", investigation=UUID(int=day), right=right, mechanism="pool", entity=ORDERS,
        signature=Signature(), at=AT + timedelta(days=day), by="human",
    )  # fmt: skip


def test_the_latest_word_holds_and_can_be_taken_back() -> None:
    said = [word(PatternVerdict.REJECTED, 2), word(PatternVerdict.VALIDATED, 1)]
    assert verdict_on(KEY, standing(said)) is PatternVerdict.REJECTED
    assert standing([*said, word(PatternVerdict.OPEN, 3)]) == {}
    assert verdict_on(("pool", LEDGER), standing(said)) is PatternVerdict.OPEN


def test_ones_own_word_holds_before_a_later_one_that_was_imported() -> None:
    own, theirs = word(PatternVerdict.VALIDATED, 1), word(PatternVerdict.REJECTED, 9, source="elsewhere")
    assert verdict_on(KEY, standing([theirs, own])) is PatternVerdict.VALIDATED
    assert verdict_on(KEY, standing([theirs])) is PatternVerdict.REJECTED


def test_lessons_of_what_was_put_away_count_no_more() -> None:
    lessons = [lesson(0), lesson(3), replace(lesson(0), entity=LEDGER)]
    assert counting(lessons, standing([word(PatternVerdict.VALIDATED)])) == tuple(lessons)
    for verdict in (PatternVerdict.REJECTED, PatternVerdict.PRUNED):
        assert counting(lessons, standing([word(verdict)])) == (lessons[2],)


def test_what_was_pruned_stands_again_once_it_is_seen_again_and_what_was_rejected_does_not() -> None:
    pruned, rejected = [word(PatternVerdict.PRUNED)], [word(PatternVerdict.REJECTED)]
    assert verdict_on(KEY, standing(pruned, [lesson(0), lesson(5, right=False)])) is PatternVerdict.PRUNED
    assert standing(pruned, [lesson(5)]) == {}
    assert verdict_on(KEY, standing(pruned, [replace(lesson(5), undone=True)])) is PatternVerdict.PRUNED
    assert verdict_on(KEY, standing(rejected, [lesson(5)])) is PatternVerdict.REJECTED
