"""What nobody can read is one line of the first screen, and names where to look."""

from __future__ import annotations

from compass.domain.unread import Unread, UnreadSeries
from compass.entrypoints.cli.render.beside import unread
from compass.entrypoints.cli.render.page import Page
from compass.projections.build_view import build_view
from compass.projections.view import View
from tests.support.boards import ORDERS, believed


def odd(name: str, score: float = 9.0) -> UnreadSeries:
    return UnreadSeries(
        name=name, type="gauge", unit="1", help="", labels=("pool",), series=2, moved=1, entity=ORDERS, up=True,
        usual=3.0, value=40.0, score=score,
    )  # fmt: skip


def view_of(told: Unread | None) -> View:
    return build_view(believed({}, unread=told), {}, id="x", number=1)


def test_the_three_that_moved_most_are_named_on_one_line() -> None:
    most = tuple(odd(f"shop_{letter}") for letter in "abcd")
    (line,) = unread(view_of(Unread(names=14, series=30, moved=4, most=most)), Page(width=120))
    assert line.plain.split(maxsplit=2)[2] == "4 of 14 unknown series names moved: shop_a, shop_b, shop_c, …"


def test_where_none_moved_or_all_are_known_nothing_is_said() -> None:
    assert unread(view_of(Unread(names=14, series=30, moved=0)), Page()) == []
    assert unread(view_of(None), Page()) == []
    assert view_of(None).unread is None


def test_each_is_told_with_its_place_and_figures() -> None:
    part = view_of(Unread(names=1, series=2, moved=1, most=(odd("shop_a"),))).unread
    assert part is not None
    assert [(one.label, one.text) for one in part.most] == [("U1", f"shop_a 3 → 40 at {ORDERS}")]
