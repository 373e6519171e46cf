"""What the strategies share."""

from __future__ import annotations

from dataclasses import replace

from compass.analysis.graph import build_graph
from compass.disproof._common import MAX_TRIGGERS, graph_of, suspects
from tests.disproof.making import account
from tests.disproof.world import ORDERS, OTHER, WEB, board, change, hypothesis
from tests.support.boards import posterior

FIRST, SECOND = hypothesis("cpu_saturation", ORDERS), hypothesis("cpu_saturation", WEB)


def test_changes_elsewhere_are_asked_for_the_leading_theory_only() -> None:
    near = [change(f"near-{n}", ORDERS, -60 - n) for n in range(MAX_TRIGGERS + 1)]
    far = [change(f"far-{n}", OTHER, -30 - n) for n in range(MAX_TRIGGERS + 1)]
    known = replace(board([FIRST, SECOND], changes=[*far, *near]), accounts=(account(FIRST), account(SECOND)))
    graph = graph_of(known)
    assert suspects([*far, *near], FIRST, known, graph) == near[:MAX_TRIGGERS]  # nobody leads yet
    for leader, wanted in ((FIRST, [*near[:MAX_TRIGGERS], *far[:MAX_TRIGGERS]]), (SECOND, near[:MAX_TRIGGERS])):
        led = replace(known, posterior=posterior({f"A:{h.id}": 0.6 if h == leader else 0.3 for h in (FIRST, SECOND)}))
        assert suspects([*far, *near], FIRST, led, graph) == wanted


def test_the_graph_is_that_of_each_board_and_drawn_once_for_those_that_share_it() -> None:
    one = board([FIRST])
    later = replace(one, round=one.round + 1, hypotheses={})
    apart = replace(one, dependencies=one.dependencies[:1])
    assert graph_of(later) is graph_of(one)
    assert graph_of(apart) == build_graph(apart.dependencies, apart.containment) != graph_of(one)
    moved = replace(one, containment={ORDERS: OTHER})
    assert graph_of(moved) == build_graph(moved.dependencies, moved.containment)
