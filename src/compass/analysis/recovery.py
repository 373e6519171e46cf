"""Whether what was abnormal goes back to how it usually is: a judgement of numbers alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

import numpy as np

from compass.domain.recheck import AlertNow, AlertState, Recovery, SignalNow
from compass.domain.time import Window
from compass.tables.series import Floats, Ints

RECOVERED = 0.8  # of the way back to the usual level
RECOVERING = 0.2
WORSE = -0.2  # this much further away than it was
_SAME = 1e-9  # relative: nearer than this to its usual level it was never away from it


def share_recovered(before: float | None, usual: float | None, now: float | None) -> float | None:
    """How much of the way from `before` (when it was bad) to `usual` has been gone back, in [-1, 1].

    (before − now) / (before − usual), cut at both ends: 0 = as bad as it was, 1 = usual or better, −1 = twice as far
    away or more. None where a number is missing or not finite, or where it was never away from its usual level.
    """
    if before is None or usual is None or now is None or not all(map(math.isfinite, (before, usual, now))):
        return None
    # Halves: the difference of two finite numbers may not be finite.
    way = before / 2 - usual / 2
    if abs(way) <= _SAME * max(abs(before), abs(usual)):
        return None
    return max(-1.0, min(1.0, (before / 2 - now / 2) / way))


def judged(share: float | None) -> Recovery:
    """The state that a share recovered stands for."""
    if share is None:
        return Recovery.UNKNOWN
    if share >= RECOVERED:
        return Recovery.RECOVERED
    if share >= RECOVERING:
        return Recovery.RECOVERING
    return Recovery.UNCHANGED if share > WORSE else Recovery.WORSE


def overall(signals: Sequence[SignalNow], alerts: Sequence[AlertNow] = ()) -> Recovery:
    """All of them together: worse where a symptom is, recovered where everything known is, else by the median share.

    While the alert that paged fires, it is at most recovering: whoever set its threshold does not call that over.
    """
    known = [(one, share_recovered(one.before, one.usual, one.now)) for one in signals]
    shares = [share for one, share in known if share is not None and one.state is not Recovery.UNKNOWN]
    if not shares:
        return Recovery.UNKNOWN
    if any(one.state is Recovery.WORSE and one.symptom for one in signals):
        return Recovery.WORSE
    if all(share >= RECOVERED for share in shares):
        fires = any(alert.paged and alert.state is AlertState.FIRING for alert in alerts)
        return Recovery.RECOVERING if fires else Recovery.RECOVERED
    return Recovery.RECOVERING if median(shares) >= RECOVERING else Recovery.UNCHANGED


def last_third(window: Window) -> Window:
    """What of a window stands for now: long enough not to be one sample, late enough not to be what was before."""
    length = window.end_ns - window.start_ns
    return Window(start_ns=window.end_ns - length // 3, end_ns=window.end_ns)


def level(times_ns: Ints, values: Floats, window: Window, *, mean: bool = False) -> float | None:
    """The median (or mean) of all finite values [rows, times] since `window` began; None where there are none.

    Steps are named by their end, and the last of them may end just after the window.
    """
    inside = times_ns > window.start_ns
    found = values[..., inside]
    found = found[np.isfinite(found)]
    return float(np.mean(found) if mean else np.median(found)) if found.size else None
