"""What the strategies share."""

from __future__ import annotations

from dataclasses import replace

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
