"""What the likeliest trigger of an account changed."""

from __future__ import annotations

from dataclasses import replace

from compass.domain.board import Board
from compass.domain.hypothesis import NO_CHANGE, TriggerOption
from compass.domain.observation import Observation
from compass.projections.central import central, leading
from tests.support.boards import LEDGER, ORDERS, account, believed, board, seen, theory

POOL, SLOW = theory("pool", ORDERS), theory("slow", LEDGER, "H2")
SHRUNK = replace(seen("change.pool_shrunk", ORDERS), change="d1")
OTHER = replace(seen("change.limit_lowered", LEDGER), change="d2")
FELL, FAR = seen("pool.limit_down", ORDERS), seen("pool.limit_down", LEDGER)
AGAIN = replace(FELL, id="again", agent="threshold", strength=1.0)


def held(option: TriggerOption) -> Board:
    made = believed(
        {POOL: 0.8, SLOW: 0.1}, observations=(FAR, AGAIN, FELL, OTHER, SHRUNK), specialists=("application",)
    )
    return replace(made, accounts=(account(POOL, triggers=(option,)), made.accounts[1]))


def found(option: TriggerOption) -> tuple[Observation, ...]:
    made = held(option)
    return central(made, made.accounts[0])


def test_the_diff_of_the_trigger_comes_first_then_the_limit_that_fell_there() -> None:
    assert found(TriggerOption(change="d1", weight=0.9)) == (SHRUNK, FELL)


def test_a_change_that_did_not_do_it_is_no_central_fact() -> None:
    assert found(TriggerOption(change="d1", weight=0.9, refuted="too late")) == (FELL,)
    assert found(TriggerOption(change=NO_CHANGE, weight=0.9)) == (FELL,)


def test_the_leading_account_is_the_most_probable() -> None:
    made = held(TriggerOption(change="d1", weight=1.0))
    assert leading(made) == made.accounts[0]
    assert leading(board()) is None
