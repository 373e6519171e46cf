"""What size of change means nothing, by what a series measures and in which unit.

The figures are what an on-call engineer would not get up for, a quarter of the smallest change worth naming
(scores begin to matter at four times the floor): 2 ms of latency, half a percentage point of success, two points of
CPU. They stop a constant baseline from making a meaningless change look infinite.
"""

from __future__ import annotations

import re

from compass.domain.telemetry import Signal, SignalKind

_TIME = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"By": 1.0, "kBy": 1e3, "MBy": 1e6, "GBy": 1e9, "KiBy": 2.0**10, "MiBy": 2.0**20, "GiBy": 2.0**30}
_RATIO = {"1": 1.0, "%": 0.01, "": 1.0}
_ANNOTATION = re.compile(r"\{[^}]*\}")

# kind → (relative floor, floor as ratio, floor as time in s, floor in bytes, floor as count, floor as count per s)
_FLOORS: dict[SignalKind, tuple[float, float, float, float, float, float]] = {
    SignalKind.LATENCY: (0.08, 0.002, 0.002, 0.0, 0.002, 0.002),
    SignalKind.CLIENT_LATENCY: (0.08, 0.002, 0.002, 0.0, 0.002, 0.002),
    SignalKind.DB_LATENCY: (0.08, 0.002, 0.002, 0.0, 0.002, 0.002),
    SignalKind.POOL_WAIT: (0.08, 0.002, 0.002, 0.0, 0.002, 0.002),
    SignalKind.SUCCESS: (0.0, 0.005, 0.0, 0.0, 0.5, 0.02),
    SignalKind.ERRORS: (0.05, 0.005, 0.0, 0.0, 0.5, 0.02),
    SignalKind.TRAFFIC: (0.08, 0.1, 0.0, 1024.0, 1.0, 0.1),
    SignalKind.CPU: (0.08, 0.02, 0.02, 0.0, 0.02, 0.02),
    SignalKind.CPU_THROTTLING: (0.08, 0.02, 0.02, 0.0, 1.0, 0.2),
    SignalKind.MEMORY: (0.05, 0.01, 0.0, 4 * 2.0**20, 1.0, 1.0),
    SignalKind.DISK_USAGE: (0.05, 0.01, 0.0, 64 * 2.0**20, 1.0, 1.0),
    SignalKind.DISK_IO: (0.10, 0.05, 0.01, 64 * 2.0**10, 5.0, 5.0),
    SignalKind.NETWORK_TRAFFIC: (0.10, 0.02, 0.0, 1024.0, 5.0, 1.0),
    SignalKind.NETWORK_ERRORS: (0.10, 0.002, 0.0, 0.0, 1.0, 0.1),
    SignalKind.REPLICAS: (0.08, 0.08, 0.0, 0.0, 0.08, 0.08),
    SignalKind.RESTARTS: (0.0, 0.1, 0.0, 0.0, 0.1, 0.002),
    SignalKind.REPLICATION_LAG: (0.10, 1.0, 1.0, 2.0**20, 1.0, 1.0),
    SignalKind.CLOCK_OFFSET: (0.10, 0.01, 0.01, 0.0, 0.01, 0.01),
    SignalKind.GC_TIME: (0.10, 0.01, 0.01, 0.0, 1.0, 0.01),
    SignalKind.RETRIES: (0.10, 0.005, 0.0, 0.0, 0.5, 0.05),
    SignalKind.RATE_LIMITED: (0.05, 0.005, 0.0, 0.0, 0.5, 0.02),
    SignalKind.POOL_TIMEOUTS: (0.05, 0.005, 0.0, 0.0, 0.5, 0.01),
    SignalKind.CACHE_HITS: (0.08, 0.02, 0.0, 0.0, 1.0, 0.1),
    SignalKind.CACHE_MISSES: (0.08, 0.02, 0.0, 0.0, 1.0, 0.1),
    SignalKind.OTHER: (0.10, 0.0, 0.0, 0.0, 0.0, 0.0),
}
_DEFAULT = (0.08, 0.02, 0.01, 1024.0, 1.0, 0.05)


def to_base(unit: str) -> tuple[str, float]:
    """Dimension (ratio | time | bytes | count, with `/s` for a rate) and the factor to its base unit (1, s, By).

    UCUM annotations in braces count as 1. A unit that is not understood is a plain count.
    """
    number, _, per = unit.strip().partition("/")
    rate = per in _TIME
    factor = 1.0 / _TIME[per] if rate else 1.0
    bare = _ANNOTATION.sub("", number)
    if bare in _TIME:
        return ("ratio" if rate else "time"), _TIME[bare] * factor
    if bare in _BYTES:
        return ("bytes/s" if rate else "bytes"), _BYTES[bare] * factor
    if bare == "m" and bare != number:  # m{core}: thousandths of something that is counted
        return ("count/s" if rate else "count"), 1e-3 * factor
    if bare in _RATIO and (bare == number or not bare):
        ratio = bare == number and not per
        return ("ratio" if ratio else "count/s" if rate else "count"), _RATIO[bare] * factor
    return ("count/s" if rate else "count"), factor


def understood(unit: str) -> bool:
    """Whether `to_base` knows what the unit is: a time, a size, a share, something counted in braces, or one of them
    per time."""
    number, per_what, per = unit.strip().partition("/")
    bare = _ANNOTATION.sub("", number)
    known = bare in _TIME or bare in _BYTES or bare in ("1", "%") or (bare in ("", "m") and bare != number)
    return known and (per in _TIME if per_what else True)


def floors(signal: Signal) -> tuple[float, float]:
    """(relative floor, absolute floor in the signal's own unit) of the spread of a series of this meaning."""
    relative, ratio, time, size, count, rate = _FLOORS.get(signal.kind, _DEFAULT)
    dimension, factor = to_base(signal.unit)
    base = {"ratio": ratio, "time": time, "bytes": size, "bytes/s": size, "count": count, "count/s": rate}[dimension]
    return relative, base / factor if factor > 0 else base
