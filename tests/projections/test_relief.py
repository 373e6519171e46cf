"""The safest first relief: undo what set it off, and only that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.domain.hypothesis import NO_CHANGE, TriggerOption
from compass.domain.incident import Change
from compass.domain.mechanism import Mitigation
from compass.domain.time import Instant
from compass.projections.relief import relief
from tests.support.boards import ONSET_NS, ORDERS

CHANGE = Change(id="d1", at=Instant(ns=ONSET_NS), kind="deploy", summary="7", entity=ORDERS)
UNDO = "kubectl rollout undo deployment/orders -n shop"
BACK = Mitigation(text="Roll orders back to its earlier release.", command=UNDO, risk="r", recovery="fine")
EITHER = replace(BACK, text="Roll orders back if a release began it; otherwise switch the operation off.")
MORE = Mitigation(text="Restart orders.", command="kubectl rollout restart deployment/orders")
LIKELY = TriggerOption(change="d1", weight=0.9)
NONE = TriggerOption(change=NO_CHANGE, weight=0.9)


def test_the_likely_trigger_is_undone_with_a_command_for_what_was_rolled_out() -> None:
    found = relief(MORE, LIKELY, CHANGE)
    assert found is not None
    assert (found.text, found.command) == ("Undo deploy d1 of orders: it restores what worked before.", UNDO)
    flag = relief(MORE, LIKELY, replace(CHANGE, kind="flag"))
    assert flag is not None
    assert flag.command == ""


@pytest.mark.parametrize(
    ("option", "ruled_out"), [(NONE, ()), (replace(LIKELY, refuted="too late"), ()), (LIKELY, ("d1",))],
    ids=["no change", "refuted", "refuted for a likelier account"],
)  # fmt: skip
def test_there_is_nothing_to_undo_where_no_change_did_it(option: TriggerOption, ruled_out: tuple[str, ...]) -> None:
    assert relief(BACK, option, CHANGE, ruled_out=ruled_out) is None
    assert relief(EITHER, option, CHANGE, ruled_out=ruled_out) == Mitigation(text=EITHER.text, recovery="fine")
    assert relief(MORE, option, CHANGE, ruled_out=ruled_out) == MORE


def test_without_a_record_of_changes_an_earlier_release_is_still_a_way_back() -> None:
    assert relief(BACK, None, None, recorded=False) == BACK
    assert relief(BACK, None, None) is None


def test_an_unlikely_trigger_leaves_the_mechanism_s_own_relief() -> None:
    assert relief(BACK, replace(LIKELY, weight=0.2), CHANGE) == BACK
