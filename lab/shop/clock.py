"""The clock of one process: the host's, put off by a switch, as on a host whose time is no longer kept."""

from __future__ import annotations

import time

from lab.controls import Controls

NS = 1_000_000_000


def follow(controls: Controls) -> None:
    """From now on every wall-clock time in this process (tokens, logs, spans) is off by the switch `clock_offset`.

    Has to run before modules that keep `time.time` under a name of their own are imported. Monotonic clocks, and so
    durations and time-outs, stay right.
    """
    real, real_ns = time.time, time.time_ns
    time.time = lambda: real() + controls.number("clock_offset")
    time.time_ns = lambda: real_ns() + int(controls.number("clock_offset") * NS)
