"""What the tests of knowledge share: incidents with known words, and an embedder whose neighbours are plain to see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4
from zlib import crc32

import numpy as np

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.knowledge import Judgement, KnownGap, Learned, Lesson, PastIncident, PastStatus, RecalledPattern
from compass.domain.learned import Cause, PatternVerdict, Signature
from compass.ports.errors import EmbeddingError

if TYPE_CHECKING:
    from compass.ports.knowledge import Vectors

FIRST = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
ORDERS_DB = EntityRef(kind=EntityKind.DATABASE, name="orders-db", namespace="shop")


@dataclass
class Counting:
    """Words counted into a fixed number of dimensions by their checksum: texts that share words are near."""

    name: str = "counting"
    version: str = "1"
    dimensions: int = 64
    broken: bool = False
    asked: list[str] = field(default_factory=list)

    def embed(self, texts: Sequence[str]) -> Vectors:
        if self.broken:
            raise EmbeddingError("nobody answers", where=self.name)
        self.asked += texts
        found = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for place, text in enumerate(texts):
            for word in text.split():
                found[place, crc32(f"{self.version}{word}".encode()) % self.dimensions] += 1
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        lengths[lengths == 0] = 1
        found /= lengths
        return found


def cause(mechanism: str = "db.pool_exhaustion") -> Cause:
    return Cause(mechanism=mechanism, entity=ORDERS_DB, change="deploy 7", said="the pool was too small")


def past(
    words: str = "orders are slow", *, number: int = 1, seq: int = 10, investigation: UUID | None = None,
    status: PastStatus = PastStatus.SOLVED, source: str = "", solved: bool = True,
) -> PastIncident:  # fmt: skip
    signs = {"latency.up@paged": 0.75, "pool.full@dependency": 1.0}
    return PastIncident(
        investigation=investigation or uuid4(), number=number, title=f"incident {number}",
        at=FIRST + timedelta(days=number), status=status, cause=cause() if solved else None,
        led=cause("db.slow_query"), fix="pool of 40",
        signature=Signature(signs=signs, services=("service/shop/orders",), words=words), seq=seq, source=source,
        recalled=(RecalledPattern(mechanism="db.slow_query", entity=ORDERS_DB, proposed=True, led=True),),
    )  # fmt: skip


def learned(incident: PastIncident, *, undone: bool = False) -> Learned:
    """An incident that speaks for one mechanism and against another, a gap, and a word about a pattern."""
    of = incident.investigation
    lessons = tuple(
        Lesson(
            id=f"{number}",
            investigation=of,
            right=number == 1,
            mechanism=mechanism,
            entity=ORDERS_DB,
            signature=incident.signature,
            at=incident.at,
            by="human",
            undone=undone,
        )
        for number, mechanism in ((1, "db.pool_exhaustion"), (2, "db.slow_query"))
    )
    gap = KnownGap(
        investigation=of, gap="no pool metrics", hides="waiting", suggestion="export pool_waiting", at=incident.at,
        hid_cause=True,
    )  # fmt: skip
    judged = Judgement(
        id="judged", investigation=of, mechanism="db.slow_query", entity=ORDERS_DB, verdict=PatternVerdict.REJECTED,
        at=incident.at, by="human", reason="a coincidence",
    )  # fmt: skip
    return Learned(incident=incident, lessons=lessons, gaps=(gap,), judgements=(judged,))
