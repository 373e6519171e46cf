"""How an answer is laid out."""

from __future__ import annotations

from compass.entrypoints.cli.render.answer import _SIDE
from compass.investigation.asking.known import Side


def test_every_side_of_a_fact_has_its_label() -> None:
    assert set(_SIDE) == {side.value for side in Side}
