"""What streams there are, how much they hold, and the selector that bounds everything that is asked of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compass.domain.time import Window
from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError, SourceUnavailableError
from compass.signals.severity import LEVEL_LABELS
from compass.sources.loki import logql
from compass.sources.loki.api import Counts, Labels, LokiApi, too_many_series
from compass.sources.loki.bins import Bins, Floats, bins_of
from compass.sources.loki.options import Bounds

# Labels that streams usually have; the first that most of them have is chosen.
USUAL = (
    "service_name", "service", "app", "app_kubernetes_io_name", "application", "job", "container", "k8s_container_name",
    "deployment", "k8s_deployment_name", "pod", "k8s_pod_name", "namespace", "k8s_namespace_name", "instance", "host",
    "filename",
)  # fmt: skip
_MOST_STREAMS = 150  # with more, lines are counted by service and level instead of by stream
_MOST_POINTS = 24_000  # of one answer that counts
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """`key` is the label by which a shortage is shared out (a service's name). `sizes`: bytes by its value, about;
    None: the server does not tell. `given`: the selector is the team's own, and stays in everything that is asked."""

    selector: str
    key: str
    streams: tuple[Labels, ...]
    sizes: Mapping[str, float] | None = None
    missing: tuple[str, ...] = ()
    given: bool = False

    def only(self, values: Sequence[str]) -> str:
        """A selector of the streams whose `key` is one of `values`."""
        chosen = logql.one_of(self.key, values)
        return logql.narrowed(self.selector, chosen) if self.given else "{" + chosen + "}"

    @property
    def known(self) -> frozenset[str]:
        """Names of labels of streams, not of metadata."""
        return frozenset().union(*self.streams) if self.streams else frozenset()

    @property
    def size(self) -> float | None:
        """Bytes of all lines, about."""
        return None if self.sizes is None else sum(self.sizes.values())

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(sorted({labels.get(self.key, "") for labels in self.streams}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Lines by group (values of `names`) and step. `worded`: those whose words alone say that they are bad; None: they
    are not told apart, as all lines fit or the server took too long. `notes`: what that leaves out."""

    names: tuple[str, ...]
    bins: Bins
    lines: Mapping[tuple[str, ...], Floats]
    worded: Mapping[tuple[str, ...], Floats] | None
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        return float(sum(row.sum() for row in self.lines.values()))

    @property
    def levels(self) -> tuple[str, ...]:
        """The labels that state a level here."""
        stated = {name for group in self.lines for name in self.labels(group)}
        return tuple(name for name in LEVEL_LABELS if name in stated)

    def labels(self, group: tuple[str, ...]) -> dict[str, str]:
        return {name: value for name, value in zip(self.names, group, strict=True) if value}


async def survey(api: LokiApi, configured: str, window: Window, deadline: Deadline) -> Survey:
    """The streams of a window. Raises SourceError."""
    wanted = [configured] if configured else [logql.having(label) for label in USUAL]
    guess = configured or logql.having(USUAL[0])
    streams, names, sizes = await asyncio.gather(
        api.series(wanted, window, deadline=deadline),
        _nothing() if configured else api.labels(window, deadline=deadline),
        _volume(api, guess, USUAL[0], window, deadline),
    )
    if not streams and (other := [name for name in names if name not in USUAL and logql.nameable(name)]):
        selectors = [logql.having(name) for name in other[: len(USUAL)]]
        streams = await api.series(selectors, window, deadline=deadline)
    key = key_of(streams)
    if key != USUAL[0]:
        sizes = await _volume(api, configured or logql.having(key), key, window, deadline) if streams else None
    ours = tuple(labels for labels in streams if configured or labels.get(key))
    return Survey(
        selector=configured or logql.having(key), key=key, streams=ours, sizes=sizes,
        missing=_outside(streams, ours, key), given=bool(configured),
    )  # fmt: skip


def key_of(streams: Sequence[Labels]) -> str:
    """The label that most streams have; of equals the first of USUAL, then by name."""
    have: dict[str, int] = {}
    for labels in streams:
        for name in labels:
            if logql.nameable(name):
                have[name] = have.get(name, 0) + 1
    place = {name: i for i, name in enumerate(USUAL)}
    return min(have, key=lambda name: (-have[name], place.get(name, len(place)), name), default=USUAL[0])


async def count(api: LokiApi, found: Survey, window: Window, bounds: Bounds, deadline: Deadline) -> Counted:
    """How many lines there are, by stream, or by less where a server would not count so many apart."""
    own = tuple(sorted(filter(logql.nameable, found.known)))
    by = [names for names in (own, (found.key,), ()) if names != own or len(found.streams) <= _MOST_STREAMS]
    for names in by:
        try:
            return await _count(api, found, names, window, bounds, deadline)
        except SourceRefusedError as error:
            if not too_many_series(error.what) or names == by[-1]:
                raise
    raise AssertionError("the last way to count returns or raises")


async def _count(
    api: LokiApi, found: Survey, own: tuple[str, ...], window: Window, bounds: Bounds, deadline: Deadline
) -> Counted:
    names = tuple(dict.fromkeys([*own, *LEVEL_LABELS]))
    bins = bins_of(window, _MOST_POINTS // max(1, len(found.streams)))
    small = found.size is not None and found.size < bounds.size / 10

    async def ask(query: str) -> Counts:
        text = logql.counted(query, names, bins.step_s)
        return await api.counts(text, bins.first_s, bins.last_s, bins.step_s, deadline=deadline)

    lines, worded = await asyncio.gather(
        ask(found.selector), _nothing() if small else _in_time(ask(logql.bad_by_words(found.selector)))
    )
    notes = [
        f"Loki says: {note}" for answer in (lines, worded) if isinstance(answer, Counts) for note in answer.warnings
    ]
    if isinstance(worded, SourceUnavailableError):
        notes.append(f"warnings and errors that state no level were not searched for: {worded.what}")
    return Counted(
        names=names, bins=bins, lines=_rows(lines, names, bins),
        worded=_rows(worded, names, bins) if isinstance(worded, Counts) else None, notes=tuple(notes),
    )  # fmt: skip


async def _in_time(asked: Awaitable[Counts]) -> Counts | SourceUnavailableError:
    try:
        return await asked
    except SourceUnavailableError as error:
        return error


def _rows(counts: Counts, names: tuple[str, ...], bins: Bins) -> dict[tuple[str, ...], Floats]:
    made: dict[tuple[str, ...], Floats] = {}
    for row in counts.rows:
        into = made.setdefault(tuple(row.metric.get(name, "") for name in names), np.zeros(bins.number))
        for second, value in row.values:
            k = bins.at(second)
            if k is not None:
                into[k] += float(value)
    return made


def named(values: Sequence[str]) -> str:
    """A few names in words."""
    shown = ", ".join(value or "(no name)" for value in values[:_MOST_NAMED])
    return shown + (f" and {len(values) - _MOST_NAMED} more" if len(values) > _MOST_NAMED else "")


def _outside(streams: Sequence[Labels], ours: Sequence[Labels], key: str) -> tuple[str, ...]:
    left = len(streams) - len(ours)
    return (f"{left} log streams were not read: they have no label {key} (set selector to choose)",) if left else ()


async def _nothing() -> Sequence[str]:
    return ()


async def _volume(
    api: LokiApi, selector: str, label: str, window: Window, deadline: Deadline
) -> Mapping[str, float] | None:
    try:
        return await api.volume(selector, label, window, deadline=deadline)
    except SourceRefusedError:
        return None  # it is an aid that may be switched off (volume_enabled)
