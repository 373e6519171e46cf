"""What is set aside: only what is abnormal, only where everything that is said of it surely holds, never a critical
error."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.domain.board import Board
from compass.domain.briefed import TeamBriefed
from compass.domain.chronicle import Attempted, Observed, RoundFinished
from compass.domain.disproof import DisproofAttempt, Outcome
from compass.domain.entity import EntityKind
from compass.domain.observation import ALERT_SERIES, Observation, Quantity, Verdict
from compass.domain.sign import CRITICAL
from compass.domain.team import FalseAlarm, Matching, NormalBehaviour, TeamKnowledge, Weekly
from compass.projections.board import fold_all
from compass.projections.team.critical import criticals
from compass.projections.team.discount import discounted, judged
from tests.support import boards as b
from tests.support.knowing import about, critical, false_alarm, knowledge, normal, of_service

SLOW = b.seen("latency.up", b.ORDERS)
WAIT = "timed out waiting for <*>"


def told(team: TeamKnowledge, *seen: Observation) -> Board:
    return b.board(seen, team=team)


def aside(o: Observation, *entries: NormalBehaviour | FalseAlarm) -> bool:
    team = knowledge(
        normal=tuple(e for e in entries if isinstance(e, NormalBehaviour)),
        false_alarms=tuple(e for e in entries if isinstance(e, FalseAlarm)),
    )
    return discounted(told(team, o), o) is not None


@pytest.mark.parametrize(
    ("matching", "meets"),
    [
        (about("latency.up"), True),
        (about("latency.*"), True),
        (about("errors.up"), False),
        (about(kinds=(EntityKind.SERVICE,)), True),
        (about("latency.up", kinds=(EntityKind.POD,)), False),
        (about("latency.up", lines=("timed out",)), False),  # it rests on no line
        (about("latency.up", alerts=("Slow",)), False),
        (Matching(), False),
    ],
)
def test_every_part_that_is_given_has_to_be_met(matching: Matching, meets: bool) -> None:
    assert aside(SLOW, normal(matching)) is meets
    assert aside(SLOW, false_alarm(matching)) is meets


def test_an_alert_is_known_by_its_name() -> None:
    o = b.seen("latency.up", b.ORDERS, series=f"{ALERT_SERIES}Slow|Checkout|{b.ORDERS.key}")
    assert aside(o, false_alarm(about(alerts=("Slow|Checkout",))))
    assert not aside(o, false_alarm(about(alerts=("Slow",))))


def test_a_line_has_to_be_in_every_template_that_a_fact_rests_on() -> None:
    o = replace(b.seen("log.novel", b.ORDERS), statements=(WAIT, "retrying <*>"))
    assert not aside(o, false_alarm(about(lines=("timed out waiting",))))
    assert aside(o, false_alarm(about(lines=("timed out waiting", "retrying"))))
    # Its template says it only where the value that varies is left open: what may be another line is not hidden.
    assert not aside(o, false_alarm(about(lines=("waiting for db-1", "retrying"))))
    assert aside(o, false_alarm(about(lines=("waiting for *", "retrying"))))


@pytest.mark.parametrize("verdict", [Verdict.NORMAL, Verdict.UNKNOWN])
def test_what_was_measured_to_be_normal_stays_and_refutes_as_before(verdict: Verdict) -> None:
    assert not aside(b.seen("latency.up", b.ORDERS, verdict=verdict), normal(about("latency.up")))


@pytest.mark.parametrize(
    ("value", "at_least", "at_most", "unit", "inside"),
    [
        (Quantity(value=0.4, unit="s"), None, 500.0, "ms", True),
        (Quantity(value=0.6, unit="s"), None, 500.0, "ms", False),
        (Quantity(value=90.0, unit="%"), 0.5, 0.95, "1", True),
        (Quantity(value=0.4, unit="s"), 300.0, None, "ms", True),
        (Quantity(value=0.4, unit="s"), None, 500.0, "By", False),  # another dimension
        (Quantity(value=float("nan"), unit="s"), None, 500.0, "ms", False),
        (None, None, 500.0, "ms", False),  # a value that is not known lies in no range
        (Quantity(value=5.0), 5.0, 5.0, "", True),
    ],
)
def test_the_value_has_to_lie_in_the_range(
    value: Quantity | None, at_least: float | None, at_most: float | None, unit: str, inside: bool
) -> None:
    entry = normal(about("latency.up"), at_least=at_least, at_most=at_most, unit=unit)
    assert aside(replace(SLOW, value=value), entry) is inside


def test_a_time_has_to_hold_from_its_beginning_until_now() -> None:
    # The boards of these tests: the onset at 22:43:20 UTC, now at 22:58:20 on a Tuesday.
    whole = Weekly(start=22 * 60 + 30, end=23 * 60)
    assert aside(SLOW, normal(about("latency.up"), during=(whole,)))
    assert not aside(SLOW, normal(about("latency.up"), during=(replace(whole, end=22 * 60 + 50),)))
    assert not aside(SLOW, normal(about("latency.up"), during=(replace(whole, days=(0,)),)))
    assert aside(SLOW, normal(about("latency.up"), during=(replace(whole, days=(1,)),)))
    # Without a beginning of its own it may have begun at the onset.
    undated = b.seen("latency.up", b.ORDERS, since_ns=None)
    assert aside(undated, normal(about("latency.up"), during=(whole,)))
    assert not aside(undated, normal(about("latency.up"), during=(replace(whole, start=22 * 60 + 50),)))


def test_a_service_s_entry_holds_for_it_alone() -> None:
    assert aside(SLOW, normal(about("latency.up"), of_service("orders")))
    assert not aside(SLOW, normal(about("latency.up"), of_service("ledger")))


SIGNS = st.sampled_from(["latency.up", "log.novel", "log.*", "errors.up"])
LINES = st.lists(st.sampled_from(["checksum", "page *", "mismatch", "timed out"]), max_size=2).map(tuple)
ENTITY = st.sampled_from([b.WEB, b.ORDERS, b.LEDGER])
MATCHING = st.builds(
    Matching, signs=st.lists(SIGNS, max_size=2).map(tuple), lines=LINES,
    kinds=st.lists(st.sampled_from(EntityKind), max_size=2).map(tuple),
)  # fmt: skip
REACH = st.one_of(st.just("").map(of_service), ENTITY.map(lambda e: of_service(e.name)))
ENTRY = st.one_of(st.builds(normal, MATCHING), st.builds(normal, MATCHING, REACH), st.builds(false_alarm, MATCHING))


@given(
    entries=st.lists(ENTRY, max_size=4), sign=st.sampled_from(["log.novel", "log.exception", CRITICAL]), entity=ENTITY,
    quoted=st.booleans(),
)  # fmt: skip
def test_a_critical_error_is_never_set_aside_whatever_else_is_written(
    entries: list[NormalBehaviour | FalseAlarm], sign: str, entity: object, quoted: bool
) -> None:
    assert isinstance(entity, type(b.WEB))
    line = "page checksum mismatch in block 7"
    o = b.seen(sign, entity, text=f"{entity} wrote 3 lines: {line}" if quoted else "it wrote 3 lines")
    o = replace(o, statements=() if quoted else ("page checksum <*> in block <*>",))
    wide = normal(about("log.*", "latency.*", "team.*"))
    team = replace(
        knowledge(critical_errors=(critical("checksum mismatch", reach=of_service(entity.name)),)),
        normal=(wide, *(e for e in entries if isinstance(e, NormalBehaviour))),
        false_alarms=tuple(e for e in entries if isinstance(e, FalseAlarm)),
    )
    board = folded(team, o)
    assert o.id in board.observations
    assert not board.discounted
    assert [one.id for one, _ in criticals(board)] == [o.id]


def folded(team: TeamKnowledge | None, *seen: Observation, attempts: tuple[DisproofAttempt, ...] = ()) -> Board:
    """A board that took these in, in a round."""
    start = b.board(round_open=True, decisions=())
    payloads = [
        *([TeamBriefed(knowledge=team)] if team is not None else []), *(Observed(observation=o) for o in seen),
        *(Attempted(attempt=a) for a in attempts), RoundFinished(number=1),
    ]  # fmt: skip
    return fold_all(b.events(payloads), start)


def test_what_is_set_aside_keeps_its_label_and_its_place() -> None:
    other = b.seen("errors.up", b.LEDGER, 0.9)
    without, board = folded(None, SLOW, other), folded(knowledge(normal=(normal(about("latency.up")),)), SLOW, other)
    assert list(board.observations) == [other.id]
    assert list(board.discounted) == [SLOW.id]
    assert board.observation_labels == without.observation_labels
    assert board.known(SLOW.id) == SLOW
    assert board.anomalies() == (other,)


def test_the_order_of_arrival_changes_nothing() -> None:
    team = knowledge(normal=(normal(about("latency.up")),))
    again = replace(SLOW, agent="database", text="the same, in other words")
    other = b.seen("errors.up", b.LEDGER, 0.9)
    boards = [folded(team, *seen) for seen in ((SLOW, again, other), (other, again, SLOW), (again, other, SLOW))]
    assert all(replace(one, seq=0) == replace(boards[0], seq=0) for one in boards)


def test_only_the_first_briefing_counts() -> None:
    team, later = knowledge(normal=(normal(about("latency.up")),)), knowledge(normal=(normal(about("errors.up")),))
    events = b.events((TeamBriefed(knowledge=team), TeamBriefed(knowledge=later)))
    assert fold_all(events, b.board()).team == team


HEAD = b.theory("pool", b.ORDERS)


def test_an_attempt_that_rests_on_nothing_else_decides_nothing() -> None:
    team = knowledge(normal=(normal(about("latency.up")),))
    survived = b.attempt(HEAD, Outcome.SURVIVED, observations=(SLOW,))
    refuted = b.attempt(HEAD, Outcome.REFUTED, "alternative", observed=(SLOW.id,), decisive=True)
    board = folded(team, SLOW, attempts=(survived, refuted))
    assert [a.outcome for a in board.attempts.values()] == [Outcome.AMBIGUOUS, Outcome.AMBIGUOUS]
    assert not any(a.decisive for a in board.attempts.values())
    assert "set aside: normal behaviour usual (team.yaml:7)" in board.attempts[survived.plan].found


def test_an_attempt_that_rests_on_something_else_too_stays_what_it_was() -> None:
    team, other = knowledge(normal=(normal(about("latency.up")),)), b.seen("errors.up", b.ORDERS)
    usual = b.seen("traffic.up", b.ORDERS, verdict=Verdict.NORMAL)
    board = told(team, other)
    for attempt in (
        b.attempt(HEAD, Outcome.SURVIVED, observations=(SLOW, other)),
        b.attempt(HEAD, Outcome.REFUTED, observations=(SLOW, usual)),  # what is normal refutes as before
        b.attempt(HEAD, Outcome.NO_DATA, observations=(SLOW,)),
        b.attempt(HEAD, Outcome.SURVIVED),
    ):
        assert judged(board, attempt) is attempt


def test_what_is_measured_quotes_no_line() -> None:
    o = b.seen("latency.up", b.ORDERS, text="latency of checksum mismatch requests")
    assert criticals(told(knowledge(critical_errors=(critical("checksum mismatch"),)), o)) == ()
