"""Small span tables with a known truth, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from compass.domain.entity import EntityKind, EntityRef
from compass.tables.spans import KINDS, STATUSES, SpanTable

MS = 1_000_000


@dataclass
class Spans:
    """Collects spans; times in milliseconds."""

    rows: list[tuple[str, int, int, str, str, str, float, float, str, int, str, str, str]] = field(default_factory=list)

    def add(
        self, trace: str, service: str, name: str, start: float, duration: float, *, parent: int = -1,
        kind: str = "internal", status: str = "unset", http: int = 0, statement: str = "", peer: str = "",
        error: str = "",
    ) -> int:  # fmt: skip
        """Add a span, return its number (before sorting)."""
        number = len(self.rows)
        self.rows.append(
            (trace, number, parent, service, name, kind, start, duration, status, http, statement, peer, error)
        )
        return number

    def call(
        self, trace: str, caller: int, service: str, name: str, start: float, duration: float, *, gap: float = 1.0,
        status: str = "unset", statement: str = "", lost: bool = False,
    ) -> int:  # fmt: skip
        """A client span under `caller` and a server span of `service` in it; returns the server span. `lost`: only the
        client's fails."""
        client = self.add(
            trace, self.rows[caller][3], f"call {name}", start, duration + gap, parent=caller, kind="client",
            status="error" if lost else status,
        )  # fmt: skip
        return self.add(
            trace, service, name, start + gap / 2, duration, parent=client, kind="server", status=status,
            statement=statement,
        )  # fmt: skip

    def table(self) -> SpanTable:
        rows = sorted(self.rows, key=lambda row: (row[6], row[1]))
        place = {row[1]: i for i, row in enumerate(rows)}

        def codes(column: int, *, optional: bool = True) -> tuple[tuple[str, ...], np.ndarray]:
            names = tuple(sorted({str(row[column]) for row in rows} - ({""} if optional else set())))
            at = {name: i for i, name in enumerate(names)}
            return names, np.array([at.get(str(row[column]), -1) for row in rows], dtype=np.int32)

        services, service = codes(3, optional=False)
        names, name = codes(4, optional=False)
        traces, trace = codes(0, optional=False)
        statements, statement = codes(10)
        peers, peer = codes(11)
        errors, error = codes(12)
        return SpanTable(
            entities=tuple(EntityRef(kind=EntityKind.SERVICE, name=s) for s in services), names=names,
            statements=statements, peers=peers, trace=trace, trace_ids=np.array(traces, dtype=object),
            span_ids=np.array([f"s{row[1]}" for row in rows], dtype=object),
            parent=np.array([place.get(row[2], row[2]) for row in rows], dtype=np.int64),
            service=service, instance=np.full(len(rows), -1, dtype=np.int32), name=name,
            kind=np.array([KINDS.index(row[5]) for row in rows], dtype=np.int8),
            status=np.array([STATUSES.index(row[8]) for row in rows], dtype=np.int8),
            start_ns=np.array([int(row[6] * MS) for row in rows], dtype=np.int64),
            duration_ns=np.array([int(row[7] * MS) for row in rows], dtype=np.int64),
            http_status=np.array([row[9] for row in rows], dtype=np.int16), statement=statement, peer=peer,
            error_type=error, error_types=errors,
        )  # fmt: skip


def resent_ms(random: np.random.Generator, loss: float, first: float = 200.0) -> float:
    """How long a segment waits to be sent again, in milliseconds: the time-out doubles with every loss."""
    wait = 0.0
    while random.uniform() < loss and wait < 5000:
        wait, first = wait + first, 2 * first
    return wait


def shop(requests: int, onset: int, *, seed: int = 1, **fault: float) -> Spans:
    """`requests` requests front → orders → stock, one a second; from number `onset` on with a fault.

    Faults (milliseconds or counts): `gap` on calls to orders, `loss` (share of segments to orders that are lost and
    sent again after 200 ms, then 400 ms, ...), `own` work in orders, `statement` of stock's database, `loops` calls of
    stock per order instead of 1, `fail` (share of orders failing), `lost` (share of orders whose answer does not reach
    front), `skip` (1: stock not called), `detour` (1: a new step before stock is called).
    """
    random = np.random.default_rng(seed)
    spans = Spans()
    for number in range(requests):
        on = fault if number >= onset else {}
        trace, start = f"t{number:04d}", number * 1000.0
        noise = random.uniform(0, 2, 4)
        loops = int(on.get("loops", 1)) if not on.get("skip") else 0
        query = 4 + noise[0] + on.get("statement", 0)
        own = 10 + noise[1] + on.get("own", 0)
        inner = loops * (query + 4)
        gap = 1 + noise[2] / 10 + on.get("gap", 0) + (resent_ms(random, on["loss"]) if "loss" in on else 0)
        fails = random.uniform() < on.get("fail", 0)
        lost = random.uniform() < on.get("lost", 0)
        status = "error" if fails else "unset"
        served = "error" if fails or lost else "unset"
        front = spans.add(trace, "front", "GET /", start, own + inner + gap + 8, kind="server", status=served)
        orders = spans.call(
            trace, front, "orders", "POST /orders", start + 2, own + inner, gap=gap, status=status, lost=lost
        )  # fmt: skip
        if on.get("detour"):
            spans.add(trace, "orders", "fallback", start + 3, 0.1, parent=orders)
        for loop in range(loops):
            begin = start + 2 + gap / 2 + 1 + loop * (query + 4)
            stock = spans.call(trace, orders, "stock", "GET /stock", begin, query + 2)
            spans.add(
                trace, "stock", "SELECT", begin + 1, query, parent=stock, kind="client", peer="stock-db:5432",
                statement="SELECT * FROM items WHERE id = ?",
            )  # fmt: skip
    return spans
