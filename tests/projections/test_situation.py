"""*What* and *where*: symptoms first felt, parts affected and parts that are fine."""

from __future__ import annotations

from dataclasses import replace

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Dependency
from compass.domain.observation import Verdict
from compass.domain.sign import SUFFERING
from compass.projections.situation import AFFECTED_FROM, SYMPTOMS, entry_points, owner_of, paged, situation
from compass.projections.view import Checked
from tests.support.boards import INCIDENT, LEDGER, ORDERS, WEB, board, seen, service

POD = EntityRef(kind=EntityKind.POD, name="orders-1", namespace="shop")
NODE = EntityRef(kind=EntityKind.NODE, name="n1")


def test_a_sign_at_a_pod_speaks_of_its_service() -> None:
    held = board((seen("latency.up", POD),), containment={POD: ORDERS, ORDERS: WEB})
    assert owner_of(held, POD) == ORDERS
    assert situation(held).affected == (ORDERS,)
    assert owner_of(board(containment={POD: NODE}), POD) == POD, "a node runs a pod; it does not own it"
    assert owner_of(board(containment={POD: POD}), POD) == POD


def test_every_known_part_is_in_one_list_by_what_was_measured_of_its_requests() -> None:
    stock = service("stock")
    held = board((
        seen("latency.up", WEB, 0.9), seen("memory.up", ORDERS, 0.8),
        seen("latency.up", LEDGER, verdict=Verdict.NORMAL), seen("errors.up", LEDGER, verdict=Verdict.NORMAL),
        seen("latency.up", service("mail"), verdict=Verdict.UNKNOWN),
        seen("k8s.unready", stock, verdict=Verdict.NORMAL),
    ))  # fmt: skip
    found = situation(held)
    assert found.affected == (WEB,)
    assert found.strained == (ORDERS,)
    assert found.checked == (Checked(entity=LEDGER, normal=("errors", "latency")),)
    assert found.unaffected == (LEDGER,)
    assert found.unmeasured == (service("mail"), stock), "that its pods are ready says nothing about requests"


def test_what_only_behaves_otherwise_is_normal_and_says_so() -> None:
    held = board((
        seen("latency.up", LEDGER, verdict=Verdict.NORMAL), seen("log.path_changed", LEDGER, 0.9),
        seen("change.near", LEDGER, 0.9), seen("release.worse", ORDERS, 0.9),
        seen("latency.up", ORDERS, verdict=Verdict.NORMAL),
    ))  # fmt: skip
    found = situation(held)
    assert found.checked == (Checked(entity=LEDGER, normal=("latency",), otherwise=("log.path_changed",)),)
    assert found.strained == (ORDERS,), "a release that does worse is not normal"


def test_where_users_come_in_is_normal_only_by_requests_to_it() -> None:
    lines = (seen("log.errors_up", WEB, verdict=Verdict.NORMAL), seen("log.errors_up", LEDGER, verdict=Verdict.NORMAL))
    calls = (seen("client_latency.up", WEB, verdict=Verdict.NORMAL),)
    assert situation(board((*lines, *calls))).unaffected == (LEDGER,)
    assert WEB in situation(board((*lines, *calls))).unmeasured
    asked = seen("errors.up", WEB, verdict=Verdict.NORMAL)
    assert situation(board((*lines, *calls, asked))).unaffected == (LEDGER, WEB)


def test_noise_affects_nobody() -> None:
    held = board((seen("latency.up", WEB, AFFECTED_FROM - 0.01),))
    assert situation(held).affected == ()
    assert situation(held).unaffected == (WEB,)
    assert situation(held).symptoms == ()


def test_symptoms_begin_with_what_was_paged_then_where_users_come_in_then_by_kind() -> None:
    deep, at_door = seen("errors.up", LEDGER, 0.9), seen("latency.up", service("shop-front"), 0.5)
    at_page = seen("latency.up", ORDERS, 0.5)
    held = board(
        (deep, at_door, at_page), incident=replace(INCIDENT, service="orders"), entities=(LEDGER, ORDERS),
        dependencies=(Dependency(caller=service("shop-front"), callee=ORDERS),),
    )  # fmt: skip
    assert [fact.observation for fact in situation(held).symptoms] == [at_page, at_door, deep]
    assert [fact.label for fact in situation(held).symptoms] == ["E3", "E2", "E1"]
    assert situation(held).notices == (ORDERS, service("shop-front"))


def test_who_nobody_calls_is_where_users_come_in() -> None:
    assert entry_points(board()) == (WEB,)
    assert paged(board()) == WEB
    assert paged(board(incident=replace(INCIDENT, service="unheard-of"))) is None
    assert situation(board()).symptoms == ()


def test_what_shows_whatever_fails_is_something_a_user_notices() -> None:
    assert set(SYMPTOMS) >= SUFFERING
