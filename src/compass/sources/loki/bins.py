"""Steps of time in which a Loki counts lines, and slices of a window that hold no more than one answer can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from compass.domain.time import NS_PER_S, Window

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_FEWEST, _MOST = 24, 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """Step k counts what lies in (`ends_s[k]` - `step_s`, `ends_s[k]`]. Ends are multiples of the step, as Loki's query
    frontend aligns them (pkg/querier/queryrange/splitters.go), so the first and the last reach beyond the window."""

    window: Window
    step_s: int
    first_s: int
    number: int

    @property
    def last_s(self) -> int:
        return self.first_s + (self.number - 1) * self.step_s

    @property
    def edges_ns(self) -> list[int]:
        """`number` + 1 edges: what step k has of the window is [edges[k], edges[k + 1])."""
        step = self.step_s * NS_PER_S
        inner = [self.first_s * NS_PER_S + k * step + 1 for k in range(self.number - 1)]
        return [self.window.start_ns, *inner, self.window.end_ns]

    @property
    def inside(self) -> Floats:
        """The share of each step that lies in the window."""
        return np.minimum(1.0, np.diff(np.array(self.edges_ns, dtype=np.int64)) / (self.step_s * NS_PER_S))

    def of(self, time_ns: Ints) -> Ints:
        """The step that each time belongs to."""
        found = np.searchsorted(np.array(self.edges_ns[1:-1], dtype=np.int64), time_ns, side="right")
        return found.astype(np.int64)

    def at(self, second: float) -> int | None:
        """The number of the step that ends at `second`; None for one that is not ours."""
        k, rest = divmod(round(second) - self.first_s, self.step_s)
        return k if rest == 0 and 0 <= k < self.number else None


def bins_of(window: Window, wanted: int) -> Bins:
    """About `wanted` steps of whole seconds over a window that is not empty."""
    number = min(_MOST, max(_FEWEST, wanted))
    step = max(1, -(-(window.end_ns - window.start_ns) // (number * NS_PER_S)))
    first, last = (-(-at // (step * NS_PER_S)) * step for at in (window.start_ns, window.end_ns - 1))
    return Bins(window=window, step_s=step, first_s=first, number=(last - first) // step + 1)


def slices(bins: Bins, counts: Floats, room: float) -> list[Window]:
    """The window cut so that each slice has about `room` lines at most: each moment in exactly one of them.

    `counts` by step. A step that alone has more is cut evenly.
    """
    edges, cuts = bins.edges_ns, [bins.window.start_ns]
    held = 0.0
    for k, count in enumerate(counts):
        if held and held + count > room:
            cuts.append(edges[k])
            held = 0.0
        if count > room:
            parts = min(int(-(-count // room)), max(1, edges[k + 1] - edges[k]))
            cuts += [edges[k] + (edges[k + 1] - edges[k]) * i // parts for i in range(1, parts)]
            held = count / parts
        else:
            held += count
    ends = [*cuts[1:], bins.window.end_ns]
    return [Window(start_ns=a, end_ns=b) for a, b in zip(cuts, ends, strict=True) if a < b]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Of the lines of `keys` one in `modulus` is read."""

    keys: tuple[str, ...]
    modulus: int


def shares(counts: dict[str, float], budget: float) -> list[Share]:
    """Divide `budget` lines among keys (services): small ones whole, large ones as many each, in at most three classes.

    Water filling: every key gets what it has, up to a level that uses the budget up.
    """
    total = sum(counts.values())
    if total <= budget:
        return [Share(keys=tuple(sorted(counts)), modulus=1)] if counts else []
    level = _level(sorted(counts.values()), budget)
    whole = sorted(key for key, count in counts.items() if count <= level)
    large = sorted((key for key, count in counts.items() if count > level), key=lambda key: (counts[key], key))
    classes = [Share(keys=tuple(whole), modulus=1)] if whole else []
    middle = (counts[large[0]] * counts[large[-1]]) ** 0.5
    wide = counts[large[-1]] > _WIDE * counts[large[0]]
    parts = [[k for k in large if counts[k] <= middle], [k for k in large if counts[k] > middle]] if wide else [large]
    for keys in parts:
        ratio = sum(counts[key] for key in keys) / (len(keys) * max(level, _LEAST))
        classes.append(Share(keys=tuple(sorted(keys)), modulus=modulus_for(ratio)))
    return classes


_LEAST = 0.01  # lines of a key, where the budget has next to none
_WIDE = 16.0  # keys whose counts differ by more are not sampled alike


def _level(ascending: Sequence[float], budget: float) -> float:
    left = budget
    for i, count in enumerate(ascending):
        each = left / (len(ascending) - i)
        if count > each:
            return each
        left -= count
    return ascending[-1]


def modulus_for(ratio: float) -> int:
    """The smallest modulus that keeps at most one in `ratio`.

    A prime, so that it is in step with nothing periodic; and neither 2 nor 5: of whole seconds, or hundredths, in
    milliseconds these would keep all.
    """
    if ratio <= 1:
        return 1
    number = max(3, int(-(-ratio // 1)))
    while number == 5 or any(number % divisor == 0 for divisor in range(2, int(number**0.5) + 1)):
        number += 1
    return number
