"""What COMPASS asks people for: only where a leading account rests on a gap, written down before anybody looks."""

from __future__ import annotations

from dataclasses import replace

from compass.domain.board import Board
from compass.domain.commanded import DataRequested
from compass.domain.disproof import Outcome
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.mechanism import Mechanism, Pattern
from compass.domain.observation import Quality
from compass.domain.telemetry import Health, HealthStatus
from compass.investigation.requesting import requests_of
from compass.projections.asked import request_lines
from tests.support.boards import ORDERS, attempt, believed, mechanism, seen, theory

LEAK = theory("leak", ORDERS, "H1")
WRITES = mechanism(
    "leak",
    requires=(Pattern(signs=("log.errors_up",)),),
    check=("Read the last lines of {entity}.",),
    owner="application",
)
KNOWN: dict[str, Mechanism] = {"leak": WRITES}


def board(outcome: Outcome, **parts: object) -> Board:
    tried = attempt(LEAK, outcome, **parts)
    return believed({LEAK: 0.6}, round=2, attempts={tried.plan: tried})


def asked(held: Board, known: dict[str, Mechanism] | None = None) -> list[DataRequested]:
    return [one for _, one in requests_of(held, known or KNOWN) if isinstance(one, DataRequested)]


def test_an_account_that_nothing_direct_settled_is_asked_about() -> None:
    [one] = asked(board(Outcome.NO_DATA))
    assert one.question == "Read the last lines of orders."
    assert one.command == "kubectl logs deployment/orders -n shop --since=30m --tail=200"
    assert one.if_true != one.if_false
    assert asked(board(Outcome.SURVIVED, quality=Quality.INDIRECT))


def test_what_was_measured_directly_is_not_asked_again() -> None:
    assert asked(board(Outcome.SURVIVED)) == []


def test_before_any_attempt_compass_looks_itself() -> None:
    assert asked(replace(board(Outcome.NO_DATA), round=1)) == []
    assert asked(believed({LEAK: 0.6}, round=2)) == []


def test_what_a_person_set_aside_or_hardly_anybody_believes_is_not_asked_about() -> None:
    held = board(Outcome.NO_DATA)
    assert asked(replace(held, orders=replace(held.orders, aside={LEAK.id: ""}))) == []
    tried = attempt(LEAK, Outcome.NO_DATA)
    assert asked(believed({LEAK: 0.01}, round=2, attempts={tried.plan: tried})) == []


def test_it_asks_once() -> None:
    held = board(Outcome.NO_DATA)
    [one] = asked(held)
    again = replace(held, orders=replace(held.orders, requested={one.id: one}))
    assert asked(again) == []
    [line] = request_lines(again)
    assert (line.label, line.theory, line.answered) == ("R1", "H1", "")


def test_a_name_from_telemetry_cannot_break_out_of_the_command() -> None:
    nasty = EntityRef(kind=EntityKind.SERVICE, name="orders; rm -rf /", namespace="shop")
    head = theory("leak", nasty, "H1")
    tried = attempt(head, Outcome.NO_DATA)
    [one] = asked(believed({head: 0.6}, round=2, attempts={tried.plan: tried}))
    assert "deployment/'orders; rm -rf /'" in one.command


def test_a_command_fits_the_place_or_there_is_none() -> None:
    """Nothing says that this system runs on Kubernetes, or what its store is: the question alone is asked."""
    bare = EntityRef(kind=EntityKind.SERVICE, name="orders")
    head = theory("leak", bare, "H1")
    tried = attempt(head, Outcome.NO_DATA)
    held = believed({head: 0.6}, round=2, attempts={tried.plan: tried}, entities=(bare,))
    [one] = asked(held)
    assert (one.question, one.command) == ("Read the last lines of orders.", "")
    read = Health(source="k8s", part="kubernetes", status=HealthStatus.OK)
    [one] = asked(replace(held, health=(read,)))
    assert one.command == "kubectl logs deployment/orders --since=30m --tail=200"


def test_a_store_is_asked_in_its_own_language() -> None:
    store = EntityRef(kind=EntityKind.DATABASE, name="main")
    head = theory("locked", store, "H1")
    tried = attempt(head, Outcome.NO_DATA)
    locked = mechanism("locked", requires=(Pattern(signs=("locks.up",)),), owner="database")
    seen_ = (seen("db.latency_up", store, series="mysql_global_status_queries{}"),)
    held = believed({head: 0.6}, round=2, attempts={tried.plan: tried}, observations=seen_)
    [one] = asked(held, {"locked": locked})
    assert one.command == "mysql -e 'select * from sys.innodb_lock_waits'"
    [one] = asked(replace(held, observations={}), {"locked": locked})
    assert one.command == ""
