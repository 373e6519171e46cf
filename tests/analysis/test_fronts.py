"""What the first to suffer have in common."""

from __future__ import annotations

from compass.analysis.fronts import shared_callees
from compass.analysis.graph import ServiceGraph, build_graph
from compass.domain.incident import Dependency
from tests.analysis.synthetic import service

WEB, CART, MENU, MAIL, GEO, RATES = (service(n) for n in ("web", "cart", "menu", "mail", "geo", "rates"))


def graph(*edges: tuple[str, str]) -> ServiceGraph:
    return build_graph([Dependency(caller=service(a), callee=service(b), seen="test") for a, b in edges])


SHOP = graph(("web", "cart"), ("web", "menu"), ("web", "mail"), ("cart", "geo"), ("menu", "geo"), ("menu", "rates"))


def test_two_fronts_point_to_what_both_call() -> None:
    found = shared_callees({WEB: 9.0, CART: 8.0, MENU: 6.0}, {MAIL, GEO, RATES}, SHOP)
    assert [(s.callee, s.fronts, s.share) for s in found] == [(GEO, (CART, MENU), 1.0)]


def test_one_front_is_where_it_begins_itself() -> None:
    assert shared_callees({WEB: 9.0, CART: 8.0}, {MENU, MAIL, GEO}, SHOP) == ()


def test_what_is_in_trouble_itself_needs_no_explanation_by_its_callers() -> None:
    assert shared_callees({CART: 8.0, MENU: 6.0, GEO: 7.0, WEB: 5.0}, {RATES}, SHOP) == ()


def test_fronts_without_a_callee_in_common_say_nothing() -> None:
    assert shared_callees({MAIL: 8.0, CART: 6.0}, {GEO}, SHOP) == ()


def test_callers_that_are_well_speak_against_it() -> None:
    wide = graph(*((name, "geo") for name in ("cart", "menu", "mail", "rates", "web")))
    assert shared_callees({CART: 8.0, MENU: 6.0}, {MAIL, RATES, WEB}, wide) == ()
