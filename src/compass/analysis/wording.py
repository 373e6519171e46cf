"""Numbers, units and times in the words of a person on call."""

from __future__ import annotations

import math

from compass.analysis.units import to_base
from compass.domain.telemetry import Signal, SignalKind
from compass.domain.time import to_datetime

_NOUN: dict[SignalKind, str] = {
    SignalKind.CLIENT_LATENCY: "latency of outgoing calls", SignalKind.SUCCESS: "success ratio", SignalKind.CPU: "CPU",
    SignalKind.CPU_THROTTLING: "CPU throttling", SignalKind.DISK_IO: "disk I/O", SignalKind.GC_TIME: "time in GC",
    SignalKind.DB_LATENCY: "statement latency", SignalKind.DB_TRAFFIC: "statements",
    SignalKind.DB_CONNECTIONS: "connections", SignalKind.DB_LOCKS: "lock waits", SignalKind.DB_ROWS_READ: "rows read",
    SignalKind.CACHE_HITS: "cache hits", SignalKind.RATE_LIMITED: "rate-limited requests",
}  # fmt: skip


def noun(signal: Signal) -> str:
    """What is measured: "latency p90", "CPU"."""
    name = _NOUN.get(signal.kind, signal.kind.value.replace("_", " "))
    return f"{name} p{signal.quantile * 100:g}" if signal.quantile is not None else name


def share(part: float) -> str:
    """A share as it is read: `81 %`, `0.4 %`, `<0.1 %`."""
    if part >= 0.0995:
        return f"{part * 100:.0f} %"
    return f"{part * 100:.1f} %" if part >= 0.001 else "<0.1 %"


def quantity(value: float, unit: str) -> str:
    """A value with its unit, scaled to be read: `1.9 s`, `38 ms`, `512 MiB`, `87 %`, `12.4/s`."""
    if not math.isfinite(value):
        return "unknown"
    dimension, factor = to_base(unit)
    if dimension == "time":
        return _time(value * factor)
    if dimension in ("bytes", "bytes/s"):
        return _bytes(value * factor) + ("/s" if dimension == "bytes/s" else "")
    if unit == "%":
        return f"{_digits(value)} %"
    if dimension == "count/s":
        return f"{_digits(value * factor)}/s"
    return _digits(value)


def reading(value: float, signal: Signal) -> str:
    """A value of this signal: a bare share of errors or successes reads better in percent of requests."""
    if signal.kind in (SignalKind.ERRORS, SignalKind.SUCCESS) and signal.unit == "1" and 0 <= value <= 1:
        return f"{_digits(value * 100)} % of requests"
    return quantity(value, signal.unit)


def _digits(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _time(seconds: float) -> str:
    size = abs(seconds)
    if size >= 120:
        return f"{_digits(seconds / 60)} min"
    if size >= 1 or size == 0:
        return f"{_digits(seconds)} s"
    return f"{_digits(seconds * 1e3)} ms" if size >= 1e-3 else f"{_digits(seconds * 1e6)} µs"


def _bytes(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{_digits(size)} {unit}"
        size /= 1024
    return f"{_digits(size)} TiB"


def factor(value: float, usual: float) -> str:
    """` (9×)` or ` (−40 %)` against the usual value; empty where a factor says nothing."""
    if not (math.isfinite(value) and math.isfinite(usual)) or usual <= 0 or value < 0:
        return ""
    ratio = value / usual
    if ratio >= 2:
        return f" ({ratio:.0f}×)" if ratio >= 10 else f" ({ratio:.2g}×)"
    return f" ({'+' if ratio >= 1 else '−'}{abs(ratio - 1) * 100:.0f} %)"


def clock(ns: int) -> str:
    """Time of day in UTC to the second."""
    return to_datetime(ns).strftime("%H:%M:%S")


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3.5 h`, `2 d`."""
    size = abs(seconds)
    if size < 120:
        return f"{size:.0f} s"
    if size < 7200:
        return f"{size / 60:.0f} min"
    return f"{size / 3600:.2g} h" if size < 172_800 else f"{size / 86_400:.0f} d"
