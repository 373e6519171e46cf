"""Commands for data stores: of the product that their own telemetry names, or none."""

from __future__ import annotations

import pytest

from compass.domain.board import Board
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Dependency
from compass.investigation.stores import PRODUCTS, Topic, product, store_command
from tests.support.boards import ORDERS, believed, seen, theory

STORE = EntityRef(kind=EntityKind.DATABASE, name="main")
OTHER = EntityRef(kind=EntityKind.DATABASE, name="history")


def board(*series: str, entity: EntityRef = STORE, calls: tuple[EntityRef, ...] = (STORE,)) -> Board:
    seen_ = tuple(seen("db.latency_up", entity, series=one) for one in series)
    dependencies = tuple(Dependency(caller=ORDERS, callee=store) for store in calls)
    return believed({theory("slow_statement", entity): 0.5}, observations=seen_, dependencies=dependencies)


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ("pg_locks_count{mode=x}", "postgresql"), ("database//main|postgresql.backends{}", "postgresql"),
        ("mysql_global_status_threads_running{}", "mysql"), ("mongodb_op_counters_total{}", "mongodb"),
        ("sqlserver_batch_requests{}", "sqlserver"), ("redis_commands{stat=mean}", "redis"),
        ("process_memory_bytes{groupname=mariadb}", "mysql"),
        ("db_client_operation_duration{db_system=postgresql}", "postgresql"), ("some_latency{job=store}", ""),
        ("trace.db_slow|database//main", ""), ("oracledb_sessions{}", ""),
    ],
)  # fmt: skip
def test_a_product_is_what_its_own_series_name(series: str, expected: str) -> None:
    assert product(STORE, board(series)) == expected


def test_what_two_products_fit_or_only_others_name_is_not_known() -> None:
    assert product(STORE, board("pg_up{}", "mysql_up{}")) == ""
    assert product(STORE, board("pg_up{}", entity=OTHER)) == ""
    assert product(STORE, board("pg_up{target=mysql}")) == "postgresql", "its series' names come first"
    assert product(EntityRef(kind=EntityKind.CACHE, name="cart-redis"), board()) == "redis"


@pytest.mark.parametrize(
    ("series", "sign", "begins"),
    [
        ("pg_up{}", "db.latency_up", "psql -c 'select state"), ("pg_up{}", "locks.up", "psql -c 'select pid, pg_"),
        ("pg_up{}", "replication.lag", "psql -c 'select application_name"), ("mysql_up{}", "locks.up", "mysql -e"),
        ("mysql_up{}", "log.errors_up", "mysql -e 'show full"), ("redis_up{}", "db.latency_up", "redis-cli info cl"),
        ("mongodb_up{}", "db.connections_up", "mongosh"), ("cassandra_up{}", "db.latency_up", ""),
        ("rabbitmq_up{}", "locks.up", ""),
    ],
)  # fmt: skip
def test_a_command_is_of_that_product_or_there_is_none(series: str, sign: str, begins: str) -> None:
    command = store_command(sign, STORE, board(series))
    assert command.startswith(begins)
    assert bool(command) == bool(begins)


def test_what_uses_one_database_is_asked_about_that_one() -> None:
    assert store_command("locks.up", ORDERS, board("mysql_up{}")).startswith("mysql")
    assert store_command("locks.up", ORDERS, board("mysql_up{}", calls=(STORE, OTHER))) == ""
    assert store_command("locks.up", ORDERS, board("mysql_up{}", calls=())) == ""
    assert store_command("latency.up", ORDERS, board("mysql_up{}")) == "", "no sign of a store"


def test_no_command_can_change_anything() -> None:
    from compass.investigation import stores

    assert {name for name, _ in stores._COMMANDS} <= set(PRODUCTS)
    assert {topic for _, topic in stores._COMMANDS} <= set(Topic)
    for command in stores._COMMANDS.values():
        tool, _, rest = command.partition(" ")
        assert tool in {"psql", "mysql", "mongosh", "sqlcmd", "redis-cli", "rabbitmqctl"}
        assert (
            rest.split("'")[-2 if "'" in rest else 0]
            .lstrip()
            .startswith(("select", "show", "db.currentOp", "rs.print", "info", "list_"))
        )
