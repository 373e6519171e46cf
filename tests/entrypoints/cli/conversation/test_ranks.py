"""A digit pressed right after the list changed may be meant for what stood there before."""

from __future__ import annotations

from compass.domain.hypothesis import Hypothesis
from compass.entrypoints.cli.conversation.ranks import SETTLES_S, Ranks
from compass.projections.view import AccountLine
from tests.support.boards import believed
from tests.support.commanding import DELAY, POOL, SLOW, desk

FIRST, SWAPPED = {POOL: 0.5, SLOW: 0.2}, {POOL: 0.2, SLOW: 0.5, DELAY: 0.1}


def lines(heads: dict[Hypothesis, float]) -> tuple[AccountLine, ...]:
    return desk(believed(heads)).listed


def test_only_the_numbers_at_which_another_account_stood_a_moment_ago_have_moved() -> None:
    now = 100.0
    ranks = Ranks(lambda: now)
    ranks.painted(lines(FIRST))
    assert ranks.moved() == frozenset(), "nothing stood there before"
    now += 10
    ranks.painted(lines(FIRST))
    assert ranks.moved() == frozenset()
    ranks.painted(lines(SWAPPED))
    assert ranks.moved() == {1, 2}, "3 is new: nobody meant another by it"
    now += SETTLES_S / 2
    ranks.painted(lines(SWAPPED))
    assert ranks.moved() == {1, 2}, "a repaint of the same does not end it, nor begin it anew"
    now += SETTLES_S / 2
    assert ranks.moved() == frozenset()
