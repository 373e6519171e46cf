"""What a search finds as spans: once each, with what belongs where."""

from __future__ import annotations

import pytest

from compass.domain.time import Window
from compass.sources.tempo.answers import FoundSpan, FoundTrace, Hits
from compass.sources.tempo.spans import inside, span_of, spans_of

TRACE = "0" * 31 + "a"


def found(span_id: str, kind: str = "server", **attributes: str | int) -> FoundSpan:
    said = {"kind": kind, "status": "error", "span:parentID": "0000000000000000", **attributes}
    return FoundSpan(span_id=span_id, name="GET /", start_ns=100, duration_ns=5, attributes=said)


def hits(*spans: FoundSpan) -> Hits:
    return Hits(traces=[FoundTrace(trace_id=TRACE, start_ns=100, service="web", matched=len(spans), spans=spans)])


def test_attributes_go_where_they_were_asked_from() -> None:
    span = span_of(
        found("1" * 16, **{"service.name": "web", "k8s.pod.name": "web-1", "http.response.status_code": 503, "x": 1}),
        TRACE,
    )
    assert (span.service, span.kind, span.status, span.parent_span_id) == ("web", "server", "error", "")
    assert span.resource == {"service.name": "web", "k8s.pod.name": "web-1"}
    # What nobody asked for is there because a filter names it: whose it is is not told.
    assert span.attributes == {"http.response.status_code": 503}


def test_a_span_that_two_slices_give_is_one_and_two_that_share_an_id_are_two() -> None:
    one = hits(found("1" * 16), found("1" * 16, kind="client"), found("2" * 16))
    again = hits(found("2" * 16), found("3" * 16))
    assert sorted((span.span_id[0], span.kind) for span in spans_of([one, again])) == [
        ("1", "client"), ("1", "server"), ("2", "server"), ("3", "server"),
    ]  # fmt: skip


def test_a_parent_that_is_no_id_is_told() -> None:
    with pytest.raises(ValueError, match="no id of a span"):
        spans_of([hits(found("1" * 16, **{"span:parentID": "nobody"}))])


def test_the_window_holds_its_ends() -> None:
    (span,) = spans_of([hits(found("1" * 16))])
    for start, end, there in ((100, 100, True), (0, 100, True), (100, 200, True), (101, 200, False), (0, 99, False)):
        assert bool(inside([span], Window(start_ns=start, end_ns=end))) is there
