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
_LONGEST = 6_000  # of a query as it is sent: proxies take addresses of 8 kB
_DENSER = 2  # times as dense as in the sample rare lines have to be, to be worth a request
_GLIMPSE = 5  # where too many lines match no pattern, a part of the room shows whose they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The patterns of a window, the most frequent first."""

    window: Window
    patterns: Sequence[Pattern] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rare:
    """At most `limit` lines of `keys` (services) that `selector` selects and none of `patterns` matches, one in
    `modulus`. `room`: how many there may be in all."""

    selector: str
    keys: frozenset[str]
    patterns: tuple[Pattern, ...]
    window: Window
    modulus: int
    limit: int
    room: int

    @property
    def pull(self) -> Pull:
        query = logql.one_in(logql.unlike(self.selector, [one.text for one in self.patterns]), self.modulus)
        what = "lines like no frequent pattern"
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
        text = logql.pattern_filter(pattern.text)
        texts = [*(one.text for one in chosen), text]
        if text and len(quote_plus(logql.unlike(selector, texts))) <= _LONGEST:
            chosen.append(Pattern(text=text, lines=pattern.lines * part))
            left -= pattern.lines * part
    if not chosen or room < _GLIMPSE:
        return None
    fits = left <= room * _FILL
    limit = room if fits else room // _GLIMPSE
    return Rare(
        selector=selector, keys=keys, patterns=tuple(chosen), window=counted.bins.window, room=room, limit=limit,
        modulus=modulus_for(left / (limit * _FILL)),
    )  # fmt: skip


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
        patterns=rare.patterns[:kept], modulus=1, limit=rare.room,
    )  # fmt: skip
