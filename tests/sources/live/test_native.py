"""Queries that a person can paste."""

from __future__ import annotations

from dataclasses import replace

from compass.agents.observe import observe
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.observation import Verdict
from compass.domain.telemetry import Coverage, NativeQuery, Signal, SignalKind, Temporality
from compass.domain.time import Window
from compass.sources.live.native import MOST_NAMES, logql, of_several, promql, row_of, traceql, with_buckets
from compass.tables.series import SeriesRow

WEB = EntityRef(kind=EntityKind.SERVICE, name="web")
REAL = frozenset({"service_name", "pod"})
WINDOW = Window(start_ns=0, end_ns=60)


def row(name: str, kind: SignalKind = SignalKind.LATENCY, *, counts: bool = False, **labels: str) -> SeriesRow:
    temporality = Temporality.CUMULATIVE if counts else Temporality.GAUGE
    signal = Signal(kind=kind, temporality=temporality)
    return SeriesRow(entity=WEB, signal=signal, name=name, labels={"service_name": "web", **labels})


def test_each_sort_of_row() -> None:
    assert promql(row("up", SignalKind.OTHER), REAL).text == 'up{service_name="web"}'
    assert promql(row("seen_total", counts=True), REAL).text == 'rate(seen_total{service_name="web"}[2m])'
    assert promql(row("d_seconds", stat="p99", reporter="source"), REAL).text == (
        'histogram_quantile(0.99, sum by (le) (rate(d_seconds_bucket{service_name="web"}[2m])))'
    )
    assert promql(row("d_seconds", stat="mean", pod="w-1"), REAL).text == (
        'sum(rate(d_seconds_sum{pod="w-1",service_name="web"}[2m]))'
        ' / sum(rate(d_seconds_count{pod="w-1",service_name="web"}[2m]))'
    )
    assert promql(row("http.server.duration", SignalKind.OTHER), REAL).text == (
        '{__name__="http.server.duration",service_name="web"}'
    )


def test_hostile_values_stay_values() -> None:
    text = promql(row("up", SignalKind.OTHER, pod='x"} or vector(1) #\\'), REAL).text
    assert text == 'up{pod="x\\"} or vector(1) #\\\\",service_name="web"}'
    assert traceql(replace(WEB, name='a" || true || "'), "trace.slow").text == (
        '{ resource.service.name = "a\\" || true || \\"" }'
    )


def test_the_series_of_an_observation_is_found_behind_what_groups_it() -> None:
    found = row("up", SignalKind.OTHER, pod="a|b")
    rows = {found.key: found}
    seen = observe(
        agent="a", sign="latency.up", entity=WEB, verdict=Verdict.NORMAL, text="t", series=f"service//web|{found.key}",
        query=NativeQuery(language="x", text=""), coverage=Coverage(requested=WINDOW, received=WINDOW),
    )  # fmt: skip
    assert row_of(seen, rows) is found
    assert row_of(replace(seen, series=found.key), rows) is found
    assert row_of(replace(seen, series="trace.db_slow|database//web"), rows) is None


def test_logs_are_selected_by_what_tells_them_apart() -> None:
    own = [
        {"service_name": "web", "namespace": "shop", "level": "error"}, {"service_name": "web", "namespace": "shop"},
    ]  # fmt: skip
    query = logql(own, [{"service_name": "orders", "namespace": "shop"}])
    assert query is not None
    assert query.text == '{service_name="web"}'
    assert logql([], []) is None
    assert logql([{"level": "error"}], []) is None


def test_traces_are_selected_by_what_the_entity_is() -> None:
    pod = EntityRef(kind=EntityKind.POD, name="web-1")
    store = EntityRef(kind=EntityKind.DATABASE, name="db")
    assert traceql(pod, "trace.errors_up").text == '{ (resource.k8s.pod.name = "web-1") && status = error }'
    assert traceql(store, "trace.db_slow").text == '{ span.server.address = "db" || span.peer.service = "db" }'


def test_slow_spans_only_where_that_is_told() -> None:
    assert traceql(WEB, "latency.up", 1.25).text == '{ (resource.service.name = "web") && duration > 1250ms }'
    assert traceql(WEB, "latency.up", 0.0).text == '{ resource.service.name = "web" }'
    assert traceql(WEB, "errors.up", 0.5).text.endswith(" && status = error && duration > 500ms }")


def test_exemplars_are_on_the_buckets_whatever_of_a_histogram_is_read() -> None:
    def asked(**labels: str) -> str:
        return with_buckets(promql(row("d_seconds", **labels), REAL)).text

    assert asked(stat="p99") == promql(row("d_seconds", stat="p99"), REAL).text
    assert '__name__=~"d_seconds(_bucket|_count|_total)?"' in asked(stat="errors")
    mean = asked(stat="mean", pod="w-1")
    assert "_sum" not in mean
    assert "_count" not in mean
    assert mean.count("d_seconds_bucket{") == 2
    plain = promql(row("jobs_count", SignalKind.OTHER), REAL)
    assert with_buckets(plain) == plain


def test_names_that_need_quotes_have_them() -> None:
    odd = row("jvm_bytes", SignalKind.MEMORY, **{"k8s.pod.name": 'a"b'})
    assert promql(odd, frozenset(odd.labels)).text == 'jvm_bytes{"k8s.pod.name"="a\\"b",service_name="web"}'


def test_a_figure_of_several_series_leads_to_them_side_by_side() -> None:
    used, limit = row("pool_used", SignalKind.POOL_USED, pool="a"), row("pool_max", SignalKind.POOL_LIMIT, pool="a")
    other = row("up", SignalKind.OTHER)
    rows = {one.key: one for one in (used, limit, other)}
    seen = observe(
        agent="a", sign="pool.exhausted", entity=WEB, verdict=Verdict.ANOMALY, text="t", series="pool|a", strength=0.9,
        query=NativeQuery(language="x", text=""), coverage=Coverage(requested=WINDOW, received=WINDOW),
    )  # fmt: skip
    found = of_several(seen, rows, REAL)
    assert found is not None
    assert found.text == '{__name__=~"pool_max|pool_used",service_name="web"}'
    fewer = of_several(replace(seen, sign="replicas.down"), rows, REAL)
    assert fewer is not None
    assert fewer.text == '{__name__=~"pool_max|pool_used|up",service_name="web"}'
    # What rests on no metric, or is of somebody else, has none.
    assert of_several(replace(seen, sign="k8s.pending"), rows, REAL) is None
    assert of_several(replace(seen, entity=replace(WEB, name="api")), rows, REAL) is None
    many = {str(i): row(f"pool_{i}", SignalKind.POOL_USED) for i in range(MOST_NAMES + 1)}
    assert of_several(seen, many, frozenset()) is None
    counted = of_several(seen, many, REAL)
    assert counted is not None
    assert counted.text == 'count({service_name="web"})'
    alone = of_several(seen, rows, frozenset())
    assert alone is not None
    assert alone.text == '{__name__=~"pool_max|pool_used"}'
