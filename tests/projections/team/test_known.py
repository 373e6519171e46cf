"""Known issues, announced work, stated dependencies and whom to call: what holds here, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from compass.domain.board import Board
from compass.domain.briefed import TeamBriefed
from compass.domain.chronicle import ContextLearned
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Dependency, Severity
from compass.domain.sign import CRITICAL
from compass.domain.team import Dependency as Stated
from compass.domain.team import Escalation, Level, Maintenance, Reach, Span, TeamKnowledge, Weekly
from compass.domain.time import NS_PER_S
from compass.projections.board import fold_all
from compass.projections.build_view import build_view
from compass.projections.team.edges import STATED
from compass.projections.team.known import known_issues
from compass.projections.team.whom import whom
from compass.projections.team.work import announced
from tests.support import boards as b
from tests.support.knowing import EVERYWHERE, WRITTEN, about, critical, knowledge, known_issue, of_service

POOL = b.seen("pool.exhausted", b.ORDERS, 0.9)


def test_a_known_issue_shows_itself_where_it_matches_and_by_its_strongest_fact_first() -> None:
    weak = b.seen("pool.exhausted", b.LEDGER, 0.6)
    issue, elsewhere = known_issue(about("pool.exhausted")), known_issue(about("cpu.up"), id="other")
    board = b.board((weak, POOL), team=knowledge(known_issues=(elsewhere, issue)))
    (known,) = known_issues(board)
    assert known.entry == issue
    assert known.seen == (POOL, weak)
    only = known_issue(about("pool.exhausted"), of_service("ledger"))
    assert known_issues(replace(board, team=knowledge(known_issues=(only,))))[0].seen == (weak,)


def test_the_view_says_what_it_is_and_what_became_of_what_it_proposes() -> None:
    head = replace(b.theory("pool", b.ORDERS), proposed_by="team:known")
    issue = known_issue(about("pool.exhausted"), workaround="restart", link="https://wiki/1", mechanism="pool")
    board = replace(
        b.believed({head: 0.07}), observations={POOL.id: POOL}, observation_labels={POOL.id: "E4"},
        team=knowledge(known_issues=(issue,)),
    )  # fmt: skip
    view = build_view(board, {"pool": b.mechanism()}, id="x", number=1)
    assert view.team is not None
    (line,) = view.team.known
    assert (line.labels, line.here, line.workaround) == (("E4",), "H1, 7%", "restart")
    assert view.accounts[0].author == "team"
    assert (view.team.version, view.critical) == (3, ())


def test_a_critical_error_stands_first_in_the_view_and_in_the_json() -> None:
    line = b.seen(CRITICAL, b.LEDGER, 0.9, text="ledger: corruption (call storage), 3 lines: page checksum mismatch")
    quoted = b.seen("log.novel", b.LEDGER, 0.99, text="ledger wrote what it never wrote: page checksum mismatch")
    team = knowledge(critical_errors=(critical("checksum mismatch"),))
    view = build_view(b.board((quoted, POOL, line), team=team), {}, id="x", number=1)
    assert [one.label for one in view.critical] == ["E3", "E1"]
    assert view.critical[0].means == ("call storage",)


def work(*spans: Span, reach: Reach = EVERYWHERE, weekly: tuple[Weekly, ...] = (), id: str = "vacuum") -> Maintenance:  # noqa: A002
    return Maintenance(id=id, reach=reach, written=WRITTEN, says="vacuum", spans=spans, weekly=weekly)


def at(offset_s: float) -> datetime:
    return datetime.fromtimestamp(b.ONSET_NS / NS_PER_S + offset_s, tz=UTC)


def test_announced_work_is_found_where_it_meets_the_incident_and_suppresses_nothing() -> None:
    during, later = work(Span(start=at(-600), end=at(60))), work(Span(start=at(120), end=at(300)), id="later")
    over = work(Span(start=at(-9_000), end=at(-8_000)), id="over")
    nobody = work(Span(start=at(0)), reach=of_service("nobody"), id="nobody")
    board = b.board((POOL,), team=TeamKnowledge(maintenance=(later, nobody, during, over)))
    assert [(one.entry.id, one.after_onset) for one in announced(board)] == [("vacuum", False), ("later", True)]
    assert board.anomalies() == (POOL,)


def contact(who: str, *severities: Severity, reach: Reach = EVERYWHERE) -> Escalation:
    return Escalation(id=who, reach=reach, written=WRITTEN, who=who, how="#x", severities=severities)


@pytest.mark.parametrize(
    ("severity", "names"),
    [
        (Severity.SEV1, ["web", "worst", "any"]), (Severity.SEV3, ["web", "any"]),
        (Severity.UNKNOWN, ["web", "worst", "any"]),
    ],
)  # fmt: skip
def test_whom_to_call_goes_by_what_was_paged_and_how_bad_it_is(severity: Severity, names: list[str]) -> None:
    team = TeamKnowledge(escalation=(
        contact("worst", Severity.SEV1, Severity.SEV2), contact("any"), contact("web", reach=of_service("web")),
        contact("ledger", reach=of_service("ledger")),
    ))  # fmt: skip
    board = b.board(team=team, incident=replace(b.INCIDENT, severity=severity))
    assert [one.who for one in whom(board)] == names


def stated(caller: str, callee: str, kind: EntityKind = EntityKind.SERVICE, reach: Reach = EVERYWHERE) -> Stated:
    return Stated(id=f"{caller} -> {callee}", reach=reach, written=WRITTEN, caller=caller, callee=callee, kind=kind)


def learned(*entries: Stated, edges: tuple[Dependency, ...] = ()) -> Board:
    context = ContextLearned(entities=(b.WEB, b.ORDERS, b.LEDGER), dependencies=edges, changes=())
    told = TeamBriefed(knowledge=TeamKnowledge(dependencies=entries))
    return fold_all(b.events((told, context)), Board(incident=b.INCIDENT))


def test_a_stated_dependency_stands_beside_what_was_observed_and_says_where_it_is_from() -> None:
    seen = Dependency(caller=b.WEB, callee=b.ORDERS, seen="spans")
    board = learned(stated("web", "orders"), stated("orders", "ledger"), edges=(seen,))
    assert board.dependencies == (seen, Dependency(caller=b.ORDERS, callee=b.LEDGER, seen=STATED))
    view = build_view(board, {}, id="x", number=1)
    assert view.team is not None
    assert [(one.caller, one.callee) for one in view.team.stated] == [(b.ORDERS, b.LEDGER)]


def test_what_is_called_need_not_be_known_and_what_calls_has_to_be() -> None:
    board = learned(stated("nobody", "ledger"), stated("ledger", "bank", EntityKind.EXTERNAL))
    bank = EntityRef(kind=EntityKind.EXTERNAL, name="bank")
    assert [(d.caller, d.callee) for d in board.dependencies] == [(b.LEDGER, bank)]
    assert bank in board.entities


def test_what_telemetry_knows_as_another_kind_is_that_very_thing() -> None:
    board = learned(stated("web", "ledger", EntityKind.DATABASE))
    assert [(d.caller, d.callee) for d in board.dependencies] == [(b.WEB, b.LEDGER)]


def test_a_dependency_of_a_service_holds_for_it_alone() -> None:
    reach = Reach(level=Level.SERVICE, name="orders")
    assert learned(stated("web", "ledger", reach=reach)).dependencies == ()
    assert len(learned(stated("orders", "ledger", reach=reach)).dependencies) == 1


def test_an_edge_that_is_seen_later_is_an_observed_one() -> None:
    told = TeamBriefed(knowledge=TeamKnowledge(dependencies=(stated("web", "orders"),)))
    first = ContextLearned(entities=(b.WEB, b.ORDERS), dependencies=(), changes=())
    seen = Dependency(caller=b.WEB, callee=b.ORDERS, seen="spans")
    second = replace(first, dependencies=(seen,))
    board = fold_all(b.events((told, first, second)), Board(incident=b.INCIDENT))
    assert board.dependencies == (seen,)
