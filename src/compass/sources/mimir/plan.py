"""Which series are moved, and how: exactly where they fit, summed at the server where that says the same in less, in
longer steps where even that is too much. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from compass.domain.telemetry import SignalKind
from compass.domain.time import NS_PER_S, Window
from compass.sources.live.gathered import Labels
from compass.sources.mimir.meaning import Cells, label_sets, summable
from compass.sources.recording.grid import USUAL_STEPS_S

CHUNK_POINTS = 150_000  # of one answer: about 4 MB of JSON, 0.5 MB on the wire
CHUNK_CHARS = 24_000  # of one query
WORTH = 3.0  # summing at the server costs it something: only where it leaves a third
FEWEST_STEPS = 60  # with fewer, the beginning of an incident cannot be told: then series are left out instead
_RATE_STEPS = 2  # a rate over two steps with regular samples is exactly the growth of the last one
GOLDEN = frozenset({SignalKind.LATENCY, SignalKind.TRAFFIC, SignalKind.ERRORS, SignalKind.CPU, SignalKind.MEMORY})
NAME = "compass_name"  # `or` and functions drop the name of a metric: it travels in this label
Measure = Callable[["Family"], int]
OURS = ("ALERTS", "ALERTS_FOR_STATE")  # alerts are a part of their own


@dataclass(slots=True)
class Family:
    """The series of one name."""

    name: str
    labels: list[Labels] = field(default_factory=list)
    kinds: set[SignalKind] = field(default_factory=set)
    kept: tuple[str, ...] | None = None  # labels that stay when summed at the server; None: not summed
    rows: int = 0  # series that are moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One query. `step_s` None: an instant query for raw samples. `summed`: values are rates of what was summed."""

    expression: str
    window: Window
    step_s: float | None
    summed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`step_s` None where every sample is moved as it is."""

    requests: tuple[Request, ...]
    step_s: float | None
    missing: tuple[str, ...]


def make_plan(
    series: Sequence[Mapping[str, str]], window: Window, *, matchers: str, points: int, interval_s: float,
    exact: bool = False, types: Mapping[str, str] | None = None,
) -> Plan:  # fmt: skip
    """How to move `series` (label sets with `__name__`) of `window` with at most about `points` samples.

    `types` are what the server says of metrics, by name. `exact`: nothing is summed and no step is made longer; what
    does not fit is left out and named.
    """
    cells = label_sets(series, types)
    families = _families(series, cells)
    raw = window.seconds / interval_s + 1
    missing: list[str] = []
    step_s: float | None = None
    if not exact and _rows(families) * raw > points:
        _sum_at_server(families, cells)
        step_s = _step(_rows(families), window, points, interval_s)
    most = points / (raw if step_s is None else window.seconds / step_s + 1)
    families, left_out = _within(families, most)
    if left_out:
        names = ", ".join(family.name for family in left_out[:5]) + (" …" if len(left_out) > 5 else "")
        missing.append(f"{sum(f.rows for f in left_out)} series of {len(left_out)} metrics were not moved: {names}")
    return Plan(
        requests=tuple(_requests(families, window, matchers, step_s, interval_s)), step_s=step_s,
        missing=tuple(missing),
    )  # fmt: skip


def _families(series: Sequence[Mapping[str, str]], cells: Cells) -> list[Family]:
    found: dict[str, Family] = {}
    for number, labels in enumerate(series):
        name = labels.get("__name__", "")
        if name and name not in OURS:
            family = found.setdefault(name, Family(name))
            family.labels.append(labels)
            family.kinds.add(cells.kind_of(number))
            family.rows += 1
    return [found[name] for name in sorted(found)]


def _rows(families: Iterable[Family]) -> int:
    return sum(family.rows for family in families)


def _sum_at_server(families: Sequence[Family], cells: Cells) -> None:
    """Mark the counters of which many series make one row of a table."""
    for family in families:
        kept = summable(family.labels, cells)
        if kept is None:
            continue
        rows = len({tuple(labels.get(label, "") for label in kept) for labels in family.labels})
        if rows * WORTH <= family.rows:
            family.kept, family.rows = kept, rows


def _step(rows: int, window: Window, points: int, interval_s: float) -> float | None:
    """None while raw samples fit; else the shortest usual step that does, or the longest that still shows an onset."""
    if rows * (window.seconds / interval_s + 1) <= points:
        return None
    steps = [step for step in USUAL_STEPS_S if step > interval_s and window.seconds / step >= FEWEST_STEPS]
    fitting = (step for step in steps if rows * (window.seconds / step + 1) <= points)
    return next(fitting, steps[-1] if steps else interval_s)


def _within(families: Sequence[Family], most: float) -> tuple[list[Family], list[Family]]:
    """Those that fit: what requests show first, what is not understood last, few series before many; and the rest."""
    order = sorted(families, key=lambda f: (not f.kinds & GOLDEN, f.kinds <= {SignalKind.OTHER}, f.rows, f.name))
    kept, left, rows = [], [], 0
    for family in order:
        if rows + family.rows <= most:
            kept.append(family)
            rows += family.rows
        else:
            left.append(family)
    return sorted(kept, key=lambda f: f.name), left


def _requests(
    families: Sequence[Family], window: Window, matchers: str, step_s: float | None, interval_s: float
) -> Iterable[Request]:
    step = step_s or interval_s
    points = window.seconds / step + 1
    alone = [family for family in families if family.kept is None]
    for chunk in _chunks(alone, points, lambda family: len(family.name) + 1):
        chosen = selector([family.name for family in chunk], matchers)
        for part in _parts(chunk, window, step):
            if step_s is None:
                # One more millisecond: newer servers take a range as open at its start.
                yield Request(expression=f"{chosen}[{round(part.seconds * 1000) + 1}ms]", window=part, step_s=None)
            else:
                yield Request(expression=chosen, window=part, step_s=step_s)
    summed = [family for family in families if family.kept is not None]
    for chunk in _chunks(summed, points, lambda family: len(_summed(family, matchers, step)) + 4):
        expression = " or ".join(_summed(family, matchers, step) for family in chunk)
        for part in _parts(chunk, window, step):
            yield Request(expression=expression, window=part, step_s=step, summed=True)


def _parts(chunk: Sequence[Family], window: Window, step_s: float) -> Iterable[Window]:
    """The window, or, where one metric is more than an answer should hold, parts of it that meet at whole steps."""
    step = round(step_s * NS_PER_S)
    steps = -(-(window.end_ns - window.start_ns) // step)
    count = max(1, -(-_rows(chunk) * steps // (2 * CHUNK_POINTS)))
    each = -(-steps // count) * step
    for start in range(window.start_ns, window.end_ns, each):
        yield Window(start_ns=start, end_ns=min(start + each, window.end_ns))


def _chunks(families: Sequence[Family], points: float, chars: Measure) -> Iterable[list[Family]]:
    """Families asked for together. One alone may be larger than a chunk."""
    chunk: list[Family] = []
    weight = length = 0.0
    for family in families:
        more, longer = family.rows * points, chars(family)
        if chunk and (weight + more > CHUNK_POINTS or length + longer > CHUNK_CHARS):
            yield chunk
            chunk, weight, length = [], 0.0, 0.0
        chunk.append(family)
        weight, length = weight + more, length + longer
    if chunk:
        yield chunk


def selector(names: Sequence[str], matchers: str) -> str:
    """PromQL for the series of these names."""
    pattern = "|".join(re.escape(name) for name in names)
    name = f'__name__="{names[0]}"' if len(names) == 1 and pattern == names[0] else f"__name__=~{quoted(pattern)}"
    return f"{{{name},{matchers}}}" if matchers else f"{{{name}}}"


def quoted(text: str) -> str:
    """A string of PromQL: JSON's escapes are among those of Go."""
    return json.dumps(text, ensure_ascii=False)


def _summed(family: Family, matchers: str, step_s: float) -> str:
    by = ",".join(family.kept or ())
    # One millisecond less than two steps holds two samples, wherever in a step they lie; older servers count both ends.
    span = round(step_s * _RATE_STEPS * 1000) - 1
    rate = f"rate({selector([family.name], matchers)}[{span}ms])"
    name = quoted(family.name.replace("$", "$$"))  # `$1` would stand for a part of what was matched
    return f'label_replace(sum by ({by}) ({rate}),"{NAME}",{name},"","")'
