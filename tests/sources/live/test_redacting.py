"""Recordings that are kept hold no secrets; numbers, times and structure stay."""

from __future__ import annotations

import numpy as np

from compass.sources.live.gathered import Gathered, Logs, Metrics, Objects, Span, Spans
from compass.sources.live.redacting import redacted

KEY = "AKIAIOSFODNN7EXAMPLE"
TOKEN = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB"


def test_lines() -> None:
    nothing = np.zeros(2, dtype=np.int64)
    lines = [f"login password=hunter22 token {TOKEN}", "GET / 200"]
    logs = Logs(labels=[{"service_name": "web"}], stream=nothing, time_ns=nothing, line=lines, trace_id=["", ""],
                span_id=["", ""])  # fmt: skip
    data = redacted(Gathered(data=logs)).data
    assert isinstance(data, Logs)
    assert TOKEN not in data.line[0]
    assert "hunter22" not in data.line[0]
    assert (data.line[1], data.labels) == ("GET / 200", logs.labels)


def test_attributes_are_judged_with_their_names() -> None:
    span = Span(trace_id="1", span_id="2", parent_span_id="", service="web", name="GET", kind="server", start_ns=1,
                duration_ns=2, status="ok", resource={"service.name": "web"},
                attributes={"db.password": "hunter22", "http.status": 200, "note": f"key {TOKEN}"})  # fmt: skip
    data = redacted(Gathered(data=Spans(spans=[span]))).data
    assert isinstance(data, Spans)
    (one,) = data.spans
    assert "hunter22" not in str(one.attributes)
    assert TOKEN not in str(one.attributes)
    assert (one.attributes["http.status"], one.resource) == (200, {"service.name": "web"})


def test_objects_keep_their_shape() -> None:
    body = {"kind": "Pod", "spec": {"containers": [{"env": [{"name": "x", "value": TOKEN}], "ports": [80]}]}}
    data = redacted(Gathered(data=Objects(objects=[body]))).data  # type: ignore[list-item]
    assert isinstance(data, Objects)
    assert TOKEN not in str(data.objects)
    assert data.objects[0]["spec"]["containers"][0]["ports"] == [80]  # type: ignore[index,call-overload]


def test_metrics_keep_their_samples() -> None:
    at = np.arange(2, dtype=np.int64)
    metrics = Metrics(names=["up"], labels=[{"job": "web", "url": f"http://u:{KEY}@h/"}], series=at * 0, time_ns=at,
                      value=at * 1.0, helps=[f"asks http://u:{KEY}@h/ whether it is up"])  # fmt: skip
    data = redacted(Gathered(data=metrics)).data
    assert isinstance(data, Metrics)
    assert KEY not in str(data.labels)
    assert KEY not in str(data.helps)
    assert "whether it is up" in data.helps[0]
    assert data.value.tolist() == [0.0, 1.0]
