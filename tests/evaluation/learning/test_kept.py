"""What was finished is found again: only for the same program, incident and memory, and after a crash as well."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from compass.domain.knowledge import Learned, PastIncident, PastStatus
from compass.domain.learned import Cause, Signature
from compass.evaluation.case import CaseRun
from compass.evaluation.learning.kept import Kept
from compass.evaluation.learning.lived import Effort, Lived
from compass.ports.errors import BadInputError
from tests.support.boards import ORDERS

CAUSE = Cause(mechanism="pool", entity=ORDERS)
LIVED = Lived(
    run=CaseRun(id="shop-01"), signature=Signature(signs={"latency.up@paged": 0.9}), led=CAUSE,
    at=datetime(2026, 1, 1, tzinfo=UTC), theories=((CAUSE, ORDERS),), entities=(ORDERS,), decided=Effort(rounds=2),
)  # fmt: skip
PAST = Learned(
    incident=PastIncident(
        investigation=UUID(int=1), number=1, title="t", at=datetime(2026, 1, 1, tzinfo=UTC), status=PastStatus.SOLVED,
        signature=Signature(),
    )
)  # fmt: skip


def test_a_result_is_found_again_whole_and_for_nothing_else(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "kept", "1")
    key = kept.key("shop-01", (PAST,))
    kept.keep(key, LIVED)
    again = Kept(tmp_path / "kept", "1")
    assert again.find(again.key("shop-01", (PAST,))) == LIVED
    later = replace(PAST, incident=replace(PAST.incident, number=2))
    others = [again.key("shop-02", (PAST,)), again.key("shop-01", ()), again.key("shop-01", (later,))]
    others += [again.key("shop-01", None), Kept(None, "2").key("shop-01", (PAST,))]
    assert len({key, *others}) == 6
    assert [again.find(one) for one in others] == [None] * 5


def test_what_failed_is_tried_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "kept", "1")
    kept.keep("a", Lived(run=CaseRun(id="shop-01", error="late")))
    assert kept.find("a") is None
    assert not (tmp_path / "kept").exists()


def test_a_line_that_was_cut_off_is_dropped_and_written_again(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    kept = Kept(file, "1")
    kept.keep("a", LIVED)
    kept.keep("b", LIVED)
    file.write_bytes(file.read_bytes()[:-20])
    again = Kept(file, "1")
    assert (again.find("a"), again.find("b")) == (LIVED, None)
    again.keep("b", LIVED)
    assert Kept(file, "1").find("b") == LIVED


@pytest.mark.parametrize("text", ["{}\n", "no line of ours", '{"key":"a","lived":3}\n'])
def test_another_file_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "notes.txt"
    file.write_text(text)
    with pytest.raises(BadInputError, match="no kept investigations"):
        Kept(file, "1")
    assert file.read_text() == text
