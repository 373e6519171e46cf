"""Rare lines beside a sample: with a real Loki that looks for patterns, with one that does not, and where it fails."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import httpx2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compass.domain.time import NS_PER_S, Window
from compass.entrypoints.clock import SystemClock
from compass.sources.http.client import Client
from compass.sources.http.ledger import Ledger
from compass.sources.http.settings import Server
from compass.sources.live.feed import Scope
from compass.sources.live.gathered import Logs
from compass.sources.loki.api import ENDPOINTS, Entry, HttpLoki, Page, Pattern, Stream
from compass.sources.loki.assemble import assemble
from compass.sources.loki.beside import few
from compass.sources.loki.bins import bins_of
from compass.sources.loki.fetch import Fetch, Pulled
from compass.sources.loki.options import LokiOptions, bounds_of
from compass.sources.loki.plan import Pull, pulls
from compass.sources.loki.rare import Known, may_be_sampled, rare_of, shortened, without_flood
from compass.sources.loki.survey import Counted, Survey
from tests.sources.loki.asking import (
    BY_NAME,
    CONTRACTS,
    NO_DEADLINE,
    RARE,
    REPLAYED,
    Said,
    ask,
    feed_of,
    folder_of,
    incident_of,
)
from tests.support.exchanges import Replay

WINDOW = Window(start_ns=0, end_ns=240 * NS_PER_S)
BINS = bins_of(WINDOW, 24)
BOUNDS = bounds_of(LokiOptions(type="loki", url=""), exact=False)
TEMPLATES = {text: re.compile(re.escape(text.format(n="NUMBER")).replace("NUMBER", r"\d+")) for _, text in RARE}


def said(name: str, scratch: Path) -> Said:
    """The case, replayed. Everything recorded has to be asked again."""
    case = BY_NAME[name]
    replay = Replay(CONTRACTS / f"{name}.jsonl.gz")
    made = asyncio.run(ask(case, folder_of(case, scratch), replay, SystemClock()))
    assert replay.unused == []
    return made


def logs_of(made: Said) -> Logs:
    assert made.logs is not None
    return made.logs


def missing(made: Said) -> str:
    assert made.gathered is not None
    return "; ".join(made.gathered.missing)


def weights(logs: Logs) -> list[float]:
    return [float(logs.labels[stream].get("pattern_count", "1")) for stream in logs.stream]


def read(logs: Logs) -> Counter[str]:
    """Lines by template, of those that are rare."""
    return Counter(text for line in logs.line for text, found in TEMPLATES.items() if found.fullmatch(line))


ALL = Counter({text: number for (_, text), number in RARE.items()})


def test_a_sample_alone_misses_what_is_rare(tmp_path: Path) -> None:
    """A Loki that looks for no patterns says so with 404, and is read as ever."""
    made = said("rare-unknown", tmp_path)
    found = read(logs_of(made))
    assert all(found[text] == 0 for text, number in ALL.items() if number == 1)
    assert found.total() < ALL.total() / 2
    assert sum(weights(logs_of(made))) == pytest.approx(6054, rel=1e-3)
    assert [sent.status for sent in made.ledger.sent if sent.path.endswith("/patterns")] == [404]
    assert "pattern" not in missing(made)
    assert "rare" not in missing(made)


@pytest.mark.parametrize(("name", "lines"), [("rare", 6054), ("rare-flood", 7554)])
def test_with_patterns_every_rare_line_is_read(name: str, lines: int, tmp_path: Path) -> None:
    made = said(name, tmp_path)
    logs = logs_of(made)
    assert read(logs) == ALL
    weight = weights(logs)
    own = [w for w, line in zip(weight, logs.line, strict=True) if any(p.fullmatch(line) for p in TEMPLATES.values())]
    assert set(own) == {1.0}
    assert sum(weight) == pytest.approx(lines, rel=1e-3)
    assert len(logs.line) <= 1200
    keys = {
        (logs.labels[s]["service_name"], int(at), text)
        for s, at, text in zip(logs.stream, logs.time_ns, logs.line, strict=True)
    }
    assert len(keys) == len(logs.line)  # nothing twice
    assert "that match none of Loki's 4 most frequent patterns were read: 54" in missing(made)


def test_whose_lines_have_no_pattern_is_told(tmp_path: Path) -> None:
    assert "lines of audit that match none" in missing(said("rare-flood", tmp_path))
    assert "audit" not in missing(said("rare", tmp_path))


def test_a_search_for_rare_lines_that_fails_costs_nothing_else(tmp_path: Path) -> None:
    made = said("rare-slow", tmp_path)
    assert sum(weights(logs_of(made))) == pytest.approx(6054, rel=1e-3)
    assert "rare log lines were not searched for" in missing(made)


async def test_a_server_without_patterns_is_asked_for_them_once(tmp_path: Path) -> None:
    case = BY_NAME["rare-unknown"]
    feed, ledger = feed_of(case, Replay(CONTRACTS / "rare-unknown.jsonl.gz"), SystemClock())
    incident = incident_of(case, folder_of(case, tmp_path))
    scope = Scope(window=incident.window, detected_ns=incident.detected_ns, service=case.service)
    for _ in range(2):
        await feed.gather("logs", scope, deadline=NO_DEADLINE)
    await feed.aclose()
    assert sum(sent.path.endswith("/patterns") for sent in ledger.sent) == 1


def surveyed(lines: Mapping[str, float], *, size: float | None = 9e6) -> tuple[Survey, Counted]:
    """Services and how many lines each has, evenly over the window."""
    found = Survey(
        selector='{app=~".+"}', key="app", streams=tuple({"app": name} for name in lines),
        sizes=None if size is None else {name: size / len(lines) for name in lines},
    )  # fmt: skip
    rows = {(name,): np.full(BINS.number, number / BINS.number) for name, number in lines.items()}
    return found, Counted(names=("app",), bins=BINS, lines=rows, worded=None)


def known(**patterns: float) -> Known:
    return Known(window=WINDOW, patterns=[Pattern(text=f"{name} <_>", lines=n) for name, n in patterns.items()])


def test_patterns_are_worth_asking_for_where_not_all_may_be_read() -> None:
    assert may_be_sampled(surveyed({"a": 1.0}, size=9e6)[0], BOUNDS)
    assert may_be_sampled(surveyed({"a": 1.0}, size=None)[0], BOUNDS)
    assert not may_be_sampled(surveyed({"a": 1.0}, size=1e6)[0], BOUNDS)


def test_only_as_many_patterns_are_left_out_as_make_the_rest_fit() -> None:
    found, counted = surveyed({"a": 300_000.0, "b": 300_000.0, "small": 50.0})
    plan = pulls(found, counted, BOUNDS, None)
    rare = rare_of(found, counted, plan, known(one=400_000, two=198_000, three=1_500), BOUNDS)
    assert rare is not None
    assert rare.pull.query == '{app=~"a|b"} !> "one <_>" !> "two <_>"'  # what is read whole is not asked for again
    assert (rare.modulus, rare.limit) == (1, BOUNDS.per_query)


def test_where_patterns_leave_too_much_a_glimpse_shows_whose_lines_that_is() -> None:
    found, counted = surveyed({"a": 300_000.0, "b": 300_000.0})
    plan = pulls(found, counted, BOUNDS, None)
    rare = rare_of(found, counted, plan, known(one=290_000, two=7_000), BOUNDS)
    assert rare is not None
    assert rare.limit == BOUNDS.per_query // 5
    assert rare.modulus > 300_000 / rare.limit
    page = Page(streams=[stream("a", 10), stream("b", 900)], apart=True)
    again = without_flood(found, rare, Pulled(pull=rare.pull, pages=(page,)))
    assert again is not None
    assert again.pull.query == '{app=~".+", app!~"b"} !> "one <_>" !> "two <_>"'
    assert (again.modulus, again.limit, again.keys) == (1, rare.room, {"a"})
    assert without_flood(found, again, Pulled(pull=again.pull, pages=(page,))) is None
    only = Page(streams=[stream("a", 900), stream("b", 900)], apart=True)
    assert without_flood(found, rare, Pulled(pull=rare.pull, pages=(only,))) is None


def test_what_is_read_whole_needs_no_patterns() -> None:
    found, counted = surveyed({"a": 300.0})
    assert rare_of(found, counted, pulls(found, counted, BOUNDS, None), known(one=200), BOUNDS) is None
    found, counted = surveyed({"a": 300_000.0})
    assert rare_of(found, counted, pulls(found, counted, BOUNDS, None), known(), BOUNDS) is None


def test_a_query_stays_short_enough_to_be_sent() -> None:
    found, counted = surveyed({"a": 900_000.0})
    many = known(**{"x" * 300 + str(i): 20_000.0 - i for i in range(40)})
    rare = rare_of(found, counted, pulls(found, counted, BOUNDS, None), many, BOUNDS)
    assert rare is not None
    assert 10_000 < len(rare.pull.query) < 15_000
    shorter = shortened(rare)
    assert shorter is not None
    assert 5_000 < len(shorter.pull.query) < 6_100
    assert shorter.patterns == rare.patterns[: len(shorter.patterns)]
    assert shorter.left == rare.left + sum(one.lines for one in rare.patterns[len(shorter.patterns) :])
    assert shortened(shorter) is None


def stream(app: str, lines: int, first: int = 0, every: int = NS_PER_S // 10) -> Stream:
    return Stream(stream={"app": app}, values=[Entry(at=str(first + i * every), line="x") for i in range(lines)])


@given(
    st.sets(st.integers(0, 239), min_size=1, max_size=60),
    st.sets(st.integers(0, 239), max_size=20),
    st.integers(0, 200),
)
def test_rare_lines_stand_for_themselves_and_a_sample_for_all_others(
    sampled: set[int], rare: set[int], more: int
) -> None:
    """Whichever lines are taken beside the sample: together they are as many as were counted."""

    def page(seconds: set[int]) -> Page:
        entries = [Entry(at=str(second * NS_PER_S), line=f"line {second}") for second in sorted(seconds)]
        return Page(streams=[Stream(stream={"app": "a"}, values=entries)], apart=True)

    row = np.bincount(BINS.of(np.array(sorted(sampled | rare)) * NS_PER_S), minlength=BINS.number).astype(np.float64)
    row[BINS.of(np.array([min(sampled) * NS_PER_S]))[0]] += more
    counted = Counted(names=("app",), bins=BINS, lines={("a",): row}, worded=None)
    sample = Pull(what="", query="{}", windows=(WINDOW,), modulus=7, counts={("a",): row})
    beside = Pull(what="", query="{}", windows=(WINDOW,), modulus=1, counts={}, rare=True)
    pulled = [Pulled(pull=sample, pages=(page(sampled),)), Pulled(pull=beside, pages=(page(rare),))]
    made = assemble(pulled, counted, frozenset({"app"}))
    weight = weights(made.logs)
    assert len(made.logs.line) == len(sampled | rare)
    assert all(w == 1.0 for w, line in zip(weight, made.logs.line, strict=True) if int(line[5:]) in rare)
    assert sum(weight) + made.unseen == pytest.approx(row.sum())


async def test_a_proxy_that_takes_no_long_address_is_asked_with_fewer_patterns() -> None:
    asked: list[str] = []

    def proxy(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.params["query"])
        if len(str(request.url)) > 8_000:
            return httpx2.Response(414, text="Request-URI Too Large")
        return httpx2.Response(200, json={"status": "success", "data": {"resultType": "streams", "result": []}})

    client = Client(
        Server(name="loki", url=REPLAYED), ENDPOINTS, clock=SystemClock(), ledger=Ledger(),
        transport=httpx2.MockTransport(proxy),
    )  # fmt: skip
    found, counted = surveyed({"a": 900_000.0})
    many = known(**{"x" * 300 + str(i): 20_000.0 - i for i in range(50)})
    rare = rare_of(found, counted, pulls(found, counted, BOUNDS, None), many, BOUNDS)
    assert rare is not None
    pulled, notes = await few(Fetch(HttpLoki("loki", client), 5_000, 1), found, rare, NO_DEADLINE)
    await client.aclose()
    assert [query.count("!>") for query in asked] == [len(rare.patterns), asked[1].count("!>")]
    assert 10 < asked[1].count("!>") < len(rare.patterns)
    assert len(pulled) == 1
    assert f"none of Loki's {asked[1].count('!>')} most frequent patterns" in notes[0]
