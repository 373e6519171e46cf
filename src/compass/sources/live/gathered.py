"""What a feed gathered of one part, in the data model of the recording format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from compass.domain.telemetry import NativeQuery
from compass.tables.objects import Json

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Labels = Mapping[str, str]
JsonObject = dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Series and their samples. `series[i]` is the place of sample i's series in `names` and `labels`.

    `types` and `helps` are what the server says of each series (counter, gauge, histogram ...; its help text; "" where
    nothing); empty: of none.
    """

    names: Sequence[str]
    labels: Sequence[Labels]
    series: Ints
    time_ns: Ints
    value: Floats
    types: Sequence[str] = ()
    helps: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """Streams and their lines. `stream[i]` is the place of line i's stream in `labels`.

    A stream of which only a sample was taken says in its label `pattern_count` for how many lines each one stands.
    """

    labels: Sequence[Labels]
    stream: Ints
    time_ns: Ints
    line: Sequence[str]
    trace_id: Sequence[str]
    span_id: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One span; ids in lower-case hexadecimal. `status` is ok, error or unset; `kind` as OTLP, lower case, or ""."""

    trace_id: str
    span_id: str
    parent_span_id: str
    service: str
    name: str
    kind: str
    start_ns: int
    duration_ns: int
    status: str
    resource: Mapping[str, Json]
    attributes: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """Spans of whole traces, in any order."""

    spans: Sequence[Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """Objects of one part (kubernetes, changes, alerts, probes, topology) in the shape that the format describes."""

    objects: Sequence[JsonObject]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """One part. `missing` says in words for a person what was left out: absence in it then proves nothing.

    `sampling` is the share of traces that was kept (1.0 = all). `each` has what leads a person to one object alone, by
    the name of an alert or the id of a change; of those that nothing leads to, nothing.
    """

    data: Metrics | Logs | Spans | Objects
    queries: tuple[NativeQuery, ...] = ()
    missing: tuple[str, ...] = ()
    sampling: float = 1.0
    each: Mapping[str, NativeQuery] = field(default_factory=dict)
