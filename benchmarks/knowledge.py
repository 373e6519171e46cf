"""Benchmark: past incidents found again by their words: right ones, and how long it takes."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np

from benchmarks.base import Figure, Options, Result
from compass.domain.knowledge import Learned, PastIncident, PastStatus
from compass.domain.learned import Signature
from compass.storage.connect import connections_of
from compass.storage.embedded import EmbeddedServer
from compass.storage.embedding.wordllama import WordLlama
from compass.storage.knowledge import PostgresKnowledge
from compass.storage.migrate import ensure_schema
from compass.storage.vectors import COMPARED, Vectors

if TYPE_CHECKING:
    from compass.ports.knowledge import Vectors as Array

FAMILY = 10
"""Incidents that tell of the same thing in other words: an incident's known neighbours are the rest of its family."""
K = 10
AIM_RECALL, AIM_MS = 0.95, 100.0
WORDS = tuple(
    word
    for line in (
        "latency errors traffic saturation pool exhausted connections database timeout refused queue backlog consumer",
        "lag memory restarts killed limit throttled deploy config flag rollback certificate expired handshake name",
        "resolution cache misses evictions stampede retry storm replica behind lock deadlock slow query plan index",
        "disk full volume mount probe readiness image pull scheduling node pressure kernel network policy dropped",
        "packets gateway upstream unavailable checkout orders payment cart login search catalogue shipping email",
        "session token quota rate limited provider outage region failover clock skew thread blocked garbage collection",
        "pause heap leak sidecar proxy route header version schema migration column missing null poison message batch",
    )
    for word in line.split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    name: str
    index_from: int | None
    pgvector: bool


WAYS = (
    _Way(name="every vector, pgvector", index_from=None, pgvector=True),
    _Way(name="by the index (HNSW)", index_from=0, pgvector=True),
    _Way(name=f"without pgvector (numpy, latest {COMPARED:,})", index_from=None, pgvector=False),
)


def texts(count: int, seed: int) -> list[str]:
    """Families of texts: 24 words of one draw, a quarter of which every member replaces, in an order of its own."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(0, count, FAMILY):
        base = rng.choice(len(WORDS), 24)
        for _ in range(FAMILY):
            own = np.where(rng.random(24) < 0.25, rng.integers(0, len(WORDS), 24), base)
            found.append(" ".join(WORDS[place] for place in rng.permutation(own)))
    return found[:count]


def learned(number: int, words: str) -> Learned:
    return Learned(
        incident=PastIncident(
            investigation=UUID(int=number + 1), number=number + 1, title=f"incident {number}", status=PastStatus.SOLVED,
            at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number), signature=Signature(words=words),
        )
    )  # fmt: skip


class KnowledgeSearch:
    id = "knowledge"
    summary = "Past incidents: recall@10 against exact search, and latency, at 100 and 100,000 incidents."

    def run(self, options: Options) -> Result:
        figures: list[Figure] = []
        sizes = (100, 2_000) if options.quick else (100, 10_000, 100_000)
        for size in sizes:
            figures += asyncio.run(_measured(size, queries=50 if options.quick else 200))
        return Result(
            benchmark=self.id, figures=tuple(figures),
            measured=f"families of {FAMILY} texts of 24 words, a quarter of which differ; wordllama, 256 dimensions",
            notes=(
                "recall@10 is against the ten largest cosines over all vectors, computed by numpy.",
                "known neighbours: how many of the nine others of a family are among the eleven nearest.",
            ),
        )  # fmt: skip


async def _measured(size: int, queries: int) -> list[Figure]:
    folder = Path(tempfile.mkdtemp(prefix="compass-bench-", dir="/tmp"))
    folder.chmod(0o711)
    user = pwd.getpwnam("nobody").pw_name if os.geteuid() == 0 else None
    try:
        return await _on(folder / "data", user, size, queries)
    finally:
        EmbeddedServer(folder / "data", server_user=user).stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _on(data: Path, user: str | None, size: int, queries: int) -> list[Figure]:
    _, connections = connections_of(database_url=None, data_dir=data, server_user=user)
    await connections.run(ensure_schema, patient=False)
    embedder = WordLlama()
    knowledge = PostgresKnowledge(connections, "bench", embedder)
    words = texts(size, seed=1)
    figures = []
    began = time.perf_counter()
    for start in range(0, size, 1000):
        await knowledge.learn([learned(n, words[n]) for n in range(start, min(start + 1000, size))])
    figures.append(Figure(name=f"{size:,}: rows kept", value=time.perf_counter() - began, unit="s"))
    exact = Vectors(connections, "bench", embedder, index_from=None)
    began = time.perf_counter()
    await exact.embed(size)
    figures.append(Figure(name=f"{size:,}: embedded and kept", value=time.perf_counter() - began, unit="s"))
    vectors = embedder.embed(words)
    asked = np.random.default_rng(2).choice(size, min(queries, size), replace=False).tolist()
    for way in WAYS:
        chosen = Vectors(connections, "bench", embedder, index_from=way.index_from, pgvector=way.pgvector)
        began = time.perf_counter()
        await chosen.embed(0)  # builds the index, where there is to be one
        if way.index_from == 0:
            figures.append(Figure(name=f"{size:,}: index built", value=time.perf_counter() - began, unit="s"))
        figures += await _asked(f"{size:,}, {way.name}", chosen, vectors, words, asked)
    await connections.close()
    return figures


async def _asked(
    name: str, chosen: Vectors, vectors: Array, words: Sequence[str], asked: Sequence[int]
) -> list[Figure]:
    await chosen.nearest(words[0], K)
    recalls, known, times = [], [], []
    for query in asked:
        began = time.perf_counter()
        found = await chosen.nearest(words[query], K + 1)
        times.append((time.perf_counter() - began) * 1000)
        cosines = vectors @ vectors[query]
        least = np.sort(cosines)[-K] - 1e-5  # equal texts are equally right
        numbers = [near.incident.number - 1 for near in found]
        recalls.append(sum(cosines[number] >= least for number in numbers[:K]) / K)
        family = query // FAMILY
        known.append(sum(number // FAMILY == family for number in numbers if number != query) / (FAMILY - 1))
    recall, p50, p95 = statistics.mean(recalls), statistics.median(times), float(np.percentile(times, 95))
    return [
        Figure(name=f"{name}: recall@{K}", value=round(recall, 4), aim=f"{AIM_RECALL}", met=recall >= AIM_RECALL),
        Figure(name=f"{name}: known neighbours found", value=round(statistics.mean(known), 4)),
        Figure(name=f"{name}: median", value=p50, unit="ms", aim=f"below {AIM_MS:g} ms", met=p50 < AIM_MS),
        Figure(name=f"{name}: 95th percentile", value=p95, unit="ms"),
    ]
