"""The calls that a team writes down: what may be written, what of it is checked, and how a server is asked for real."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from compass.entrypoints.clock import SystemClock
from compass.ports.clock import Deadline
from compass.ports.errors import ConfigurationError, SourceError, SourceRefusedError, SourceUnavailableError
from compass.ports.tools import Ask
from compass.redaction.secret import Secrets
from compass.sources.http.ledger import Ledger
from compass.sources.live.connector import Means, connectors
from compass.sources.live.feed import TOOLS
from compass.sources.mcp.desk import Desk
from compass.sources.mcp.feed import McpFeed
from tests.support.telling import served

SPECIALISTS = frozenset({"application", "change"})
SAYS = {"find": "found {arguments}", "bad": "FAIL no such index", "hang": "HANG", "huge": "HUGE 50"}
NO_DEADLINE = Deadline()


def feed_of(ledger: Ledger | None = None, **table: object) -> McpFeed:
    means = Means(
        clock=SystemClock(), ledger=ledger or Ledger(), secrets=Secrets({"PATH": os.environ["PATH"]}, Path()),
        specialists=SPECIALISTS,
    )  # fmt: skip
    usual: Mapping[str, object] = {"command": ["x"], "tools": ["find", "other"], "read_only": ["find"]}
    if "url" in table:
        usual = {"tools": list(SAYS), "read_only": list(SAYS)}
    feed = connectors()["mcp"].connect("wiki", {"type": "mcp", **usual, **table}, means)
    assert isinstance(feed, McpFeed)
    return feed


def test_a_call_is_read_as_it_was_written() -> None:
    arguments = {"q": 'app="{service}"', "from": "{from}", "limit": 5, "deep": {"tags": ["{alert}", True, 0.5]}}
    feed = feed_of(ask=[
        {"tool": "find", "arguments": arguments, "specialist": ["change", "application"]},
        {"tool": "find", "specialist": "change"}, {"tool": "find"},
    ])  # fmt: skip
    assert feed.asks == (
        Ask(source="wiki", tool="find", arguments=arguments, specialists=("change", "application")),  # type: ignore[arg-type]
        Ask(source="wiki", tool="find", arguments={}, specialists=("change",)),
        Ask(source="wiki", tool="find", arguments={}),
    )


@pytest.mark.parametrize(
    ("ask", "where", "said"),
    [
        ({"tool": "absent"}, "ask[0].tool", "'absent' is not among tools (tools = [\"absent\"], read_only"),
        ({"tool": "other"}, "ask[0].tool", "'other' is not marked as reading only"),
        ({"tool": "find", "specialist": "wizard"}, "ask[0].specialist", "no specialist 'wizard' (application, change;"),
        ({"tool": "find", "arguments": {"q": "of {pod}"}}, "ask[0].arguments.q", "{pod} (known: {service}, {namesp"),
        ({"tool": "find", "arguments": {"q": {"a": ["{pod}"]}}}, "ask[0].arguments.q", 'service = "{service}"'),
        ({"tool": "find", "arguments": {"on": date(2026, 1, 5)}}, "ask[0].arguments.on", "a date cannot be sent"),
        ({"tool": "find", "arguments": {"x": float("nan")}}, "ask[0].arguments.x", "a float cannot be sent"),
        ({"tool": "find", "arguments": ["x"]}, "sources.wiki", "ask[0].arguments"),
        ({"tool": "find", "argument": {}}, "sources.wiki", "unknown field `argument`"),
        ({"tool": 3}, "sources.wiki", "ask[0].tool"),
        ({}, "sources.wiki", "missing required field `tool`"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_an_example(ask: dict[str, object], where: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        feed_of(ask=[ask])
    assert caught.value.where.startswith("compass.toml: sources.wiki")
    assert caught.value.where.endswith(where)
    assert said in str(caught.value)


def test_there_are_not_endlessly_many() -> None:
    with pytest.raises(ConfigurationError, match="13 calls are more than 12"):
        feed_of(ask=[{"tool": "find"}] * 13)


def test_what_compass_itself_calls_of_grafana_needs_no_mark() -> None:
    asked = {"tool": "get_annotations", "arguments": {"From": "{from}"}}
    (ask,) = feed_of(command=[], tools=[], read_only=[], grafana=True, ask=[asked]).asks
    assert ask.tool == "get_annotations"
    with pytest.raises(ConfigurationError, match="not among tools"):
        feed_of(command=[], tools=[], read_only=[], grafana=True, ask=[{"tool": "search_dashboards"}])


async def test_doctor_says_what_is_asked_and_what_does_not_fit() -> None:
    async with served(SAYS) as url:
        feed = feed_of(url=url, ask=[
            {"tool": "find", "specialist": "change", "arguments": {"service": "{service}"}},
            {"tool": "bad", "arguments": {"servce": "{service}"}},
        ])  # fmt: skip
        found = await feed.look(TOOLS, deadline=NO_DEADLINE)
        await feed.aclose()
    assert found.figures["asked in investigations"] == "find (for change), bad (for all specialists)"
    assert found.hints == (
        "bad is asked without service, which it requires",
        "bad is asked with servce, which it does not know: it knows service, from, to, title, namespace",
    )


async def test_a_desk_asks_and_notes_it() -> None:
    ledger = Ledger()
    async with served(SAYS) as url:
        feed = feed_of(ledger, url=url, ask=[{"tool": "find"}])
        desk = Desk([feed], SystemClock(), ledger)
        try:
            heard = await desk.ask("wiki", "find", {"service": "web"}, deadline=NO_DEADLINE)
            assert heard.text == 'found {"service": "web"}'
            with pytest.raises(SourceRefusedError, match="its tool bad failed: no such index"):
                await desk.ask("wiki", "bad", {}, deadline=NO_DEADLINE)
            with pytest.raises(SourceRefusedError, match="larger than 4 MB"):
                await desk.ask("wiki", "huge", {}, deadline=NO_DEADLINE)
            late = Deadline(at_s=SystemClock().monotonic_s() + 0.2)
            with pytest.raises(SourceUnavailableError, match="its tool hang did not answer within"):
                await desk.ask("wiki", "hang", {}, deadline=late)
            with pytest.raises(SourceError, match="not among the tools that"):
                await desk.ask("wiki", "other", {}, deadline=NO_DEADLINE)
            with pytest.raises(SourceRefusedError, match="elsewhere: is not connected"):
                await desk.ask("elsewhere", "find", {}, deadline=NO_DEADLINE)
        finally:
            await desk.aclose()
    first = desk.asked[0]
    assert (first.source, first.path, first.question) == ("wiki", "CALL find", "service=web")
    assert {one.path for one in desk.asked} == {"CALL find", "CALL bad", "CALL huge", "CALL hang", "CALL other"}


async def test_over_stdin_and_stdout() -> None:
    ledger, root = Ledger(), Path(__file__).parents[3]
    env = {"SAYS": json.dumps({"find": "found {arguments}"}), "PYTHONPATH": f"{root / 'src'}:{root}"}
    feed = feed_of(
        ledger, command=[sys.executable, "-m", "tests.support.telling"], env=env, tools=["find"],
        ask=[{"tool": "find", "arguments": {"service": "{service}"}}],
    )  # fmt: skip
    desk = Desk([feed], SystemClock(), ledger)
    desk.begin()
    desk.begin()
    try:
        heard = await desk.ask("wiki", "find", {"service": "web"}, deadline=NO_DEADLINE)
    finally:
        desk.end()
        await desk.aclose()
        await desk.aclose()
    with pytest.raises(SourceUnavailableError, match="not started again"):
        await desk.ask("wiki", "find", {"service": "orders"}, deadline=NO_DEADLINE)
    assert heard.text == 'found {"service": "web"}'


async def test_one_that_cannot_be_started_is_told_when_it_is_asked() -> None:
    ledger = Ledger()
    desk = Desk([feed_of(ledger, command=["no-such-program-of-ours"], ask=[{"tool": "find"}])], SystemClock(), ledger)
    desk.begin()
    try:
        with pytest.raises(SourceRefusedError, match="cannot be started"):
            await desk.ask("wiki", "find", {}, deadline=NO_DEADLINE)
    finally:
        await desk.aclose()
