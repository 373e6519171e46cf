"""Ids made of what they stand for."""

from __future__ import annotations

from compass.domain.ids import id_of


def test_ids_stay_what_they_are() -> None:
    """Stored chronicles hold them."""
    assert id_of("h", "pool_exhausted", "service/shop/orders") == "h9b8d6663c5051c3"


def test_parts_are_told_apart() -> None:
    assert len({id_of("o", "ab", "c"), id_of("o", "a", "bc"), id_of("o", "abc"), id_of("p", "ab", "c")}) == 4
