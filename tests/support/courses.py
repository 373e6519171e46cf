"""The course of one incident over time: a shop whose latency and processor time follow a factor, step by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from tests.support.incidents import BOUNDS, SERVICES, STEP_S, TOPOLOGY, labels, wave
from tests.support.recordings import Raw, Series, histogram, write_recording

USUAL_S = 0.05
SICK = ("web", "orders")
Course = Sequence[tuple[float, float]]
"""(minutes, by how much the latency of SICK is multiplied)."""


def factors(course: Course) -> list[float]:
    """One factor a step."""
    return [factor for minutes, factor in course for _ in range(round(minutes * 60 / STEP_S))]


def latency(service: str, course: Course, pod: str = "") -> list[Series]:
    """The request-duration histogram of one service."""
    values = factors(course)
    traffic, means = (wave(f"{what}/{service}", 1.0, steps=len(values)) for what in ("traffic", "latency"))
    per_step = []
    for factor, count, mean in zip(values, traffic, means, strict=True):
        level = USUAL_S * mean * (factor if service in SICK else 1.0)
        shares = [math.exp(-abs(math.log(bound / level))) for bound in (*BOUNDS, 10.0)]
        per_step.append([60.0 * count * share / sum(shares) for share in shares])
    told = {**labels(service), **({"k8s_pod_name": f"{service}-{pod}"} if pod else {})}
    return histogram("http_server_request_duration_seconds", told, BOUNDS, per_step, step_s=STEP_S)


def write_course(path: Path, course: Course, *, alerts: Sequence[Raw] | None = None, pod: str = "") -> Path:
    """A recording of it. `pod` ends the names of pods; none are named without it."""
    series = [one for service in SERVICES for one in latency(service, course, pod)]
    seconds = len(factors(course)) * STEP_S
    return write_recording(path, seconds=seconds, series=series, topology=TOPOLOGY, alerts=alerts,
                           header={"title": "Checkout is slow", "service": "web"})  # fmt: skip
