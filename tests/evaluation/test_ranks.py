"""Where the truth stands in an answer."""

from __future__ import annotations

import pytest

from compass.evaluation.ranks import belief_in_truth, place_of, rank_of
from compass.evaluation.truth import Place
from tests.evaluation.answers import answer, ranked, truth


def test_ranks_count_distinct_entities() -> None:
    found = answer(ranked("a", 0.4, mechanism="x"), ranked("a", 0.3, mechanism="y"), ranked("orders", 0.2))
    assert place_of(found, truth("orders"), ()).entity == 2


def test_a_service_is_whatever_serves_under_that_name() -> None:
    for kind in ("service", "workload", "database", "cache", "queue", "external"):
        assert place_of(answer(ranked("orders", kind=kind)), truth("orders"), ()).entity == 1
    assert place_of(answer(ranked("orders", kind="node")), truth("orders"), ()).entity is None


def test_workload_and_service_of_one_name_are_one_entity() -> None:
    found = answer(ranked("a", kind="service"), ranked("a", kind="workload"), ranked("orders"))
    assert place_of(found, truth("orders"), ()).entity == 2


def test_other_kinds_have_to_be_named_exactly() -> None:
    assert place_of(answer(ranked("n1", kind="node")), truth("n1", kind="node"), ()).entity == 1
    assert place_of(answer(ranked("n1", kind="service")), truth("n1", kind="node"), ()).entity is None


def test_a_commit_is_found_by_the_trigger() -> None:
    found = answer(ranked("orders", trigger="ab12"))
    assert place_of(found, truth("ab12", kind="commit"), ()).entity == 1


def test_any_accepted_place_is_right() -> None:
    assert place_of(answer(ranked("orders-db")), truth("orders", also=("orders-db",)), ()).entity == 1


def test_diagnosis_needs_place_and_mechanism() -> None:
    found = answer(ranked("orders", 0.5, mechanism="cpu"), ranked("orders", 0.4, mechanism="leak"))
    placing = place_of(found, truth("orders"), ("leak",))
    assert (placing.entity, placing.diagnosis, placing.right) == (1, 2, False)
    assert place_of(found, truth("orders"), ("cpu", "leak")).right
    assert place_of(found, truth("orders"), ()).diagnosis is None
    assert place_of(found, truth("cart"), ("cpu",)).diagnosis is None


def test_confidence_is_that_of_what_is_judged() -> None:
    found = answer(
        ranked("orders", 0.4, mechanism="pool"), ranked("web", 0.3, mechanism="slow"),
        ranked("orders", 0.2, mechanism="slow"), ranked("orders", 0.1, mechanism="slow", kind="database"),
    )  # fmt: skip
    assert place_of(found, truth("orders"), ()).confidence == pytest.approx(0.6)  # the place alone is labelled
    assert place_of(found, truth("orders"), ("pool",)).confidence == pytest.approx(0.4)


def test_an_empty_list_is_a_miss_of_no_confidence() -> None:
    placing = place_of(answer(not_listed=1.0), truth("orders"), ("leak",))
    assert (placing.entity, placing.right, placing.confidence, placing.led) == (None, False, 0.0, "not_listed")
    assert placing.led_right


def test_not_on_this_list_is_wrong_where_the_truth_is_listed() -> None:
    placing = place_of(answer(ranked("orders", 0.3), not_listed=0.6), truth("orders"), ())
    assert placing.led == "not_listed"
    assert not placing.led_right


def test_a_healthy_recording_wants_no_incident_first() -> None:
    quiet = answer(ranked("a", 0.2), no_incident=0.7)
    assert place_of(quiet, truth(healthy=True), ()).entity == 1
    assert place_of(quiet, truth(healthy=True), ()).led_right
    assert not place_of(quiet, truth(), ()).led_right
    loud = answer(ranked("a", 0.4), ranked("a", 0.3, mechanism="y"), no_incident=0.2)
    assert place_of(loud, truth(healthy=True), ()).entity == 2
    assert not place_of(loud, truth(healthy=True), ()).right
    assert place_of(answer(), truth(healthy=True), ()).entity is None


@pytest.mark.parametrize(("said", "labelled", "right"), [
    ("d1", "d1", True), ("none", "d1", False), ("none", "none", True), ("d1", "none", False),
])  # fmt: skip
def test_the_trigger_is_the_leaders(said: str, labelled: str, right: bool) -> None:
    placing = place_of(answer(ranked("orders", trigger=said), ranked("x", trigger="d1")), truth(trigger=labelled), ())
    assert placing.trigger_right is right
    assert placing.trigger_none_said is (said == "none")


def test_a_decoy_is_blamed_as_entity_or_as_trigger_of_the_leader() -> None:
    assert place_of(answer(ranked("cart")), truth(decoys=("cart",)), ()).decoy_blamed
    assert place_of(answer(ranked("orders", trigger="c-2")), truth(decoys=("c-2",)), ()).decoy_blamed
    assert not place_of(answer(ranked("orders"), ranked("cart")), truth(decoys=("cart",)), ()).decoy_blamed


def test_rank_of_nothing() -> None:
    assert rank_of((), (Place(kind="service", name="a"),)) is None


def test_belief_in_the_truth_is_that_of_all_that_is_right_or_of_not_on_this_list() -> None:
    found = answer(
        ranked("orders", 0.4, mechanism="x"), ranked("orders", 0.2, mechanism="y"), ranked("cart", 0.1),
        not_listed=0.2, no_incident=0.1,
    )  # fmt: skip
    assert belief_in_truth(found, truth("orders"), ()) == pytest.approx(0.6)
    assert belief_in_truth(found, truth("orders"), ("y",)) == 0.2
    assert belief_in_truth(found, truth("orders"), ("z",)) == 0.2
    assert belief_in_truth(found, truth("ledger"), ()) == 0.2
    assert belief_in_truth(found, truth(healthy=True), ()) == 0.1
