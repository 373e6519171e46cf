"""What is asked of a Loki, and its answers as values. Another transport implements the same protocol."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

import msgspec

from compass.domain.time import Window
from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError
from compass.sources.http.allowed import Endpoint
from compass.sources.http.client import Client, Params

T = TypeVar("T")
Labels = Mapping[str, str]
CATEGORISED = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}
"""Sent with every request: structured metadata comes apart from the stream's labels."""
LABELS = Endpoint(path="/loki/api/v1/labels")
SERIES = Endpoint(path="/loki/api/v1/series")
VOLUME = Endpoint(path="/loki/api/v1/index/volume")
VOLUME_RANGE = Endpoint(path="/loki/api/v1/index/volume_range")
RANGE = Endpoint(path="/loki/api/v1/query_range")
FIELDS = Endpoint(path="/loki/api/v1/detected_fields")
PATTERNS = Endpoint(path="/loki/api/v1/patterns")
ENDPOINTS = (LABELS, SERIES, VOLUME, VOLUME_RANGE, RANGE, FIELDS, PATTERNS)
_MOST_SERIES = "1000"
_DAY_S = 86_400
_LEAST_STEP_S = 10  # Loki counts patterns in steps of this


class More(msgspec.Struct):
    """What a line has besides its stream's labels."""

    structured: dict[str, str] = msgspec.field(name="structuredMetadata", default_factory=dict)


class Entry(msgspec.Struct, array_like=True):
    """A line. `at` in nanoseconds."""

    at: str
    line: str
    more: More = msgspec.field(default_factory=More)


class Stream(msgspec.Struct):
    stream: dict[str, str]
    values: list[Entry]


class Row(msgspec.Struct):
    """A series of a matrix: (seconds, value as text)."""

    metric: dict[str, str]
    values: list[tuple[float, str]]


class Cell(msgspec.Struct):
    """A series of a vector."""

    metric: dict[str, str]
    value: tuple[float, str]


class _StreamData(msgspec.Struct):
    result: list[Stream]
    flags: list[str] = msgspec.field(name="encodingFlags", default_factory=list)


class _MatrixData(msgspec.Struct):
    result: list[Row]


class _VectorData(msgspec.Struct):
    result: list[Cell]


class _Streams(msgspec.Struct):
    data: _StreamData
    warnings: list[str] = []


class _Matrix(msgspec.Struct):
    data: _MatrixData
    warnings: list[str] = []


class _Vector(msgspec.Struct):
    data: _VectorData


class _Either(msgspec.Struct):
    """A series of a matrix, or of the vector that comes in its place where one point is all there is."""

    value: tuple[float, str] | None = None
    values: list[tuple[float, str]] = []

    @property
    def points(self) -> list[tuple[float, str]]:
        return self.values if self.value is None else [self.value]


class _EitherData(msgspec.Struct):
    result: list[_Either]


class _Points(msgspec.Struct):
    data: _EitherData


class _Names(msgspec.Struct):
    """Where there are none `data` may be absent: then `status` tells Loki's answer from somebody else's."""

    status: Literal["success"]
    data: list[str] = []


class _Series(msgspec.Struct):
    status: Literal["success"]
    data: list[dict[str, str]] = []


class Field(msgspec.Struct, frozen=True):
    """A field that lines have. `parsers` read it (json, logfmt); none: it is structured metadata."""

    label: str
    type: str = "string"
    cardinality: int = 0
    parsers: list[str] | None = None


class _Fields(msgspec.Struct):
    fields: list[Field] | None = None


class _Shape(msgspec.Struct):
    """A pattern of one level; `samples` are (seconds, lines)."""

    pattern: str
    samples: list[tuple[float, float]] = []


class _Shapes(msgspec.Struct):
    status: Literal["success"]
    data: list[_Shape] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """What many lines look like, with `<_>` for what differs among them, and how many they are, about."""

    text: str
    lines: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Lines of one answer. `apart`: metadata came apart from the labels; else they are mixed."""

    streams: Sequence[Stream]
    apart: bool
    warnings: tuple[str, ...] = ()

    @property
    def lines(self) -> int:
        return sum(len(stream.values) for stream in self.streams)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """A matrix."""

    rows: Sequence[Row]
    warnings: tuple[str, ...] = ()


class LokiApi(Protocol):
    """Every method raises SourceUnavailableError or SourceRefusedError. Windows are half-open, in nanoseconds."""

    async def labels(self, window: Window, *, deadline: Deadline) -> Sequence[str]: ...

    async def series(self, selectors: Sequence[str], window: Window, *, deadline: Deadline) -> Sequence[Labels]:
        """Labels of the streams that match one of `selectors`."""
        ...

    async def volume(self, selector: str, label: str, window: Window, *, deadline: Deadline) -> Mapping[str, float]:
        """Bytes of lines, before compression, by value of `label`; about, from the index. The largest thousand."""
        ...

    async def days(self, selector: str, window: Window, *, deadline: Deadline) -> Sequence[int]:
        """Times (seconds since the epoch, a day apart) about which the index has something."""
        ...

    async def counts(self, query: str, first_s: int, last_s: int, step_s: int, *, deadline: Deadline) -> Counts:
        """A metric query at `first_s`, `first_s` + `step_s`, ..., `last_s`; these are multiples of the step."""
        ...

    async def lines(
        self, query: str, window: Window, limit: int, *, deadline: Deadline, backward: bool = False
    ) -> Page:
        """At most `limit` lines, the oldest first, or the newest."""
        ...

    async def fields(self, selector: str, window: Window, *, deadline: Deadline) -> Sequence[Field]:
        """Fields that a few hundred lines have."""
        ...

    async def patterns(self, selector: str, window: Window, *, deadline: Deadline) -> Sequence[Pattern]:
        """The patterns that the server itself finds in lines as they come, the most frequent first: as far back as it
        keeps them (3 hours, if nobody changed that), and none of fewer than 30 lines. SourceRefusedError: it does
        not look for any."""
        ...

    async def aclose(self) -> None: ...


class HttpLoki:
    """Implements LokiApi over Loki's HTTP API, direct or behind a proxy that knows nothing of it."""

    def __init__(self, name: str, client: Client) -> None:
        self._name, self._client = name, client

    async def labels(self, window: Window, *, deadline: Deadline) -> Sequence[str]:
        found = await self._ask(LABELS, _Names, _within(window), deadline)
        return sorted(found.data)

    async def series(self, selectors: Sequence[str], window: Window, *, deadline: Deadline) -> Sequence[Labels]:
        params = [("match[]", selector) for selector in selectors]
        found = await self._ask(SERIES, _Series, [*params, *_within(window)], deadline)
        return found.data

    async def volume(self, selector: str, label: str, window: Window, *, deadline: Deadline) -> Mapping[str, float]:
        params = [("query", selector), *_within(window), ("limit", _MOST_SERIES), ("targetLabels", label)]
        found = await self._ask(VOLUME, _Vector, params, deadline)
        sizes: dict[str, float] = {}
        for cell in found.data.result:
            value = cell.metric.get(label, "")
            sizes[value] = sizes.get(value, 0.0) + float(cell.value[1])
        return sizes

    async def days(self, selector: str, window: Window, *, deadline: Deadline) -> Sequence[int]:
        params = [("query", selector), *_within(window), ("step", str(_DAY_S)), ("aggregateBy", "labels")]
        found = await self._ask(VOLUME_RANGE, _Points, params, deadline)
        return sorted({int(at) for row in found.data.result for at, size in row.points if float(size) > 0})

    async def counts(self, query: str, first_s: int, last_s: int, step_s: int, *, deadline: Deadline) -> Counts:
        params = [("query", query), ("start", str(first_s)), ("end", str(last_s)), ("step", str(step_s))]
        found = await self._ask(RANGE, _Matrix, params, deadline)
        return Counts(rows=found.data.result, warnings=tuple(found.warnings))

    async def lines(
        self, query: str, window: Window, limit: int, *, deadline: Deadline, backward: bool = False
    ) -> Page:
        params = [
            ("query", query), *_within(window), ("limit", str(limit)),
            ("direction", "backward" if backward else "forward"),
        ]  # fmt: skip
        found = await self._ask(RANGE, _Streams, params, deadline)
        apart = "categorize-labels" in found.data.flags
        return Page(streams=found.data.result, apart=apart, warnings=tuple(found.warnings))

    async def fields(self, selector: str, window: Window, *, deadline: Deadline) -> Sequence[Field]:
        params = [("query", selector), *_within(window), ("line_limit", "500"), ("limit", "200")]
        return (await self._ask(FIELDS, _Fields, params, deadline)).fields or []

    async def patterns(self, selector: str, window: Window, *, deadline: Deadline) -> Sequence[Pattern]:
        step_s = max(_LEAST_STEP_S, round(window.seconds))  # one count for all of the window is enough
        params = [("query", selector), *_within(window), ("step", str(step_s))]
        found = await self._ask(PATTERNS, _Shapes, params, deadline)
        return by_frequency((one.pattern, sum(lines for _, lines in one.samples)) for one in found.data or [])

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _ask(self, endpoint: Endpoint, kind: type[T], params: Params, deadline: Deadline) -> T:
        try:
            return (await self._client.ask(endpoint, deadline=deadline, params=params)).json(kind)
        except SourceRefusedError as error:
            hint = advice(error.what)
            raise SourceRefusedError(
                error.what, where=error.where, hint=hint or error.hint, status=error.status
            ) from error


def by_frequency(found: Iterable[tuple[str, float]]) -> list[Pattern]:
    """Patterns with their lines of every level together, the most frequent first."""
    lines: dict[str, float] = {}
    for text, number in found:
        lines[text] = lines.get(text, 0.0) + number
    return [Pattern(text=text, lines=lines[text]) for text in sorted(lines, key=lambda text: (-lines[text], text))]


def _within(window: Window) -> list[tuple[str, str]]:
    return [("start", str(window.start_ns)), ("end", str(window.end_ns))]


_TOO_MANY_SERIES = r"maximum (number )?of series"
_ADVICE = (
    (r"no org id", 'it has several tenants: set tenant = "..." in compass.toml'),
    (r"query time range exceeds the limit",
     "the window is longer than its max_query_length: set range_hours below it, or investigate a shorter one"),
    (r"max entries limit", "set lines_per_query to the server's max_entries_limit_per_query"),
    (r"too many bytes|too large to execute",
     "set selector in compass.toml so that less is read, or raise max_query_bytes_read of Loki"),
    (_TOO_MANY_SERIES, "set selector in compass.toml so that fewer streams are read"),
    (r"parse error", "is selector in compass.toml LogQL? If there is none: please report it with the query"),
    (r"blocked by policy", "an administrator of Loki blocks this query: ask them, or set another selector"),
)  # fmt: skip


def advice(said: str) -> str:
    """What to do about what Loki says, or "" where the general hint is all there is."""
    return next((hint for pattern, hint in _ADVICE if re.search(pattern, said)), "")


def fewer_entries(said: str) -> int | None:
    """The most lines a server gives in one answer, where it says that too many were asked for."""
    found = re.search(r"max entries limit.*\(\d+ > (\d+)\)", said)
    return max(1, int(found[1])) if found else None


def too_many_series(said: str) -> bool:
    """Whether a server says that a query counts more series apart than it may (max_query_series)."""
    return re.search(_TOO_MANY_SERIES, said) is not None
