"""What is understood of one service and what is not, and why: the first thing to look at when a result is poor.

Read-only: it says what `world` and `plan` decided, and counts what the window holds of it.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from compass.domain.entity import EntityKind, EntityRef
from compass.domain.telemetry import Direction, SignalKind, Temporality
from compass.domain.time import Window
from compass.ports.errors import NotFoundError, SourceRefusedError
from compass.redaction import bound, redact
from compass.signals.entities import DESCRIBES_HOST, STORES, EntityIndex
from compass.signals.names import DESTINATION, JOB, SERVICE, SOURCE, first
from compass.signals.severity import stream_level
from compass.sources.recording.engine import Engine, integers, text
from compass.sources.recording.layout import LINES, LOGS_PART, METRICS_PART, SAMPLES, SPANS, TRACES_PART, Part
from compass.sources.recording.plan import COUNT_UNIT, COUNTED, Group, Outcome
from compass.sources.recording.spans import sender_of
from compass.sources.recording.world import World, among

NO_RULE = "no rule fits the name, so nothing is concluded"
ASIDE = "a rule sets the name aside, as it would mislead"
NO_NAME = "no label names a service, pod, node or store"
HOST = "of a pod's machine, and nothing says which machine"
TOTAL = "a total beside its own parts, counted once"
MOST_VALUE = 200  # characters of a label's value
_STATED = frozenset({"le", "quantile", "__name__"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """Series of one name that mean one thing. `how` is value, histogram, count or status (what else a histogram or a
    status label gives). `calls` is "" or, where calls between two are measured, made or received; `peers` are the other
    ends. `by` are labels in which they differ; `samples` are those in the window: without any it shows nothing."""

    kind: SignalKind
    name: str
    how: str
    unit: str
    worse: Direction
    temporality: Temporality
    calls: str
    peers: tuple[str, ...]
    by: tuple[str, ...]
    entities: int
    series: int
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """What takes no part, with the reason. `own`: it is of this service; else nothing says whose it is."""

    what: str  # series, stream
    name: str
    reason: str
    count: int
    own: bool
    labels: Mapping[str, str]  # of one of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A log stream that the service, or something in it, wrote; lines in the window."""

    entity: EntityRef
    level: str
    labels: Mapping[str, str]
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Spans by the service name that they carry; spans and operations in the window."""

    name: str
    entity: EntityRef
    spans: int
    operations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSignals:
    """Everything about one service. `runs_on` is (pod, node); `aliases` lead to it; `missing` says what could not be
    read or was left out where the data came from."""

    service: EntityRef
    window: Window
    aliases: tuple[str, ...]
    parts: tuple[EntityRef, ...]
    runs_on: tuple[tuple[EntityRef, EntityRef], ...]
    understood: tuple[Understood, ...]
    streams: tuple[Stream, ...]
    senders: tuple[Sender, ...]
    ignored: tuple[Ignored, ...]
    missing: tuple[str, ...]
    fields: tuple[str, ...] = ()  # that its log lines have, as far as a live server tells


def signals_of(name: str, window: Window, engine: Engine, world: World) -> ServiceSignals:
    """What is understood of the service that `name` means. Raises NotFoundError with the nearest names."""
    metrics, logs, traces = (_there(world, part) for part in (METRICS_PART, LOGS_PART, TRACES_PART))
    gone = tuple(one for one in (metrics, logs, traces) if one)
    groups = () if metrics else world.groups
    index = world.index
    service = _meant(name, index, groups)
    inside = index.members(service)
    own = [g for g in groups if g.entity in inside or g.service in inside or g.peer in inside]
    samples = {} if metrics else _counted(engine, SAMPLES, "series", [m.series for g in own for m in g.members], window)
    seen = () if logs else tuple(_streams(engine, world, inside, window))
    ignored = () if metrics else (*_unruled(own, world), *_unplaced(groups, world))
    ignored = ignored if logs else (*ignored, *_anonymous(world))
    return ServiceSignals(
        service=service, window=window, aliases=_aliases(own, service, world),
        parts=tuple(sorted(inside - {service})),
        runs_on=tuple((e, node) for e in sorted(inside) if (node := index.node_of(e)) is not None),
        understood=() if metrics else tuple(_understood(own, samples, world, inside)), streams=seen,
        senders=() if traces else tuple(_senders(engine, world, inside, window)), ignored=ignored,
        missing=(*gone, *world.skipped_series, *(() if logs else world.streams.skipped)),
    )  # fmt: skip


def _there(world: World, part: Part) -> str:
    """Why a part cannot be asked, or ""."""
    if not world.has(part):
        return f"no {part.noun}: {part.hides}"
    try:
        world.need(part)
    except SourceRefusedError as error:
        return f"no {part.noun}: {error}"
    return ""


def _meant(name: str, index: EntityIndex, groups: Sequence[Group]) -> EntityRef:
    """The service; stores, workloads, pods and nodes can be asked for as well."""
    known = set(index.entities()) | {e for g in groups for e in (g.entity, g.service, g.peer) if e is not None}
    meant = index.resolve(name)
    if meant is not None and (meant in known or meant.kind in STORES):
        return meant
    asked = {EntityKind.SERVICE, EntityKind.WORKLOAD, EntityKind.EXTERNAL, *STORES}
    names = sorted({entity.name for entity in known if entity.kind in asked})
    lower = {one.lower(): one for one in names}
    near = [lower[one] for one in difflib.get_close_matches(name.strip().lower(), lower, n=3, cutoff=0.5)]
    if not names:
        raise NotFoundError(
            f"nothing in this window names {name!r} or any other service", hint="a longer --since; compass doctor"
        )
    more = f"; there are {', '.join(names[:12])}{' …' if len(names) > 12 else ''}"
    hint = f"did you mean {' or '.join(near)}?" if near else f"nothing is called so{more}"
    raise NotFoundError(f"no service is called {name!r}", hint=hint)


def _understood(
    own: Sequence[Group], samples: Mapping[int, int], world: World, inside: frozenset[EntityRef]
) -> Iterator[Understood]:
    order = {kind: place for place, kind in enumerate(SignalKind)}
    gathered: dict[tuple[int, str, str, str], tuple[Understood, list[Group]]] = {}
    for group in own:
        for one in _meanings(group, inside):
            if one.kind is not SignalKind.OTHER:
                key = (order[one.kind], one.name, f"{one.how} {one.unit} {one.worse} {one.temporality}", one.calls)
                gathered.setdefault(key, (one, []))[1].append(group)
    for _, (one, groups) in sorted(gathered.items(), key=lambda item: item[0]):
        numbers = [member.series for group in groups for member in group.members]
        ends = {end for g in groups if g.peer is not None for end in (g.service, g.peer) if end not in inside}
        yield replace(
            one, peers=tuple(sorted({end.name for end in ends})), by=_differing(numbers, world),
            entities=len({group.entity for group in groups}), series=len(numbers),
            samples=sum(samples.get(number, 0) for number in numbers),
        )  # fmt: skip


def _meanings(group: Group, inside: frozenset[EntityRef]) -> Iterator[Understood]:
    """What the rows of a group are: its own kind, and what its counts and its status labels tell."""
    signal = group.meaning.signal
    made = group.service in inside or group.entity in inside
    own = Understood(
        kind=signal.kind, name=group.name, how="histogram" if group.histogram else "value", unit=signal.unit,
        worse=signal.worse, temporality=signal.temporality,
        calls="" if group.peer is None else "made" if made == group.meaning.client else "received", peers=(), by=(),
        entities=0, series=0, samples=0,
    )  # fmt: skip
    yield own
    for kind in sorted(group.kinds - {signal.kind}):
        if kind in (SignalKind.ERRORS, SignalKind.RATE_LIMITED):
            limited = any(member.outcome is Outcome.LIMITED for member in group.members)
            if kind is SignalKind.ERRORS or limited:
                unit = "{error}/s" if kind is SignalKind.ERRORS else "{request}/s"
                yield replace(own, kind=kind, how="status", unit=unit, worse=Direction.UP)
        elif COUNTED.get(signal.kind) is kind:
            yield replace(own, kind=kind, how="count", unit=COUNT_UNIT[kind], worse=Direction.EITHER)


def _differing(numbers: Sequence[int], world: World) -> tuple[str, ...]:
    """Labels that tell the series apart, those with the fewest values first."""
    values: dict[str, set[str]] = {}
    for number in numbers:
        for label, value in world.named[number][1].items():
            values.setdefault(label, set()).add(value)
    found = sorted((len(seen), label) for label, seen in values.items() if len(seen) > 1 and label not in _STATED)
    return tuple(label for _, label in found)


def _unruled(own: Sequence[Group], world: World) -> Iterator[Ignored]:
    """Series of this service from which nothing is concluded."""
    found: dict[tuple[str, str], list[int]] = {}
    for group in own:
        if group.meaning.signal.kind is SignalKind.OTHER:
            aside = world.sets_aside(group.name, world.named[group.members[0].series][1])
            reason = HOST if group.labels.get(DESCRIBES_HOST) else ASIDE if aside else NO_RULE
            found.setdefault((reason, group.name), []).extend(member.series for member in group.members)
    for (reason, name), numbers in sorted(found.items()):
        labels = _shown(world.named[numbers[0]][1])
        yield Ignored(what="series", name=name, reason=reason, count=len(numbers), own=True, labels=labels)


def _unplaced(groups: Sequence[Group], world: World) -> Iterator[Ignored]:
    """Series that are in no group at all."""
    used = {member.series for group in groups for member in group.members}
    found: dict[tuple[str, str], list[int]] = {}
    for number, (name, labels, meaning) in world.named.items():
        if number not in used:
            placed = world.index.of_labels(labels, meaning.about, client=meaning.client) is not None
            found.setdefault((TOTAL if placed else NO_NAME, name), []).append(number)
    for (reason, name), numbers in sorted(found.items()):
        labels = _shown(world.named[numbers[0]][1])
        yield Ignored(what="series", name=name, reason=reason, count=len(numbers), own=False, labels=labels)


def _anonymous(world: World) -> Iterator[Ignored]:
    lost = [labels for labels in world.streams.labels.values() if world.index.of_labels(labels) is None]
    if lost:
        names = "{" + ", ".join(sorted({label for labels in lost for label in labels})[:6]) + "}"
        yield Ignored(what="stream", name=names, reason=NO_NAME, count=len(lost), own=False, labels=_shown(lost[0]))


def _streams(engine: Engine, world: World, inside: frozenset[EntityRef], window: Window) -> Iterator[Stream]:
    about = {number: world.index.of_labels(labels) for number, labels in world.streams.labels.items()}
    own = {n: one for n, one in about.items() if one is not None and (one.entity in inside or one.service in inside)}
    lines = _counted(engine, LINES, "stream", list(own), window)
    for number, one in sorted(own.items()):
        labels = world.streams.labels[number]
        yield Stream(entity=one.entity, level=stream_level(labels), labels=_shown(labels), lines=lines.get(number, 0))


def _senders(engine: Engine, world: World, inside: frozenset[EntityRef], window: Window) -> Iterator[Sender]:
    resource = "resource" if "resource" in engine.types(SPANS) else "''"
    found = engine.query(
        f"SELECT service, {resource} AS resource, count(*) AS spans, count(DISTINCT name) AS operations"  # noqa: S608
        f" FROM read_parquet('{SPANS}') WHERE {engine.between(SPANS, 'start', window, closed=True)} GROUP BY 1, 2"
    )
    gathered: dict[tuple[str, EntityRef], tuple[int, int]] = {}
    columns = (text(found["service"]), text(found["resource"]), integers(found["spans"]), integers(found["operations"]))
    for name, raw, spans, operations in zip(*columns, strict=True):
        one = sender_of(world.index, name, raw)
        if one.entity in inside or one.service in inside:
            before = gathered.get((name, one.entity), (0, 0))
            gathered[name, one.entity] = (before[0] + int(spans), max(before[1], int(operations)))
    for (name, entity), (spans, operations) in sorted(gathered.items()):
        yield Sender(name=name, entity=entity, spans=spans, operations=operations)


def _shown(labels: Mapping[str, str]) -> Mapping[str, str]:
    """Labels as they may leave: whatever somebody put into them."""
    return {name: bound(redact(value), MOST_VALUE) for name, value in labels.items()}


def _counted(engine: Engine, file: str, column: str, numbers: Sequence[int], window: Window) -> Mapping[int, int]:
    """How many rows of `file` in the window each of these series or streams has."""
    if not numbers:
        return {}
    found = engine.query(
        f"SELECT {column}, count(*) AS rows FROM read_parquet('{file}') WHERE {among(column, numbers)}"  # noqa: S608
        f" AND {engine.between(file, 'time', window, closed=True)} GROUP BY 1"
    )
    return dict(zip(integers(found[column]).tolist(), integers(found["rows"]).tolist(), strict=True))


def _aliases(own: Sequence[Group], service: EntityRef, world: World) -> tuple[str, ...]:
    """Names that lead to the service: addresses, workloads, and how labels spell it; the usual ones first."""
    seen: Counter[str] = Counter()
    for group in own:
        for labels in (world.named[member.series][1] for member in group.members[:1]):
            seen.update(_spellings(labels, group, service))
    return tuple(dict.fromkeys((*(name for name, _ in seen.most_common()), *world.index.aliases(service))))


def _spellings(labels: Mapping[str, str], group: Group, service: EntityRef) -> Iterable[str]:
    said = [first(labels, names) for names in (SERVICE, SOURCE, DESTINATION)]
    if not any(said) and group.service == service:
        said = [first(labels, JOB)]
    # What contains the name means it; other values of an edge mean its other end.
    return [name for name in said if name and name != service.name and service.name in name]
