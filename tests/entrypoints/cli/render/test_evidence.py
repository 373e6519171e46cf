"""One fact as it is shown."""

from __future__ import annotations

from dataclasses import replace

from compass.domain.telemetry import NativeQuery
from compass.entrypoints.cli.render.evidence import fact_block
from compass.entrypoints.cli.render.page import Page
from compass.projections.view import Fact
from tests.support.boards import seen, service

LINK = "https://grafana.example/explore?schemaVersion=1&panes=%7B%22a%22%7D"
QUERY = NativeQuery(language="promql", text='rate(x{a="b"}[2m])', url=LINK)


def test_a_query_that_can_be_opened_is_a_link() -> None:
    fact = Fact(label="E1", observation=replace(seen("latency.up", service("web")), query=QUERY))
    piped = fact_block(fact, Page(uncut=True))
    assert piped[-1].plain.strip() == LINK
    assert piped[-2].plain.strip() == 'promql: rate(x{a="b"}[2m])'
    on_terminal = fact_block(fact, Page())
    assert on_terminal[-1].plain.strip() == "open in Grafana Explore"
    assert any(LINK in str(span.style) for span in on_terminal[-1].spans)


def test_a_page_of_grafana_that_is_not_explore_is_called_so() -> None:
    rule = replace(QUERY, url="https://grafana.example/alerting/grafana/explore-1/view")
    fact = Fact(label="E1", observation=replace(seen("latency.up", service("web")), query=rule))
    assert fact_block(fact, Page())[-1].plain.strip() == "open in Grafana"


def test_without_an_address_there_is_no_link() -> None:
    fact = Fact(label="E1", observation=replace(seen("latency.up", service("web")), query=replace(QUERY, url="")))
    assert "promql" in fact_block(fact, Page(uncut=True))[-1].plain
