"""From a person's words to a cause: what is unclear is asked back, what the catalogue lacks is kept in their words."""

from __future__ import annotations

from compass.domain.hypothesis import TriggerOption
from compass.domain.incident import Change
from compass.domain.learned import Cause
from compass.domain.mechanism import Pattern
from compass.domain.time import Instant
from compass.investigation.verdict import Unclear, cause_of_account, cause_of_words
from tests.support.boards import LEDGER, ONSET_NS, ORDERS, account, believed, mechanism, theory

MECHANISMS = {
    "pool_exhausted": mechanism("pool_exhausted", claim="All connections in a pool of {entity} are in use."),
    "disk_full": mechanism(
        "disk_full", claim="The disk of {entity} is full.", family="disk", requires=(Pattern(signs=("disk.full",)),)
    ),
}
POOL = theory("pool_exhausted", ORDERS)
CHANGE = Change(id="ledger-2", at=Instant(ns=ONSET_NS), kind="deploy", summary="ledger 2", entity=LEDGER)
BOARD = believed({POOL: 0.7}, changes=(CHANGE,))


def test_an_account_brings_the_change_that_most_probably_set_it_off() -> None:
    options = (TriggerOption(change="none", weight=0.3), TriggerOption(change="ledger-2", weight=0.7))
    made = believed({POOL: 0.7}, accounts=(account(POOL, triggers=options),))
    assert cause_of_account(POOL, made) == Cause(mechanism="pool_exhausted", entity=ORDERS, change="ledger-2")
    assert cause_of_account(POOL, BOARD).change == ""


def test_words_name_a_mechanism_and_a_part() -> None:
    found = cause_of_words("the disk of ledger was full", BOARD, MECHANISMS, change="ledger-2")
    assert isinstance(found, Cause)
    assert (found.mechanism, found.entity, found.change) == ("disk_full", LEDGER, "ledger-2")
    assert found.said == "the disk of ledger was full"


def test_a_theory_of_the_board_is_meant_before_anything_else() -> None:
    found = cause_of_words("pool exhausted", BOARD, MECHANISMS)
    assert isinstance(found, Cause)
    assert (found.mechanism, found.entity) == ("pool_exhausted", ORDERS)


def test_an_id_and_a_name_given_outright_decide() -> None:
    found = cause_of_words("disk_full", BOARD, MECHANISMS, entity="ledger")
    assert isinstance(found, Cause)
    assert (found.mechanism, found.entity) == ("disk_full", LEDGER)
    unknown = cause_of_words("disk_full", BOARD, MECHANISMS, entity="nobody-knows-this")
    assert isinstance(unknown, Unclear)
    assert "ledger" in unknown.options


def test_of_a_mechanism_that_is_not_there_those_that_its_words_mean_are_offered_first() -> None:
    made = {**MECHANISMS, "leak": mechanism("leak", claim="{entity} keeps more and more of it.")}
    found = cause_of_words("no idea", BOARD, made, mechanism="full_disk_event")  # closest by its letters: leak
    assert isinstance(found, Unclear)
    assert found.options[0] == "disk_full"
    found = cause_of_words("the pool is exhausted", BOARD, made, mechanism="lek")
    assert isinstance(found, Unclear)
    assert found.options[:2] == ("pool_exhausted", "leak"), "what was said counts too"


def test_what_no_mechanism_fits_is_kept_in_words() -> None:
    found = cause_of_words("an excavator", BOARD, MECHANISMS)
    assert isinstance(found, Cause)
    assert (found.mechanism, found.entity, found.said) == ("", None, "an excavator")


def test_words_that_deny_a_mechanism_never_record_it_unasked() -> None:
    said = cause_of_words("the disk of ledger was not full", BOARD, MECHANISMS)
    assert isinstance(said, Unclear)
    assert "not so" in said.question
