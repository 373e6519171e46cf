"""What a person would have said: right from the label, or wrong on purpose, and never from the case at hand."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from compass.domain.learned import Cause, Signature
from compass.evaluation.case import CaseRun
from compass.evaluation.learning.lived import Lived
from compass.evaluation.learning.teach import taught
from compass.evaluation.truth import Place, Truth
from tests.support.boards import LEDGER, ORDERS

SIGNATURE = Signature(signs={"latency.up@paged": 0.9})
POOL, DISK, SLOW = (
    Cause(mechanism="pool", entity=ORDERS), Cause(mechanism="disk_full", entity=LEDGER),
    Cause(mechanism="slow", entity=LEDGER),
)  # fmt: skip
LIVED = Lived(
    run=CaseRun(id="shop-01"), signature=SIGNATURE, at=datetime(2026, 1, 1, tzinfo=UTC), led=POOL,
    theories=((POOL, ORDERS), (SLOW, LEDGER), (DISK, LEDGER)), entities=(LEDGER, ORDERS),
)  # fmt: skip


def truth(name: str = "ledger", fault_type: str = "disk") -> Truth:
    return Truth(id="shop-01", fault_type=fault_type, accepted=(Place(kind="service", name=name),))


def test_the_truth_counts_for_itself_and_against_what_led() -> None:
    learned = taught(LIVED, truth(), ("disk_full",), 0, None)
    assert learned is not None
    assert learned.incident.cause == DISK
    assert [(one.right, one.mechanism, one.entity) for one in learned.lessons] == [
        (True, "disk_full", LEDGER), (False, "pool", ORDERS),
    ]  # fmt: skip
    right = taught(LIVED, truth("orders"), ("pool",), 0, None)
    assert right is not None
    assert [one.right for one in right.lessons] == [True]


def test_where_no_mechanism_is_labelled_the_best_account_at_the_place_is_accepted() -> None:
    learned = taught(LIVED, truth(), (), 0, None)
    assert learned is not None
    assert learned.incident.cause == SLOW


def test_a_labelled_mechanism_that_was_not_listed_is_said_of_the_entity() -> None:
    learned = taught(LIVED, truth(), ("memory_leak",), 0, None)
    assert learned is not None
    assert learned.incident.cause == Cause(mechanism="memory_leak", entity=LEDGER)


def test_what_cannot_be_said_teaches_nothing() -> None:
    assert taught(LIVED, truth("nobody"), (), 0, None) is None
    assert taught(LIVED, Truth(id="shop-01", fault_type="none", accepted=()), (), 0, None) is None
    assert taught(Lived(run=CaseRun(id="shop-01", error="late")), truth(), ("disk_full",), 0, None) is None


def test_a_mistaken_person_names_another_place_from_the_list() -> None:
    learned = taught(LIVED, truth(), ("disk_full",), 0, random.Random(1))
    assert learned is not None
    assert learned.incident.cause == POOL
    only = Lived(run=CaseRun(id="shop-01"), at=LIVED.at, theories=((DISK, LEDGER),), entities=(LEDGER,))
    assert taught(only, truth(), ("disk_full",), 0, random.Random(1)) is None
