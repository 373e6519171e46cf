"""What an alert or a page means, by the words that alert names and summaries are made of everywhere."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_TEXT = 2_000

# (sign, words of which one must occur, words of which one must occur too; empty = none needed)
_FALL = ("drop", "low", "below", "fall", "fell", "down", "decrease", "loss", "no ", "absent", "missing")
_RULES: Sequence[tuple[str, tuple[str, ...], tuple[str, ...]]] = (
    ("replication.lag", ("replication lag", "replica lag", "replicationlag"), ()),
    ("queue.backlog", ("consumer lag", "backlog", "queue depth", "queue length", "queue growing"), ()),
    ("cpu.throttled", ("throttl",), ()),
    ("latency.up", ("latency", "response time", "slow response", "slow request", "p99", "p95", "p90", "duration"), ()),
    ("errors.up", ("error rate", "errors", "error ratio", "5xx", "exception", "failure rate", "failing requests"), ()),
    ("success.down", ("success rate", "success ratio", "availability"), _FALL),
    ("traffic.down", ("throughput", "traffic", "rps", "qps", "request rate", "requests"), _FALL),
    ("traffic.up", ("throughput", "traffic", "rps", "qps", "request rate"), ("spike", "surge", "increase", "high")),
    ("cpu.up", ("cpu",), ()),
    ("memory.near_limit", ("memory limit", "memory near", "out of memory", "oom"), ()),
    ("memory.up", ("memory", " mem "), ()),
    ("disk.full", ("disk full", "disk space", "filesystem", "file system", "disk usage", "volume full"), ()),
    ("disk.io_up", ("disk io", "disk i/o", "iowait", "io wait", "disk latency"), ()),
    ("network.errors_up", ("retransmi", "packet loss", "packet drop", "network error", "tcp retran"), ()),
    ("fds.near_limit", ("file descriptor", "open files"), ()),
    ("pool.exhausted", ("pool exhaust", "connection pool", "thread pool"), ()),
    ("db.connections_near_limit", ("too many connections", "max connections", "connections near"), ()),
    ("restarts.up", ("restart", "crash loop", "crashloop"), ()),
    ("clock.offset", ("clock skew", "clock offset", "ntp"), ()),
    ("rate_limited", ("rate limit", "too many requests", "429"), ()),
)
_SPLIT = re.compile(r"[_\-|:\[\](){},;]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def meanings(text: str) -> tuple[str, ...]:
    """The signs that the words of an alert stand for, in a fixed order; none when nothing is understood.

    CamelCase, snake_case and prose read alike. The text is untrusted and cut at 2,000 characters.
    """
    plain = f" {' '.join(_SPLIT.sub(' ', _CAMEL.sub(' ', text[:MAX_TEXT])).lower().split())} "
    found = [
        sign
        for sign, subject, manner in _RULES
        if any(word in plain for word in subject) and (not manner or any(word in plain for word in manner))
    ]
    return tuple(_without_weaker(found, plain))


def _without_weaker(found: list[str], plain: str) -> list[str]:
    """Drop what a more exact meaning of the same words already says."""
    network = "network" in plain and any(word in plain for word in _FALL)
    dropped: set[str] = set()
    if "memory.near_limit" in found or "memory.leak" in found:
        dropped.add("memory.up")
    if "cpu.throttled" in found:
        dropped.add("cpu.up")
    if network and "traffic.down" in found:
        dropped.add("traffic.down")
        found = [*found, "network.traffic_down"]
    return [sign for sign in dict.fromkeys(found) if sign not in dropped]
