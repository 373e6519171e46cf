"""How series are moved: what fits exactly, what does not summed or in longer steps, and nothing silently."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from compass.domain.time import NS_PER_S, Window
from compass.sources.mimir.meaning import label_sets, summable
from compass.sources.mimir.plan import CHUNK_CHARS, Plan, make_plan, selector

HOUR = Window(start_ns=0, end_ns=3600 * NS_PER_S)


def plan(series: list[dict[str, str]], points: int, *, exact: bool = False) -> Plan:
    return make_plan(series, HOUR, matchers="", points=points, interval_s=15.0, exact=exact)


def gauges(names: int, each: int = 1) -> list[dict[str, str]]:
    return [{"__name__": f"thing_{n:04d}_bytes", "service_name": f"s{i}"} for n in range(names) for i in range(each)]


def requests_total(routes: int, *, pods: int = 2) -> list[dict[str, str]]:
    return [
        {"__name__": "http_requests_total", "service_name": "shop", "pod": f"shop-{p}", "path": f"/{r}", "code": code}
        for p in range(pods) for r in range(routes) for code in ("200", "500")
    ]  # fmt: skip


def test_what_fits_is_moved_as_it_is() -> None:
    made = plan(gauges(3), 10_000)
    assert (made.step_s, made.missing) == (None, ())
    assert [r.expression for r in made.requests] == [
        '{__name__=~"thing_0000_bytes|thing_0001_bytes|thing_0002_bytes"}[3600001ms]'
    ]


def test_counters_of_many_routes_are_summed_where_they_are_kept() -> None:
    made = plan(requests_total(50), 5_000)
    (request,) = made.requests
    assert request.summed
    # Which pod, and whether a request failed, stay apart; which path does not matter.
    assert request.expression == (
        'label_replace(sum by (code,pod,service_name) (rate({__name__="http_requests_total"}[29999ms])),'
        '"compass_name","http_requests_total","","")'
    )


def test_gauges_that_do_not_fit_come_in_longer_steps() -> None:
    made = plan(gauges(100), 100 * 100)
    assert made.step_s == 60.0
    assert made.missing == ()
    assert all(not r.summed and r.step_s == 60.0 for r in made.requests)


def test_what_fits_in_no_step_is_left_out_by_name() -> None:
    made = plan(gauges(100), 100 * 20)
    assert made.step_s == 60.0  # sixty points an hour at least
    (note,) = made.missing
    assert re.match(r"\d+ series of \d+ metrics were not moved: thing_", note)


def test_a_metric_that_is_too_much_for_one_answer_is_asked_for_in_parts_of_the_window() -> None:
    made = plan(gauges(1, 10_000), 10_000_000)
    windows = [r.window for r in made.requests]
    assert len(windows) > 5
    assert (windows[0].start_ns, windows[-1].end_ns) == (HOUR.start_ns, HOUR.end_ns)
    assert all(a.end_ns == b.start_ns for a, b in pairwise(windows))
    assert all((w.start_ns - HOUR.start_ns) % (15 * NS_PER_S) == 0 for w in windows)


def test_what_is_kept_is_never_summed() -> None:
    made = plan(requests_total(50), 5_000, exact=True)
    assert made.step_s is None
    assert not any(r.summed for r in made.requests)
    assert made.missing


def test_alerts_are_not_metrics() -> None:
    assert plan([{"__name__": "ALERTS", "alertname": "x"}], 1000).requests == ()


def test_names_are_quoted() -> None:
    assert selector(["http.server.duration"], 'a="b"') == '{__name__=~"http\\\\.server\\\\.duration",a="b"}'
    assert selector(["up"], "") == '{__name__="up"}'


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 400), st.integers(1, 30), st.integers(100, 2_000_000))
def test_every_metric_is_asked_for_once_or_named_as_left_out(names: int, each: int, points: int) -> None:
    made = plan(gauges(names, each), points)
    asked = [name for r in made.requests for name in re.findall(r"thing_\d+_bytes", r.expression)]
    assert len(asked) == len(set(asked))
    assert (len(asked) < names) == bool(made.missing)
    steps = 241 if made.step_s is None else 3600 / made.step_s + 1
    assert len(asked) * each * steps <= points
    assert all(len(r.expression) < CHUNK_CHARS + 200 for r in made.requests)


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"service_name": st.sampled_from("ab"), "code": st.sampled_from(["200", "404", "500", "429"]),
             "path": st.sampled_from(["/1", "/2", "/3", "/4"]), "method": st.sampled_from(["GET", "PUT"])}
        ),
        min_size=2, max_size=40, unique_by=lambda labels: tuple(sorted(labels.items())),
    )
)  # fmt: skip
def test_summing_never_mixes_what_is_read_apart(labels: list[dict[str, str]]) -> None:
    series = [{"__name__": "http_requests_total", **one} for one in labels]
    cells = label_sets(series)
    kept = summable(series, cells)
    assert kept is not None
    seen: dict[tuple[str, ...], object] = {}
    for one in series:
        cell = cells.cell_of(one)
        assert seen.setdefault(tuple(one.get(name, "") for name in kept), cell) == cell


def test_a_name_with_any_sign_stays_inside_its_quotes() -> None:
    """Names are anything since Prometheus 3: one must not spoil the query for all the others."""
    odd = 'a"b\\c\nd'
    assert selector([odd], "") == '{__name__=~"a\\"b\\\\\\\\c\\\\\\nd"}'
    assert selector(["plain"], "") == '{__name__="plain"}'
    for named, told in (
        (f"{odd}_requests_total", 'a\\"b\\\\c\\nd_requests_total'),
        ("$1_requests_total", "$$1_requests_total"),
    ):
        (request,) = plan([{**one, "__name__": named} for one in requests_total(50)], 5_000).requests
        assert f'"compass_name","{told}","",""' in request.expression
