"""A signature holds what was measured, by role, without names in its signs."""

from __future__ import annotations

from dataclasses import replace

from compass.analysis.signature import signature_of
from compass.domain.board import Board
from compass.domain.incident import Dependency
from compass.domain.observation import PAGE_SERIES, Verdict
from tests.support.boards import INCIDENT, LEDGER, ORDERS, WEB, seen, service


def board(*observations: object, web: object = WEB, **parts: object) -> Board:
    found = {o.id: o for o in observations}  # type: ignore[attr-defined]
    calls = (Dependency(caller=WEB, callee=ORDERS), Dependency(caller=ORDERS, callee=LEDGER))
    made = Board(incident=INCIDENT, entities=(WEB, ORDERS, LEDGER), dependencies=calls, observations=found)
    return replace(made, **parts)  # type: ignore[arg-type]


def test_a_sign_stands_once_for_each_role_at_its_greatest_strength() -> None:
    made = board(
        seen("latency.up", WEB, 0.9), seen("latency.up", ORDERS, 0.5), seen("latency.up", LEDGER, 0.7),
        seen("errors.up", service("elsewhere"), 0.4), seen("errors.up", WEB, verdict=Verdict.NORMAL),
    )  # fmt: skip
    assert signature_of(made).signs == {
        "errors.up@elsewhere": 0.4, "latency.up@dependency": 0.7, "latency.up@paged": 0.9,
    }  # fmt: skip


def test_what_is_only_told_and_what_was_only_changed_hits_no_service() -> None:
    made = board(seen("latency.up", WEB, series=PAGE_SERIES), seen("change.near", LEDGER, 0.8))
    assert signature_of(made).signs == {"change.near@dependency": 0.8}
    assert signature_of(made).services == ()


def test_two_systems_with_other_names_look_alike_in_their_signs() -> None:
    here = board(seen("latency.up", WEB, 0.9), seen("pool.exhausted", ORDERS, 0.8))
    shop, till = service("shop"), service("till")
    there = board(
        seen("latency.up", shop, 0.9), seen("pool.exhausted", till, 0.8), entities=(shop, till),
        dependencies=(Dependency(caller=shop, callee=till),), incident=replace(INCIDENT, service="shop"),
    )  # fmt: skip
    assert signature_of(here).signs == signature_of(there).signs
    assert signature_of(here).services != signature_of(there).services


def test_without_a_paged_service_the_entry_point_that_is_hit_stands_for_it() -> None:
    nobody = replace(INCIDENT, service=None)
    made = board(seen("latency.up", WEB, 0.9), seen("latency.up", ORDERS, 0.9), incident=nobody)
    assert set(signature_of(made).signs) == {"latency.up@paged", "latency.up@dependency"}
    assert set(signature_of(board(seen("latency.up", ORDERS), incident=nobody)).signs) == {"latency.up@elsewhere"}


def test_the_words_are_those_of_signs_places_and_statements() -> None:
    made = board(seen("pool.exhausted", ORDERS, 0.8, text="secret 12345"))
    words = signature_of(made).words
    assert words == "all connections or workers of a pool in use, callers waiting at service orders (dependency)"
