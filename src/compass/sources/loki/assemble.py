"""From pulled lines to columns: labels told from metadata, ids apart, and for how many lines each one stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from compass.signals.names import CLUSTER, CONTAINER, NAMESPACE, NODE, POD, SERVICE, WORKLOADS
from compass.signals.severity import BAD_LINE, LEVEL_LABELS, stream_level
from compass.sources.live.gathered import Logs
from compass.sources.loki import logql
from compass.sources.loki.api import Entry, Page
from compass.sources.loki.bins import Floats, Ints
from compass.sources.loki.fetch import Pulled
from compass.sources.loki.plan import Group, Pull
from compass.sources.loki.survey import Counted

TRACE = ("trace_id", "traceID", "traceId", "TraceId", "traceid", "TraceID")
SPAN = ("span_id", "spanID", "spanId", "SpanId", "spanid", "SpanID")
_IDS = frozenset({*TRACE, *SPAN})
_TELLING = (*LEVEL_LABELS, *SERVICE, *WORKLOADS, *POD, *NAMESPACE, *NODE, *CONTAINER, *CLUSTER)
_MOST_VALUES = 20  # of metadata that names nothing we know
_MOST_STREAMS = 2_000
_SLICES = 12  # a sample's weights are taken over so many parts of the window
_INVENTED = "unknown_service"  # what Loki calls the service of a stream that names none
_BAD = re.compile(BAD_LINE)
Pairs = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Lines:
    """Lines so far, column by column. `kind` is the place of each line's labels and metadata in `kinds`.

    `taken` are rare lines: of equal lines of a stream at the same time Loki keeps one, so it comes again elsewhere.
    """

    kinds: dict[tuple[Pairs, Pairs], int] = field(default_factory=dict)
    kind: list[int] = field(default_factory=list)
    time_ns: list[int] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    trace_id: list[str] = field(default_factory=list)
    span_id: list[str] = field(default_factory=list)
    weight: list[Floats] = field(default_factory=list)
    taken: set[tuple[int, int, str]] = field(default_factory=set)

    def add(self, labels: Pairs, more: Pairs, entry: Entry, ids: tuple[str, str]) -> None:
        kind = self.kinds.setdefault((labels, more), len(self.kinds))
        if (kind, int(entry.at), entry.line) in self.taken:
            return
        self.kind.append(kind)
        self.time_ns.append(int(entry.at))
        self.line.append(entry.line)
        self.trace_id.append(ids[0])
        self.span_id.append(ids[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """`unseen`: lines, counted, of groups of which the sample has none. `left_out`: metadata that is in no label."""

    logs: Logs
    unseen: float
    left_out: tuple[str, ...]


def assemble(pulled: Sequence[Pulled], counted: Counted, known: frozenset[str]) -> Assembled:
    """All lines as one set of columns. `known`: names of labels of streams, for servers that mix them with metadata."""
    lines = _Lines()
    unseen = 0.0
    for one in (one for one in pulled if one.pull.rare):
        for page in one.pages:
            _add(lines, page, known, unworded=False)
        lines.taken.update(zip(lines.kind, lines.time_ns, lines.line, strict=True))
    lines.weight.append(np.ones(len(lines.line)))
    rare = _Rare.of(lines, counted)
    for one in (one for one in pulled if not one.pull.rare):
        before = len(lines.line)
        for page in one.pages:
            _add(lines, page, known, unworded=one.pull.unworded)
        if one.stands is not None or (one.pull.modulus == 1 and not one.cut and not one.late):
            lines.weight.append(np.full(len(lines.line) - before, one.stands or 1.0))
            continue
        groups = _groups(lines, before, counted.names)
        times = np.array(lines.time_ns[before:], dtype=np.int64)
        weight, lost = weights(rare.less(one.pull), groups, counted.bins.of(times), counted.bins.number)
        lines.weight.append(weight)
        unseen += lost
    labels, left_out = _labels(list(lines.kinds))
    weight = np.concatenate(lines.weight) if lines.weight else np.empty(0)
    return Assembled(logs=_logs(lines, labels, weight), unseen=unseen, left_out=left_out)


def _add(lines: _Lines, page: Page, known: frozenset[str], *, unworded: bool) -> None:
    for stream in page.streams:
        own = {name: value for name, value in stream.stream.items() if not name.startswith("__")}
        mixed = {} if page.apart else {name: own.pop(name) for name in list(own) if name not in known}
        labels = tuple(sorted(own.items()))
        for entry in stream.values:
            more = {**mixed, **entry.more.structured}
            ids = _first(more, TRACE), _first(more, SPAN)
            rest = tuple(sorted((name, value) for name, value in more.items() if name not in _IDS))
            if unworded and _worded(entry.line, {**dict(rest), **own}):
                continue
            lines.add(labels, rest, entry, ids)


def _worded(line: str, labels: dict[str, str]) -> bool:
    """Whether `logql.bad_by_words` has the line."""
    return bool(_BAD.search(line)) and logql.class_of(labels) == "unsaid"


@dataclass(frozen=True, slots=True)
class _Rare:
    """What of the counts are rare lines: these stand for themselves, and what is pulled otherwise for all others.

    Group, step, and whether it is bad by its words, of each line. That they were taken for their looks does not matter
    to the sample: without them it is one of all lines without them.
    """

    of_lines: tuple[tuple[Group, int, bool], ...]

    @classmethod
    def of(cls, lines: _Lines, counted: Counted) -> _Rare:
        labels = [{**dict(more), **dict(own)} for own, more in lines.kinds]
        steps = counted.bins.of(np.array(lines.time_ns, dtype=np.int64)).tolist()
        worded = [_worded(line, labels[kind]) for line, kind in zip(lines.line, lines.kind, strict=True)]
        return cls(tuple(zip(_groups(lines, 0, counted.names), steps, worded, strict=True)))

    def less(self, pull: Pull) -> Pull:
        """The pull without those of them that it has."""
        if not self.of_lines:
            return pull
        counts = {group: row.copy() for group, row in pull.counts.items()}
        for group, step, worded in self.of_lines:
            apart = pull.worded or pull.unworded
            if group in counts and (not apart or worded == pull.worded):
                counts[group][step] = max(0.0, counts[group][step] - 1.0)
        return replace(pull, counts=counts)


def _first(more: Mapping[str, str], names: Iterable[str]) -> str:
    return next((more[name] for name in names if more.get(name)), "")


def _groups(lines: _Lines, start: int, names: tuple[str, ...]) -> list[Group]:
    """The group that each line from `start` on is counted in."""
    groups = [tuple({**dict(more), **dict(own)}.get(name, "") for name in names) for own, more in lines.kinds]
    return [groups[kind] for kind in lines.kind[start:]]


def weights(pull: Pull, groups: Sequence[Group], step: Ints, steps: int) -> tuple[Floats, float]:
    """For how many lines each pulled one stands, by its group and part of the window; and the lines of groups that none
    stands for. A part without a pulled line is stood for by the nearest that has one, so nothing counted is lost."""
    part_of = np.minimum(np.arange(steps) * _SLICES // max(1, steps), _SLICES - 1)
    place = {group: i for i, group in enumerate(pull.counts)}
    out = np.ones(len(groups))
    row = np.array([place.get(group, -1) for group in groups], dtype=np.int64)
    part = part_of[step] if len(groups) else np.empty(0, dtype=np.int64)
    lost = 0.0
    for group, i in place.items():
        counts = np.bincount(part_of, weights=pull.counts[group], minlength=_SLICES)
        mine = np.flatnonzero(row == i)
        if not mine.size:
            lost += float(counts.sum())
            continue
        got = np.bincount(part[mine], minlength=_SLICES).astype(np.float64)
        has = np.flatnonzero(got)
        nearest = has[np.abs(np.arange(_SLICES)[:, None] - has[None, :]).argmin(axis=1)]
        stands = np.bincount(nearest, weights=counts, minlength=_SLICES)
        out[mine] = np.maximum(1.0, stands[part[mine]] / got[part[mine]])
    return out, lost


def _labels(kinds: Sequence[tuple[Pairs, Pairs]]) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    """The labels of each kind of line, with the metadata that does not make too many streams; and what was left out."""
    values: dict[str, set[str]] = {}
    for _, more in kinds:
        for name, value in more:
            values.setdefault(name, set()).add(value)
    own = {labels for labels, _ in kinds}
    kept: set[str] = set()
    for name in sorted(values, key=lambda n: (_TELLING.index(n) if n in _TELLING else len(_TELLING), n)):
        if name not in _TELLING and len(values[name]) > _MOST_VALUES:
            continue
        tried = kept | {name}
        if len({(labels, _only(more, tried)) for labels, more in kinds}) <= max(_MOST_STREAMS, len(own)):
            kept = tried
    made = [_stated({**dict(_only(more, kept)), **dict(labels)}) for labels, more in kinds]
    return made, tuple(sorted(set(values) - kept))


def _only(more: Pairs, names: set[str]) -> Pairs:
    return tuple(pair for pair in more if pair[0] in names)


def _stated(labels: dict[str, str]) -> dict[str, str]:
    """Labels without what Loki adds by itself and says nothing new: a level that another label states, or that it does
    not know, and the name of a service that it does not know either."""
    found = labels.pop("detected_level", "")
    if found and found != "unknown" and not stream_level(labels):
        labels["detected_level"] = found
    if labels.get("service_name") == _INVENTED:
        del labels["service_name"]
    return labels


def _logs(lines: _Lines, labels: Sequence[Mapping[str, str]], weight: Floats) -> Logs:
    streams: dict[Pairs, int] = {}
    numbers: dict[tuple[int, float], int] = {}
    stream = []
    for kind, stands in zip(lines.kind, weight.tolist(), strict=True):
        number = numbers.get((kind, stands))
        if number is None:
            own = dict(labels[kind], **({"pattern_count": f"{stands:.10g}"} if stands > 1.0 else {}))
            number = streams.setdefault(tuple(sorted(own.items())), len(streams))
            numbers[kind, stands] = number
        stream.append(number)
    return Logs(
        labels=[dict(pairs) for pairs in streams], stream=np.array(stream, dtype=np.int64),
        time_ns=np.array(lines.time_ns, dtype=np.int64), line=lines.line, trace_id=lines.trace_id,
        span_id=lines.span_id,
    )  # fmt: skip
