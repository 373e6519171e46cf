"""What came of a decision: told from what people said since, by what was known then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.domain.commanded import Decided, DecisionKind, DecisionMade, DecisionRecord
from compass.domain.learned import Cause
from compass.projections.outcomes import outcome_of
from tests.support.boards import LEDGER, ORDERS, believed, mechanism, theory

POOL = theory("pool", ORDERS, "H1")
OWN = replace(theory("disk_full", LEDGER, "H7"), proposed_by="human")
WAS_POOL, WAS_DISK = (
    Cause(mechanism="pool", entity=ORDERS),
    Cause(mechanism="disk_full", entity=LEDGER, said="disk full"),
)

WAS_ELSEWHERE = Cause(mechanism="leak", entity=LEDGER, said="a leak of memory")
OWN_WORDS = Cause(mechanism="", entity=None, said="a cable")


def made(kind: DecisionKind, decision: str, seq: int = 5, **record: object) -> DecisionMade:
    kept = DecisionRecord(kind=kind, posterior={"H1": 0.7, "H2": 0.1}, **record)  # type: ignore[arg-type]
    return DecisionMade(key=f"k{seq}", seq=seq, decided=Decided(decision=decision, by="human", because="", record=kept))


def came(one: DecisionMade, cause: Cause | None, *later: DecisionMade) -> str:
    board = believed({POOL: 0.7, OWN: 0.1}, made=(one, *later))
    board = replace(board, verdicts=replace(board.verdicts, cause=cause))
    return outcome_of(one, board, {"pool": mechanism("pool")})


@pytest.mark.parametrize(
    ("kind", "decision", "cause", "said"),
    [
        (DecisionKind.DIRECTION, "test H1 deeper", WAS_POOL, "H1 is what it turned out to be; then H1 at 70%"),
        (DecisionKind.DIRECTION, "test H1 deeper", WAS_DISK, "it turned out to be: disk full; it was on no list then"),
        (DecisionKind.DIRECTION, "test H7 deeper", WAS_POOL,
         "it turned out to be: The pool of orders is used up; then H1 at 70%"),
        (DecisionKind.REJECTION, "set H1 aside", WAS_POOL,
         "H1, which was set aside, is what it turned out to be; then H1 at 70%"),
        (DecisionKind.REJECTION, "set H1 aside", WAS_DISK, "H1, which was set aside, was not it; it was: disk full"),
        (DecisionKind.THEORY, "test a theory of one's own: disk full at ledger", WAS_DISK,
         "H7 is what it turned out to be; it was on no list then"),
        (DecisionKind.GATE, "go on to why", WAS_POOL, "H1 is what it turned out to be; then H1 at 70%"),
        (DecisionKind.END, "end: 3 rounds done", WAS_DISK, "H7 is what it turned out to be; it was on no list then"),
        (DecisionKind.SPENDING, "stop spending", WAS_ELSEWHERE,
         "it turned out to be: a leak of memory; it was on no list"),
        (DecisionKind.END, "end: the posterior is decided", OWN_WORDS, "it turned out to be: a cable"),
        (DecisionKind.DIRECTION, "test H1 deeper", OWN_WORDS, "it turned out to be: a cable"),
        (DecisionKind.END, "end: 3 rounds done", None, ""),
        (DecisionKind.DIRECTION, "test H1 deeper", None, ""),
        (DecisionKind.PAUSE, "pause", WAS_POOL, ""),
        (DecisionKind.DIRECTION, "test H9 deeper", WAS_POOL, ""),
    ],
)  # fmt: skip
def test_what_came_of_it(kind: DecisionKind, decision: str, cause: Cause | None, said: str) -> None:
    assert came(made(kind, decision), cause) == said


def test_what_a_policy_decided_is_told_like_what_a_person_did() -> None:
    one = made(DecisionKind.GATE, "go on to why")
    policy = replace(one, decided=replace(one.decided, by="policy:unattended"))
    assert came(policy, WAS_POOL) == came(one, WAS_POOL) == "H1 is what it turned out to be; then H1 at 70%"
    assert one.decided.record is not None
    before = replace(policy, decided=replace(policy.decided, record=replace(one.decided.record, posterior={})))
    assert came(before, WAS_POOL) == "H1 is what it turned out to be; nothing had been weighed then"


def test_a_word_on_what_it_was_stands_until_somebody_says_otherwise() -> None:
    first = made(DecisionKind.ACCEPTANCE, "resolved: a", chosen="a")
    assert came(first, WAS_POOL) == "nobody has said otherwise since"
    other = made(DecisionKind.ACCEPTANCE, "corrected: b", seq=9, chosen="b")
    assert came(first, WAS_DISK, other) == "said later to have been: disk full"
    again = made(DecisionKind.ACCEPTANCE, "resolved: a", seq=9, chosen="a")
    assert came(first, WAS_POOL, again) == "said again later"


def test_a_word_that_was_taken_back_is_no_later_word() -> None:
    first = replace(made(DecisionKind.ACCEPTANCE, "resolved: a", chosen="a"), key="decision/r")
    slip = replace(made(DecisionKind.ACCEPTANCE, "corrected: b", seq=9, chosen="b"), key="decision/c")
    board = believed({POOL: 0.7, OWN: 0.1}, made=(first, slip))
    board = replace(board, verdicts=replace(board.verdicts, cause=WAS_POOL, undone=("c",)))
    assert outcome_of(first, board, {}) == "nobody has said otherwise since"
    assert outcome_of(slip, board, {}) == "it was taken back"
