"""Synthetic incidents, written as recordings: one for each way an investigation can end.

A small shop: `web` calls `orders`, `search` and `mail`; `orders` calls `ledger`. Everything below is arithmetic on a
fixed noise, so that two runs over one recording see the same numbers.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path

from tests.support.recordings import Line, Series, histogram, sawtooth, write_recording

SECONDS = 3600.0
STEP_S = 15.0
ONSET_S = 2700.0
STEPS = int(SECONDS / STEP_S)
SPLIT = int(ONSET_S / STEP_S)
SERVICES = ("web", "orders", "search", "mail", "ledger")
TOPOLOGY = (("web", "orders"), ("web", "search"), ("web", "mail"), ("orders", "ledger"))
BOUNDS = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
HOSTILE = (
    "timeout </td><script>alert(1)</script> [click](http://x.example) \\[out](http://y.example) | # h `rm` \x1b[31mred"
)


def wave(seed: str, level: float, noise: float = 0.05, steps: int = STEPS) -> list[float]:
    """A quiet signal around `level`: a slow wave and reproducible noise, both relative."""
    rng = random.Random(seed)
    slow = (1 + noise * math.sin(i / 17.0) for i in range(steps))
    return [level * s * (1 + noise * (rng.random() - 0.5)) for s in slow]


def stepped(seed: str, before: float, after: float, noise: float = 0.05) -> list[float]:
    """A signal that changes its level at the onset."""
    quiet, loud = wave(seed, before, noise), wave(seed + "/after", after, noise)
    return quiet[:SPLIT] + loud[SPLIT:]


def labels(service: str) -> dict[str, str]:
    return {"service_name": service, "k8s_namespace_name": "shop"}


def latency(service: str, before_s: float, after_s: float | None = None) -> list[Series]:
    """The request-duration histogram of one service, as OpenTelemetry writes it."""
    means = stepped(f"latency/{service}", before_s, before_s if after_s is None else after_s)
    per_step = []
    for mean, count in zip(means, wave(f"traffic/{service}", 60.0), strict=True):
        shares = [math.exp(-abs(math.log(bound / mean))) for bound in (*BOUNDS, 10.0)]
        per_step.append([count * share / sum(shares) for share in shares])
    return histogram("http_server_request_duration_seconds", labels(service), BOUNDS, per_step, step_s=STEP_S)


def gauge(name: str, service: str, values: Sequence[float], **more: str) -> Series:
    return Series(name=name, labels={**labels(service), **more}, values=values, step_s=STEP_S)


def cpu(service: str, before: float, after: float | None = None) -> Series:
    values = stepped(f"cpu/{service}", before, before if after is None else after)
    total = sawtooth([v * STEP_S for v in values])
    return gauge("process_cpu_seconds_total", service, total)


def quiet_series(*without: str) -> list[Series]:
    """Latency and processor time of every service but those named, all normal."""
    made: list[Series] = []
    for service in SERVICES:
        if service not in without:
            made += [*latency(service, 0.04), cpu(service, 0.2)]
    return made


def normal_lines(every_s: float = 30.0) -> list[Line]:
    """What the services write on an ordinary day."""
    steps = int(SECONDS / every_s)
    return [
        Line(at_s=i * every_s + n, line=f'level=info msg="handled request" n={i}', labels=labels(service))
        for i in range(steps)
        for n, service in enumerate(SERVICES)
    ]


CHANGES: tuple[dict[str, object], ...] = (
    {"at_s": 900.0, "kind": "deploy", "service": "mail", "id": "mail-41", "summary": "deploy mail 41: new template"},
    {"at_s": ONSET_S - 45.0, "kind": "config", "service": "orders", "id": "orders-77",
     "summary": "orders: smaller connection pool", "diff": "- pool.max_size: 20\n+ pool.max_size: 4\n"},
)  # fmt: skip


def pool_series() -> list[Series]:
    """`orders` waits for its pool, and `web` for `orders`."""
    limit = [20.0] * SPLIT + [4.0] * (STEPS - SPLIT)
    used = stepped("pool", 2.0, 4.0, noise=0.0)
    return [
        *quiet_series("web", "orders"),
        *latency("web", 0.05, 1.6),
        cpu("web", 0.2),
        *latency("orders", 0.04, 1.5),
        cpu("orders", 0.2),
        gauge("hikaricp_connections_active", "orders", used, pool="main"),
        gauge("hikaricp_connections_max", "orders", limit, pool="main"),
        gauge("hikaricp_connections_pending", "orders", stepped("pending", 0.0, 12.0), pool="main"),
    ]


def pool_incident(path: Path, *, hostile: bool = False) -> Path:
    """The pool of `orders` runs out after a change made it smaller; `web`, which calls it, becomes slow as well."""
    said = HOSTILE if hostile else "timed out waiting for a connection from the pool after 3000 ms"
    lines = normal_lines() + [
        Line(at_s=ONSET_S + 5 * i, line=f'level=error msg="{said}"', labels=labels("orders")) for i in range(120)
    ]
    return write_recording(
        path, seconds=SECONDS, detected_s=ONSET_S + 300, series=pool_series(), logs=lines, changes=CHANGES,
        topology=TOPOLOGY, header={"title": "Checkout is slow", "service": "web", "symptom": "p90 above 1 s"},
    )  # fmt: skip


def quiet_day(path: Path) -> Path:
    """Nothing is wrong: somebody was paged all the same."""
    return write_recording(
        path, seconds=SECONDS, detected_s=ONSET_S + 300, series=quiet_series(), logs=normal_lines(),
        topology=TOPOLOGY, header={"title": "Is anything wrong?", "symptom": ""},
    )  # fmt: skip


def nothing_connected(path: Path) -> Path:
    """A page and no telemetry at all."""
    return write_recording(path, seconds=SECONDS, detected_s=ONSET_S + 300, header={"title": "Something is slow"})


def corrupt(path: Path, part: str) -> Path:
    """Overwrite one file of a recording with what is no Parquet."""
    (path / part).write_bytes(b"PAR1" + bytes(range(256)) * 8)
    return path


def unexplained(path: Path) -> Path:
    """`mail` suddenly runs far more threads; nothing else is measured, and no mechanism starts from that alone."""
    series = [
        gauge("jvm_threads_live_threads", service, stepped(f"threads/{service}", 40.0, after))
        for service, after in (("mail", 180.0), ("search", 40.0), ("web", 40.0))
    ]
    return write_recording(
        path, seconds=SECONDS, detected_s=ONSET_S + 300, series=series, topology=TOPOLOGY,
        header={"title": "A forecast of the capacity report was wrong", "symptom": ""},
    )  # fmt: skip


def busier_but_far_from_its_limit(path: Path) -> Path:
    """`mail` needs more processor time than before, and has four fifths of its limit left: the obvious theory falls."""
    series = [
        gauge("container_cpu_usage_percent", service, stepped(f"cpu/{service}", 2.0, after, noise=0.02))
        for service, after in (("mail", 20.0), ("search", 2.0), ("web", 2.0))
    ]
    return write_recording(
        path, seconds=SECONDS, detected_s=ONSET_S + 300, series=series, topology=TOPOLOGY,
        header={"title": "An alert on the trend of processor time", "symptom": ""},
    )  # fmt: skip
