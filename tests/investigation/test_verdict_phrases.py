"""What an engineer would type about an incident, and what it must, and must not, be understood as.

A wrong mechanism that was learned without a word is worse than a question: every word that tells something has to be
covered by the mechanism that is chosen, or the person is asked.
"""

from __future__ import annotations

import pytest

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.learned import Cause
from compass.investigation.verdict import Unclear, cause_of_words
from tests.support.boards import LEDGER, ORDERS, WEB, believed, seen, service, theory
from tests.support.commanding import FIELDS, catalogue

CART, PAYMENTS = service("cart"), service("payments")
DB = EntityRef(kind=EntityKind.DATABASE, name="orders-db", namespace="shop")
NODE = EntityRef(kind=EntityKind.NODE, name="node-1")
BOARD = believed(
    {theory("dependency_unreachable", WEB, "H1"): 0.5, theory("internal_slowdown", ORDERS, "H2"): 0.2},
    entities=(LEDGER, ORDERS, WEB, CART, PAYMENTS, DB, NODE), specialists=FIELDS,
    observations=(seen("latency.up", WEB),),
)  # fmt: skip

SURE = [
    ("disk full on orders-db", "disk_full", DB),
    ("orders-db disk full", "disk_full", DB),
    ("the disk of ledger was full", "disk_full", LEDGER),
    ("dsik full on ledger", "disk_full", LEDGER),
    ("no space left on ledger", "disk_full", LEDGER),
    ("ledger ran out of disk space", "disk_full", LEDGER),
    ("memory leak in cart", "memory_leak", CART),
    ("mem leak cart", "memory_leak", CART),
    ("memory leak in crat", "memory_leak", CART),
    ("cart leaks memory", "memory_leak", CART),
    ("expired certificate on payments", "tls_failure", PAYMENTS),
    ("certificat expird on paymnets", "tls_failure", PAYMENTS),
    ("tls certificate expired", "tls_failure", None),
    ("cert expired on payments", "tls_failure", PAYMENTS),
    ("someone changed a flag", "flag_regression", None),
    ("feature flag", "flag_regression", None),
    ("deadlock in orders-db", "deadlock", DB),
    ("lock contention in orders-db", "lock_contention", DB),
    ("slow query on orders-db", "slow_statement", DB),
    ("slow queries in orders-db", "slow_statement", DB),
    ("cpu throttling on cart", "cpu_throttling", CART),
    ("cart is cpu throttled", "cpu_throttling", CART),
    ("retry storm", "retry_storm", None),
    ("cache stampede", "cache_stampede", None),
    ("packet loss", "packet_loss", None),
    ("clock skew on node-1", "clock_skew", NODE),
    ("too many open files", "fd_exhaustion", None),
    ("deadlock in the orders database", "deadlock", DB),
    ("replication lag", "replication_lag", None),
    ("cart was rate limited by github", "rate_limited", CART),
    ("cart scaled to zero", "scaled_to_zero", CART),
    ("worker pool of web exhausted", "worker_pool_exhausted", WEB),
    ("queue backlog in orders", "queue_backlog", ORDERS),
    ("connection pool exhaustion in orders", "connection_pool_exhausted", ORDERS),
    ("connecton pool of orders exausted", "connection_pool_exhausted", ORDERS),
    ("connections in orders ran out", "connection_pool_exhausted", ORDERS),
    ("worker pool of web full", "worker_pool_exhausted", WEB),
    ("feature flag flipped for cart", "flag_regression", CART),
    ("new version of payments broke it", "bad_release_errors", PAYMENTS),
    ("dns is down", "cluster_dns_down", None),
    ("password expired", "credentials_denied", None),
    ("traffic spike on web", "traffic_surge", WEB),
    ("no space left on device", "disk_full", None),
    ("orders disk full because the nightly dump was never pruned", "disk_full", ORDERS),
]  # fmt: skip

ASKED = [
    ("pool of orders full", "connection_pool_exhausted"),
    ("pool of db connections exhausted", "connection_pool_exhausted"),
    ("db connection pool exhausted on orders", "connection_pool_exhausted"),
    ("too many connections on orders-db", "database_connections_exhausted"),
    ("full", "disk_full"),
    ("disk slow", "disk_io_saturation"),
    ("the buffer of orders was full", "disk_full"),
    ("pool leaking", "memory_leak"),
    ("cpu limit too low", "cpu_throttling"),
    ("bad deploy of payments", "bad_release_errors"),
    ("bad release", "bad_release_slow"),
    ("dns", "dns_failure"),
    ("coredns crashed", "crash_loop"),
    ("noisy neighbour on node-1", "node_cpu_contention"),
    ("kafka lag", "replication_lag"),
    ("image pull failed", "image_pull_denied"),
    ("secret rotated and orders-db rejected it", "credentials_denied"),
    ("thread pool starvation in web", "worker_pool_exhausted"),
    ("config typo in payments", "config_regression"),
    ("n+1", "query_fanout"),
    ("cpu", "cpu_saturation"),
    ("out of memory", "memory_limit_too_low"),
    ("aws outage", "external_dependency_outage"),
    ("rollback of payments fixed it", "bad_release_errors"),
    ("node-1 died", "kubelet_down"),
    ("quota", "namespace_cpu_quota"),
    ("liveness probe too aggressive", "liveness_probe_timing"),
    ("wrong port in the service", "service_target_port"),
]

OWN_WORDS = [
    "an excavator", "nothing", "power went in the hall", "hotfix", "i dont know", "ddos", "thundering herd",
    "orders", "it was the database of orders", "the network",
]  # fmt: skip


@pytest.mark.parametrize(("said", "mechanism", "entity"), SURE)
def test_words_that_one_mechanism_covers_are_understood(said: str, mechanism: str, entity: EntityRef | None) -> None:
    found = cause_of_words(said, BOARD, catalogue())
    assert isinstance(found, Cause), found
    assert (found.mechanism, found.entity, found.said) == (mechanism, entity, said)


@pytest.mark.parametrize(("said", "offered"), ASKED)
def test_words_that_no_mechanism_covers_or_several_do_are_asked_back(said: str, offered: str) -> None:
    found = cause_of_words(said, BOARD, catalogue())
    assert isinstance(found, Unclear), found
    assert offered in [cause.mechanism for cause in found.causes]
    assert len(found.causes) == len(found.options) <= 9


@pytest.mark.parametrize("said", OWN_WORDS)
def test_words_that_fit_no_mechanism_stay_words(said: str) -> None:
    found = cause_of_words(said, BOARD, catalogue())
    assert isinstance(found, Cause), found
    assert (found.mechanism, found.said) == ("", said)


def test_a_question_can_be_answered_with_ones_own_words_or_outright() -> None:
    kept = cause_of_words("pool of orders full", BOARD, catalogue(), mechanism="none")
    assert kept == Cause(mechanism="", entity=ORDERS, said="pool of orders full")
    named = cause_of_words("pool of orders full", BOARD, catalogue(), mechanism="worker_pool_exhausted")
    assert named == Cause(mechanism="worker_pool_exhausted", entity=ORDERS, said="pool of orders full")
    unknown = cause_of_words("pool of orders full", BOARD, catalogue(), mechanism="worker_pool_exausted")
    assert isinstance(unknown, Unclear)
    assert "worker_pool_exhausted" in unknown.options


def test_a_name_whose_words_lie_apart_is_not_taken_for_the_one_that_was_said() -> None:
    found = cause_of_words("deadlock in the db behind orders", BOARD, catalogue())
    assert isinstance(found, Unclear)
    assert found.options == (str(ORDERS), str(DB))


def test_a_theory_of_the_board_does_not_hide_a_word_it_does_not_cover() -> None:
    board = believed({theory("disk_full", ORDERS, "H1"): 0.5}, entities=(LEDGER, ORDERS, WEB), specialists=FIELDS)
    found = cause_of_words("pool of orders full", board, catalogue())
    assert isinstance(found, Unclear)
    assert "connection_pool_exhausted" in {cause.mechanism for cause in found.causes}


def test_a_theory_of_the_board_comes_first_where_others_fit_as_well() -> None:
    pool = theory("worker_pool_exhausted", ORDERS, "H1")
    board = believed({pool: 0.5}, entities=(LEDGER, ORDERS, WEB), specialists=FIELDS)
    found = cause_of_words("pool of orders full", board, catalogue())
    assert isinstance(found, Unclear)
    assert [cause.mechanism for cause in found.causes] == ["worker_pool_exhausted", "connection_pool_exhausted"]


def test_a_theory_of_the_board_says_where_if_the_words_do_not() -> None:
    board = believed({theory("disk_full", LEDGER, "H1"): 0.5}, entities=(LEDGER, ORDERS, WEB), specialists=FIELDS)
    found = cause_of_words("disk full", board, catalogue())
    assert isinstance(found, Cause)
    assert (found.mechanism, found.entity) == ("disk_full", LEDGER)


def test_a_mechanism_that_cannot_strike_the_part_is_not_offered_for_it() -> None:
    found = cause_of_words("payments down", BOARD, catalogue())
    assert isinstance(found, Unclear)
    assert not {"kubelet_down", "container_runtime_down"} & {cause.mechanism for cause in found.causes}
