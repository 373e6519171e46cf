"""Every dimension sums to the whole, whatever was asked, reused, failed or of unknown price."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.domain.advice import ASSUMED_CALL_USD, LlmFailure, ModelCall, Role, Task, Usage
from compass.domain.advised import ModelAsked
from compass.projections.board import fold_all
from compass.projections.costs import Costs, costs_of
from tests.support.boards import events, opening

calls = st.lists(
    st.builds(
        ModelCall, id=st.just("m"), task=st.sampled_from(Task), role=st.sampled_from(Role), provider=st.just("p"),
        model=st.sampled_from(["small", "large"]), prompt_version=st.just("1"), prompt=st.just("?"),
        agent=st.sampled_from(["", "database", "network"]), hypothesis=st.sampled_from(["", "h1"]),
        phase=st.sampled_from(["screen", "disprove"]), reused=st.booleans(),
        usage=st.builds(Usage, input=st.integers(0, 9000), output=st.integers(0, 900)),
        cost_usd=st.none() | st.floats(0, 1), failure=st.none() | st.sampled_from(LlmFailure),
    ),
    max_size=20,
)  # fmt: skip


def costs(made: list[ModelCall]) -> Costs:
    listed = events((*opening(), *(ModelAsked(call=call) for call in made)))
    return costs_of(listed, fold_all(listed), id="x", number=1)


@given(calls)
def test_every_dimension_sums_to_the_whole(made: list[ModelCall]) -> None:
    found = costs(made)
    for shares in (found.by_agent, found.by_hypothesis, found.by_phase, found.by_model, found.by_task):
        assert sum(share.spending.usd for share in shares) == pytest.approx(found.total.usd)
        assert sum(share.spending.usage.input for share in shares) == found.total.usage.input
        assert sum(share.spending.calls + share.spending.reused for share in shares) == len(made)
        assert [share.spending.usd for share in shares] == sorted((s.spending.usd for s in shares), reverse=True)
    assert found.total.usd == pytest.approx(sum(call.charged_usd for call in made))


def test_the_board_and_the_report_agree() -> None:
    call = ModelCall(
        id="m", task=Task.PROPOSE, role=Role.FAST, provider="p", model="small", prompt_version="1", prompt="?",
        usage=Usage(input=10, output=1), cost_usd=0.5,
    )  # fmt: skip
    made = [call, replace(call, reused=True), replace(call, cost_usd=None)]
    listed = events((*opening(), *(ModelAsked(call=one) for one in made)))
    board = fold_all(listed)
    total = costs_of(listed, board, id="x", number=1).total
    assert total == board.advice.spending
    assert (total.usd, total.calls, total.reused, total.unpriced) == (0.5, 2, 1, 1)
    assert board.advice.charged_usd == 0.5 + ASSUMED_CALL_USD, "a budget holds after a resume as it did before"
