"""Do the calls that wait on their way wait as long as a lost packet takes to be sent again?

TCP hides a loss and shows a wait: of one retransmission time-out, and twice as long after every further loss (RFC 6298;
Linux begins with 200 ms above the round trip). So of the calls on one edge some wait at least that long, those beside
them as briefly as ever, and hardly any something in between. A path that is slow makes every call on it wait; a queue
is as dense in the middle as beyond it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from compass.analysis.spans import Bools, Floats, Ints

FIRST_TIMEOUT_MS = (180.0, 500.0)
"""Between which the shortest of the long waits lies: the least time-out, and a round trip of up to 300 ms."""
MIDDLE_MS = (45.0, 180.0)
"""What a queue fills as densely as the milliseconds after it, and a loss never does."""
BY_CHANCE, AS_DENSE = 1e-4, 0.3
"""At most this chance that a queue left the middle so empty, and at most this share of what it would hold."""
LEAST_BESIDE = 0.05
"""Of the calls to one instance for one operation so many at least do not wait: else the way there is slow for all."""
_EARLIEST = 0.1  # the waits are judged by their first tenth, and meanwhile is from there to their last: not by extremes


@dataclass(frozen=True, slots=True, kw_only=True)
class Retransmission:
    """`waiting` calls wait `first_ms` or longer; meanwhile `beside` calls do not wait, and `between` wait less.

    `share` is that of the waiting among all of them.
    """

    waiting: int
    beside: int
    between: int
    first_ms: float
    share: float


def retransmission(
    wait_ms: Floats, times_ns: Ints, before: Bools, now: Bools, path: Ints
) -> Retransmission | None:  # fmt: skip
    """The finding over the calls of one edge, or None where the waits have another form.

    Shapes: one element a call; `wait_ms` between the caller's span and the callee's, `times_ns` when it began, `path`
    a number for what goes one way as far as is known (one instance, one operation).
    """
    if not before.any():
        return None
    excess = wait_ms - np.median(wait_ms[before])
    least, most = FIRST_TIMEOUT_MS
    waiting, first_step = now & (excess >= least), now & (excess >= least) & (excess < most)
    if not first_step.any():
        return None
    count = int(waiting.sum())
    since, until = np.quantile(times_ns[waiting], (_EARLIEST, 1 - _EARLIEST))
    meanwhile = now & ~waiting & (times_ns >= since) & (times_ns <= until)
    middle = (excess >= MIDDLE_MS[0]) & (excess < MIDDLE_MS[1])
    as_ever = float(middle[before].mean()) * int(meanwhile.sum())
    between = round(max(0.0, int((meanwhile & middle).sum()) - as_ever))
    beside = int(meanwhile.sum()) - between
    first = float(np.quantile(excess[waiting], _EARLIEST))
    beside_there = np.bincount(path[meanwhile & ~middle], minlength=int(path.max()) + 1)
    mixed = int(np.minimum(np.bincount(path[waiting], minlength=beside_there.size), beside_there).sum())
    queued = int(first_step.sum()) * (MIDDLE_MS[1] - MIDDLE_MS[0]) / (most - least)
    if first >= most or mixed < LEAST_BESIDE * (count + beside):
        return None
    if between > AS_DENSE * queued or at_most(between, queued) > BY_CHANCE:
        return None
    return Retransmission(
        waiting=count, beside=beside, between=between, first_ms=first, share=count / (count + beside + between)
    )


def at_most(count: int, expected: float) -> float:
    """P(a Poisson number of mean `expected` is at most `count`)."""
    return math.fsum(math.exp(k * math.log(expected) - expected - math.lgamma(k + 1)) for k in range(count + 1))
