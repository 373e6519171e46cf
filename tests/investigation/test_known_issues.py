"""What known issues propose: with the least lead, nothing that suggested it, and gaining nothing by being written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compass.analysis.likelihood import load_table
from compass.domain.board import Board
from compass.domain.chronicle import Payload, PosteriorUpdated
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.mechanism import Mechanism, Pattern
from compass.domain.team import TeamKnowledge
from compass.investigation.beliefs import believe
from compass.investigation.known_issues import written_down
from compass.mechanisms.propose import MIN_LEAD, hypothesis_id
from compass.projections.board import fold_all
from compass.projections.team.discount import discounted
from tests.support import boards as b
from tests.support.knowing import about, knowledge, known_issue

POOL = b.seen("pool.exhausted", b.ORDERS, 0.9)
LEAK = b.mechanism("leak", requires=(Pattern(signs=("memory.leak",)),))
MECHANISMS = {"leak": LEAK, "pool": b.mechanism("pool")}


def told(*issues: object, seen: tuple[object, ...] = (POOL,), **parts: object) -> Board:
    return b.board(seen, team=knowledge(known_issues=issues), **parts)  # type: ignore[arg-type]


def test_a_known_issue_proposes_what_it_is_with_the_least_lead() -> None:
    (theory,) = written_down(told(known_issue(about("pool.exhausted"), mechanism="leak")), MECHANISMS)
    assert (theory.mechanism, theory.entity, theory.proposed_by) == ("leak", b.ORDERS, "team:known")
    assert (theory.lead, theory.suggested_by, theory.label) == (MIN_LEAD, frozenset(), "")


def test_it_strikes_where_the_entry_says_or_what_contains_what_was_seen() -> None:
    pod = EntityRef(kind=EntityKind.POD, name="orders-1", namespace="shop")
    board = told(known_issue(about("gc.up"), mechanism="leak"), seen=(b.seen("gc.up", pod),),
                 containment={pod: b.ORDERS})  # fmt: skip
    assert [h.entity for h in written_down(board, MECHANISMS)] == [b.ORDERS]
    named = told(known_issue(about("pool.exhausted"), mechanism="leak", entity="ledger"))
    assert [h.entity for h in written_down(named, MECHANISMS)] == [b.LEDGER]


@pytest.mark.parametrize(
    "issue",
    [
        known_issue(about("pool.exhausted")),  # it only says so
        known_issue(about("pool.exhausted"), mechanism="unheard_of"),
        known_issue(about("pool.exhausted"), mechanism="leak", entity="elsewhere"),
        known_issue(about("cpu.up"), mechanism="leak"),
    ],
)
def test_what_cannot_be_placed_proposes_nothing(issue: object) -> None:
    assert written_down(told(issue), MECHANISMS) == ()


def test_what_is_on_the_board_or_about_to_be_is_not_proposed_again() -> None:
    issue = known_issue(about("pool.exhausted"), mechanism="leak")
    key = hypothesis_id("leak", b.ORDERS)
    assert written_down(told(issue), MECHANISMS, {key}) == ()
    there = replace(b.theory("leak", b.ORDERS), id=key)
    assert written_down(told(issue, hypotheses={key: there}), MECHANISMS) == ()


SEEN = (POOL, b.seen("memory.leak", b.LEDGER, 0.8), b.seen("latency.up", b.WEB, 0.9), b.seen("errors.up", b.ORDERS))
TABLE = load_table()


def scores(board: Board, mechanisms: dict[str, Mechanism] = MECHANISMS) -> dict[str, float]:
    """What each account weighs against "not on this list", in log units: what others lose does not enter."""
    payloads: list[Payload] = [payload for _, payload in believe(board, mechanisms, TABLE)]
    posterior = next(p.posterior for p in payloads if isinstance(p, PosteriorUpdated))
    after = fold_all(b.events(payloads), board)
    heads = {account.id: account.head for account in after.accounts}
    return {
        heads[key]: sum(term.log_score for term in posterior.terms if term.account == key) for key in posterior.accounts
    }


ENTRY = st.builds(
    known_issue,
    st.sampled_from(["pool.exhausted", "memory.leak", "latency.up", "errors.*"]).map(about),
    mechanism=st.sampled_from(["", "leak", "pool"]), entity=st.sampled_from(["", "orders", "ledger", "web"]),
    id=st.sampled_from(["a", "b"]),
)  # fmt: skip


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(issues=st.lists(ENTRY, max_size=4))
def test_nothing_that_is_known_raises_what_was_stated_without_it(issues: list[object]) -> None:
    plain = scores(b.board(SEEN))
    with_them = scores(told(*issues, seen=SEEN))
    assert set(plain) <= set(with_them)
    for head, score in plain.items():
        assert with_them[head] <= score + 1e-9
    brought = set(with_them) - set(plain)
    assert all(with_them[head] < max(plain.values()) for head in brought)


def test_the_team_s_word_is_set_aside_by_nothing_that_is_not_there() -> None:
    assert discounted(b.board((POOL,), team=TeamKnowledge()), POOL) is None
