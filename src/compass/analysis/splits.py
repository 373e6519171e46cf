"""Where the healthy part of a table may end: an onset is an estimate, so a few splits are tried and the best is named.

A short study on labelled incidents (EVIDENCE, "Onset") found that no fixed window works: scanning the last three
minutes before the page, plus "only what is minutes old is healthy", was the only rule without misses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compass.domain.time import NS_PER_S, Window

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

BEFORE_PAGE_S = (60, 90, 120, 150, 180, 300)
_SAME_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Healthy before `at_ns`, possibly not from then on. `given` marks the onset the investigation estimated."""

    at_ns: int
    start_ns: int
    end_ns: int
    given: bool = False

    def before(self, times_ns: Ints) -> Bools:
        mask: Bools = (times_ns >= self.start_ns) & (times_ns < self.at_ns)
        return mask

    def now(self, times_ns: Ints) -> Bools:
        mask: Bools = (times_ns >= self.at_ns) & (times_ns < self.end_ns)
        return mask


def candidate_splits(baseline: Window, during: Window, detected_ns: int | None = None) -> tuple[Split, ...]:
    """The given onset first, then moments before the page, latest first; those closer than 10 s to another are left
    out. Without a page time only the given one."""
    found = [Split(at_ns=during.start_ns, start_ns=baseline.start_ns, end_ns=during.end_ns, given=True)]
    for seconds in BEFORE_PAGE_S if detected_ns is not None else ():
        at = (detected_ns or 0) - seconds * NS_PER_S
        near = any(abs(at - other.at_ns) < _SAME_S * NS_PER_S for other in found)
        if baseline.start_ns < at < during.end_ns and not near:
            found.append(Split(at_ns=at, start_ns=baseline.start_ns, end_ns=during.end_ns))
    return tuple(found)
