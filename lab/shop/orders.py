"""Orders: stores orders in PostgreSQL through a bounded pool of connections."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import LiteralString

import psycopg
from opentelemetry import trace
from opentelemetry.trace import SpanKind
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from starlette.requests import Request
from starlette.routing import Route

from lab.shop.config import ConfigError
from lab.shop.kit import Kit, Reply
from lab.shop.metrics import PoolCollector, build_pool_metrics

DATABASE = "orders-db"
POOL = "orders"
# The signed receipt that is kept with an order; it does not compress.
RECEIPT_BYTES = 1500
Parameter = str | int | float
Connection = AsyncConnection[TupleRow]


class Orders:
    """POST /orders, GET /customers/{customer}/summary."""

    def __init__(self, kit: Kit) -> None:
        if kit.config.pool is None:
            raise ConfigError("orders needs a pool")
        self._kit = kit
        self._limits = kit.config.pool
        self._metrics = build_pool_metrics(kit.registry)
        self._metrics.timeouts.labels(POOL)  # shown as 0 before the first one
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            kit.wiring.backend(DATABASE),
            kwargs={"autocommit": True, "application_name": "orders"},
            min_size=self._limits.min_size,
            max_size=self._limits.max_size,
            timeout=self._limits.acquire_timeout_seconds,
            name=POOL,
            open=False,
        )
        kit.registry.register(PoolCollector(POOL, self._pool.get_stats))

    def routes(self) -> Sequence[Route]:
        """The two routes."""
        return (
            self._kit.route("POST", "/orders", self._store),
            self._kit.route("GET", "/customers/{customer}/summary", self._summary),
        )

    async def open(self) -> None:
        """Open the pool and say with which bounds."""
        await self._pool.open(wait=True, timeout=10)
        self._kit.log.info(
            "connection pool %r open: min_size=%d max_size=%d timeout=%.1fs",
            POOL,
            self._limits.min_size,
            self._limits.max_size,
            self._limits.acquire_timeout_seconds,
        )

    async def close(self) -> None:
        """Close the pool."""
        await self._pool.close(timeout=5)

    async def _summary(self, request: Request) -> Reply:
        customer = request.path_params["customer"]
        try:
            async with self._connection() as connection:
                count, spent = await self._query(
                    connection, "SELECT customer_summary", "SELECT n, spent FROM customer_summary(%s)", (customer,)
                )
                if self._kit.config.number("history_orders"):
                    await self._history(connection, customer)
        except PoolTimeout:
            self._kit.log.exception("could not read the summary of customer %s", customer)
            return Reply(503, {"error": "database connection not available"})
        except psycopg.Error as error:
            return self._failed("could not read the summary of customer %s", customer, error)
        return Reply(200, {"orders": int(str(count)), "spent": float(str(spent))})

    async def _history(self, connection: Connection, customer: str) -> None:
        """The lines of the customer's last orders, asked for one order at a time."""
        (found,) = await self._query(
            connection,
            "SELECT latest_orders",
            "SELECT latest_orders(%s, %s)",
            (customer, int(self._kit.config.number("history_orders"))),
        )
        for identity in found:
            await self._query(connection, "SELECT order_items", "SELECT order_items(%s)", (int(identity),))

    def _failed(self, what: str, customer: str, error: psycopg.Error) -> Reply:
        trace.get_current_span().record_exception(error)
        self._kit.log.error(f"{what}: %s: %s", customer, type(error).__name__, " ".join(str(error).split()))
        return Reply(500, {"error": "database error"})

    async def _store(self, request: Request) -> Reply:
        order = await request.json()
        try:
            async with self._connection() as connection, connection.transaction():
                identity, total = await self._insert(connection, order["customer"], order["items"])
        except PoolTimeout:
            self._kit.log.exception("could not store order for customer %s", order["customer"])
            return Reply(503, {"error": "database connection not available"})
        except psycopg.Error as error:
            return self._failed("could not store order for customer %s", order["customer"], error)
        self._kit.log.info(
            "order %d %s for customer %s: %d items, %.2f EUR",
            identity,
            self._kit.config.text("stored"),
            order["customer"],
            len(order["items"]),
            total,
        )
        return Reply(201, {"id": identity, "total": total})

    async def _insert(
        self, connection: Connection, customer: str, items: Sequence[dict[str, str | int]]
    ) -> tuple[int, float]:
        skus = [str(item["sku"]) for item in sorted(items, key=lambda item: str(item["sku"]))]
        (total,) = await self._query(
            connection, "SELECT reserve_stock", "SELECT reserve_stock(string_to_array(%s, ','))", (",".join(skus),)
        )
        (identity,) = await self._query(
            connection,
            "INSERT orders",
            "INSERT INTO orders (customer, total, receipt) VALUES (%s, %s, %s) RETURNING id",
            (customer, str(total), os.urandom(RECEIPT_BYTES // 2).hex()),
        )
        for item in items:
            await self._query(
                connection,
                "INSERT order_lines",
                "INSERT INTO order_lines (order_id, sku, quantity) VALUES (%s, %s, %s) RETURNING order_id",
                (int(str(identity)), str(item["sku"]), int(item["quantity"])),
            )
        await self._query(connection, "SELECT book_order", "SELECT book_order(%s)", (int(str(identity)),))
        return int(str(identity)), float(str(total))

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        attributes = {"db.client.connection.pool.name": POOL, "server.address": DATABASE}
        started = perf_counter()
        with self._kit.tracer.start_as_current_span(
            "acquire connection", kind=SpanKind.INTERNAL, attributes=attributes
        ) as span:
            try:
                connection = await self._pool.getconn()
            except PoolTimeout as error:
                self._metrics.timeouts.labels(POOL).inc()
                span.set_attribute("error.type", type(error).__name__)
                raise
            finally:
                self._metrics.wait.labels(POOL).observe(perf_counter() - started)
        borrowed = perf_counter()
        try:
            yield connection
        finally:
            await self._pool.putconn(connection)
            self._metrics.use.labels(POOL).observe(perf_counter() - borrowed)

    async def _query(
        self, connection: Connection, summary: str, text: LiteralString, parameters: Sequence[Parameter]
    ) -> TupleRow:
        operation = summary.split()[0]
        attributes = {
            "db.system.name": "postgresql",
            "db.namespace": "shop",
            "db.operation.name": operation,
            "db.query.summary": summary,
            "db.query.text": text,
            "server.address": DATABASE,
        }
        started = perf_counter()
        with self._kit.tracer.start_as_current_span(summary, kind=SpanKind.CLIENT, attributes=attributes):
            cursor = await connection.execute(text, parameters)
            row = await cursor.fetchone()
        self._metrics.operation.labels("postgresql", operation).observe(perf_counter() - started)
        if row is None:
            raise LookupError(f"{summary} returned no row")
        return row
