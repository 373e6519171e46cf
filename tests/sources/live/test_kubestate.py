"""Which metrics are about which object of Kubernetes."""

from __future__ import annotations

import pytest

from compass.sources.live.kubestate import exported_of, series_about

SERIES = [
    ("kube_pod_status_phase", {"namespace": "shop", "pod": "web-1", "phase": "Running"}),
    ("kube_deployment_spec_replicas", {"namespace": "shop", "deployment": "web"}),
    ("kube_node_status_condition", {"node": "n1", "condition": "Ready"}),
    ("kube_job_status_failed", {"namespace": "shop", "job_name": "nightly", "job": "kube-state-metrics"}),
    ("kube_pod_orphan", {"namespace": "shop"}),
    ("container_memory_usage_bytes", {"namespace": "shop", "pod": "db-0"}),
]
EXPORTED = frozenset(exported_of([name for name, _ in SERIES], [labels for _, labels in SERIES]))


def test_the_name_of_a_metric_says_what_it_is_about() -> None:
    assert sorted(EXPORTED) == [
        ("deployment", "shop", "web"), ("job", "shop", "nightly"), ("node", "", "n1"), ("pod", "shop", "web-1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("series", "text"),
    [
        ("kubernetes:Pod/shop/web-1", '{__name__=~"kube_pod_.+", namespace="shop", pod="web-1"}'),
        ("kubernetes:Node//n1", '{__name__=~"kube_node_.+", node="n1"}'),
        ("kubernetes:Job/shop/nightly", '{__name__=~"kube_job_.+", namespace="shop", job_name="nightly"}'),
    ],
)
def test_an_object_is_shown_by_its_metrics(series: str, text: str) -> None:
    query = series_about(series, EXPORTED)
    assert query is not None
    assert (query.language, query.text) == ("promql", text)


@pytest.mark.parametrize(
    "series",
    [
        "kubernetes:Pod/shop/db-0", "kubernetes:Pod/other/web-1", "kubernetes:Service/shop/web", "kubernetes:",
        "Pod/shop/web-1",
    ],
)  # fmt: skip
def test_what_no_series_is_about_is_not_shown(series: str) -> None:
    assert series_about(series, EXPORTED) is None
