"""What a search found, as spans of the recording format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from compass.domain.time import NS_PER_S, Window
from compass.sources.live.feed import TraceFound
from compass.sources.live.gathered import Span
from compass.sources.tempo.answers import FoundSpan, FoundTrace, Hits
from compass.sources.tempo.otlp import hexadecimal, kind_of, parent_of, service_of, status_of
from compass.sources.tempo.traceql import KIND, PARENT, RESOURCE, SPAN, STATUS, THROWN
from compass.tables.objects import Json

_OF_SPAN = frozenset({*SPAN, THROWN})


def span_of(found: FoundSpan, trace_id: str) -> Span:
    """Raises ValueError for a parent that is no id."""
    said = found.attributes
    resource = {key: said[key] for key in RESOURCE if key in said}
    return Span(
        trace_id=trace_id, span_id=found.span_id, service=service_of(resource), name=found.name,
        parent_span_id=parent_of(hexadecimal(_word(said.get(PARENT)), "span")), kind=kind_of(_word(said.get(KIND))),
        start_ns=found.start_ns, duration_ns=found.duration_ns, status=status_of(_word(said.get(STATUS))),
        resource=resource, attributes={key: value for key, value in said.items() if key in _OF_SPAN},
    )  # fmt: skip


def _word(value: Json) -> str:
    return value if isinstance(value, str) else ""


def spans_of(hits: Iterable[Hits]) -> list[Span]:
    """Every span once: a trace that lasts from one slice into the next is found in both. Raises ValueError."""
    seen: dict[tuple[str, str, str], Span] = {}
    for one in hits:
        for trace in one.traces:
            for found in trace.spans:
                span = span_of(found, trace.trace_id)
                # Zipkin's client and server spans of one call share an id.
                seen.setdefault((span.trace_id, span.span_id, span.kind), span)
    return list(seen.values())


def inside(spans: Iterable[Span], window: Window) -> list[Span]:
    """Those that begin in the window, its end included, as a recording has them."""
    return [span for span in spans if window.start_ns <= span.start_ns <= window.end_ns]


def traces_in(spans: Sequence[Span]) -> int:
    return len({span.trace_id for span in spans})


def slowest_of(trace: FoundTrace) -> TraceFound | None:
    """A trace with the longest of its spans that a search gave; None where it gave none."""
    longest = max(trace.spans, key=lambda span: (span.duration_ns, span.span_id), default=None)
    if longest is None:
        return None
    about = " ".join(filter(None, (trace.service, longest.name)))
    return TraceFound(
        trace_id=trace.trace_id, value=longest.duration_ns / NS_PER_S, at_ns=longest.start_ns, about=about
    )
