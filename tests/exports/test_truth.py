"""A label that a team wrote about its own incident is one that `compass eval` reads and understands."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Change
from compass.domain.learned import Cause
from compass.domain.time import Instant
from compass.evaluation.labels import load_labels
from compass.evaluation.truth import Place, load_truth
from compass.exports.truth import truth_of
from tests.support.boards import ONSET_NS, ORDERS, board


def test_what_is_written_is_read_back_with_place_mechanism_and_trigger(tmp_path: Path) -> None:
    change = Change(id="orders-1.2", at=Instant(ns=ONSET_NS), kind="deploy", summary="orders 1.2", entity=ORDERS)
    pod = EntityRef(kind=EntityKind.POD, name="orders-7f", namespace="shop")
    made = board(changes=(change,), containment={pod: ORDERS})
    text = truth_of("ours-0001", Cause(mechanism="pool_exhausted", entity=pod, change="orders-1.2"), made)
    file = tmp_path / "ours-0001.yaml"
    file.write_text(text)
    truth = load_truth(file)
    assert truth.accepted == (Place(kind="service", name="orders"),)
    assert (truth.id, truth.fault_type, truth.trigger) == ("ours-0001", "pool_exhausted", "orders-1.2")
    assert truth.onset_ns == ONSET_NS
    assert load_labels({"pool_exhausted"} | _named())[truth.fault_type] == ("pool_exhausted",)


def _named() -> set[str]:
    """The catalogue, which the built-in table of labels refers to."""
    from compass.mechanisms.loader import load_catalogue

    return {mechanism.id for mechanism in load_catalogue(()).mechanisms}


def test_words_without_a_mechanism_are_scored_by_the_entity_and_without_one_there_is_no_label() -> None:
    assert "fault_type: unlabelled" in truth_of("x", Cause(mechanism="", entity=ORDERS, said="a cable"), board())
    with pytest.raises(ValueError, match="needs the entity"):
        truth_of("x", Cause(mechanism="pool", entity=None), board())
