"""Exemplars as traces: whatever a team calls the label, and nothing that leads nowhere."""

from __future__ import annotations

import pytest

from compass.domain.time import NS_PER_S
from compass.sources.mimir.api import FoundExemplar, FoundExemplars
from compass.sources.mimir.exemplars import traces_of

SERIES = {"__name__": "d_bucket", "le": "1.0", "service_name": "web", "job": "j", "instance": "i", "route": "/"}


def found(*exemplars: FoundExemplar) -> list[FoundExemplars]:
    return [FoundExemplars(series_labels=SERIES, exemplars=list(exemplars))]


@pytest.mark.parametrize("name", ["trace_id", "traceID", "traceId", "TraceId", "trace.id", "trace-id"])
def test_the_label_of_the_trace_has_many_names(name: str) -> None:
    one = FoundExemplar(labels={name: "4bf92f35", "span_id": "00f0"}, value="1.5", timestamp=1_700_000_000.25)
    (trace,) = traces_of(found(one))
    assert (trace.trace_id, trace.value) == ("4bf92f35", 1.5)
    assert trace.at_ns == 1_700_000_000 * NS_PER_S + NS_PER_S // 4
    assert trace.about == "route=/, service_name=web"


@pytest.mark.parametrize(
    "one",
    [
        FoundExemplar(labels={"span_id": "00f0"}, value="1"), FoundExemplar(labels={"trace_id": ""}, value="1"),
        FoundExemplar(labels={"trace_id": "x" * 129}, value="1"), FoundExemplar(labels={"trace_id": "a"}, value="NaN"),
        FoundExemplar(labels={"trace_id": 'a" } || { "'}, value="1"),
        FoundExemplar(labels={"trace_id": "a"}, value="much"), FoundExemplar(labels={"trace_id": "a"}, value="+Inf"),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_left_out(one: FoundExemplar) -> None:
    assert traces_of(found(one)) == []
