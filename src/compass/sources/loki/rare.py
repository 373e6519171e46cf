"""Lines that a sample misses: those that are like none of the patterns which Loki itself counts most often.

Loki names patterns of many lines only (pkg/pattern/ingester_querier.go: 30 and more), so the rare ones cannot be asked
for by theirs. But without the lines of the frequent ones little is left, and that can be read whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote_plus

from compass.domain.time import Window
from compass.sources.loki import logql
from compass.sources.loki.api import Pattern
from compass.sources.loki.bins import modulus_for
from compass.sources.loki.fetch import Pulled
from compass.sources.loki.options import Bounds
from compass.sources.loki.plan import Pull, key_in, line_bytes
from compass.sources.loki.survey import Counted, Survey

SHARE = 0.25
"""Of what is read so much may be rare lines, in two requests at most."""
_SHORTEST = 50.0  # bytes of a line: there are hardly more lines than this makes of a volume
_FILL = 0.85  # patterns are not counted exactly: so much of the room is planned for
_LONGEST = 15_000  # of a query as it is sent
_SHORT = 6_000  # and of one that every proxy takes: 8 kB of address are usual
_DENSER = 2  # times as dense as in the sample rare lines have to be, to be worth a request
_GLIMPSE = 5  # where too many lines match no pattern, a part of the room shows whose they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The patterns of a window, the most frequent first."""

    window: Window
    patterns: Sequence[Pattern] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rare:
    """Lines of `keys` (services) that `selector` selects and none of `patterns` matches: about `left`, and there is
    `room` for so many."""

    selector: str
    keys: frozenset[str]
    patterns: tuple[Pattern, ...]
    window: Window
    left: float
    room: int

    @property
    def limit(self) -> int:
        """So many lines are asked for."""
        return self.room if self.left <= self.room * _FILL else self.room // _GLIMPSE

    @property
    def modulus(self) -> int:
        """One in so many is."""
        return modulus_for(self.left / (self.limit * _FILL))

    @property
    def pull(self) -> Pull:
        what = "lines like no frequent pattern"
        query = logql.one_in(_query(self.selector, self.patterns), self.modulus)
        return Pull(what=what, query=query, windows=(self.window,), modulus=self.modulus, counts={}, rare=True)


def may_be_sampled(found: Survey, bounds: Bounds) -> bool:
    """Whether there may be more lines than are read whole, as far as the volume tells: then patterns are worth asking
    for while lines are counted, and not later, when it is known."""
    most = min(bounds.lines, bounds.pulls * bounds.per_query)
    return found.size is None or found.size > most * _SHORTEST


def rare_of(found: Survey, counted: Counted, plan: Sequence[Pull], known: Known, bounds: Bounds) -> Rare | None:
    """What to pull beside a sample. None: all is read, or the sample is as dense."""
    densest = max((pull.modulus for pull in plan), default=1)
    if densest < _DENSER or not known.patterns:
        return None
    keys = frozenset(key_in(found, counted, group) for pull in plan if pull.modulus > 1 for group in pull.counts)
    total, left = 0.0, 0.0
    for group, row in counted.lines.items():
        lines = float((row * counted.bins.inside).sum())
        total += lines
        left += lines if key_in(found, counted, group) in keys else 0.0
    room = int(min(bounds.per_query, SHARE / 2 * min(bounds.lines, bounds.size / line_bytes(found, total))))
    if found.key not in counted.names:
        keys = frozenset(found.values)
    selector = found.selector if keys >= set(found.values) else found.only(sorted(keys))
    part = counted.bins.window.seconds / known.window.seconds
    chosen: list[Pattern] = []
    for pattern in known.patterns:
        if left <= room * _FILL:
            break
        one = Pattern(text=logql.pattern_filter(pattern.text), lines=pattern.lines * part)
        if one.text and _length(selector, [*chosen, one]) <= _LONGEST:
            chosen.append(one)
            left -= one.lines
    if not chosen or room < _GLIMPSE:
        return None
    return Rare(
        selector=selector, keys=keys, patterns=tuple(chosen), window=counted.bins.window, left=left, room=room
    )  # fmt: skip


def shortened(rare: Rare) -> Rare | None:
    """The same with fewer patterns, for a proxy that refuses long addresses. None: it is short enough for any."""
    kept = len(rare.patterns)
    while kept > 1 and _length(rare.selector, rare.patterns[:kept]) > _SHORT:
        kept -= 1
    if kept == len(rare.patterns):
        return None
    left = rare.left + sum(one.lines for one in rare.patterns[kept:])
    return replace(rare, patterns=rare.patterns[:kept], left=left)


def without_flood(found: Survey, rare: Rare, pulled: Pulled) -> Rare | None:
    """The same without the services whose lines were too many: their patterns are not known, or do not match them.

    None: all was read, or there is no other service.
    """
    if rare.modulus == 1 and not pulled.cut:
        return None
    end = pulled.cut[0].start_ns if pulled.cut else rare.window.end_ns
    covered = max(1, end - rare.window.start_ns) / (rare.window.end_ns - rare.window.start_ns)
    lines: dict[str, float] = {}
    for page in pulled.pages:
        for stream in page.streams:
            key = stream.stream.get(found.key, "")
            lines[key] = lines.get(key, 0.0) + len(stream.values) * rare.modulus / covered
    flood, left = [], sum(lines.values())
    for key in sorted(lines, key=lambda key: (-lines[key], key)):
        if left <= rare.room * _FILL:
            break
        flood.append(key)
        left -= lines[key]
    if not flood or rare.keys <= set(flood):
        return None
    # There is room again for those patterns that have fewer lines, as far as it is known.
    kept = len(rare.patterns)
    while kept > 1 and left + rare.patterns[kept - 1].lines <= rare.room * _FILL:
        kept -= 1
        left += rare.patterns[kept].lines
    return replace(
        rare, selector=logql.narrowed(rare.selector, logql.none_of(found.key, flood)), keys=rare.keys - set(flood),
        patterns=rare.patterns[:kept], left=left,
    )  # fmt: skip


def _query(selector: str, patterns: Sequence[Pattern]) -> str:
    return logql.unlike(selector, [one.text for one in patterns])


def _length(selector: str, patterns: Sequence[Pattern]) -> int:
    return len(quote_plus(_query(selector, patterns)))
