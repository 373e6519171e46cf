"""Columns stay columns, on a terminal and in a pipe."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from compass.analysis.effectiveness import effects_of
from compass.analysis.patterns import Cluster, PatternCount, RankedGap
from compass.domain.knowledge import PastIncident, PastStatus
from compass.domain.learned import Signature
from compass.entrypoints.cli.remembered import Past
from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.cli.render.past import gap_lines, unsolved_lines
from compass.entrypoints.cli.render.patterns import effect_lines, pattern_lines
from tests.support.boards import ORDERS, mechanism

AT = datetime(2026, 1, 2, tzinfo=UTC)
EMPTY = Past(incidents=3, patterns=(), effects=(), unsolved=(), gaps=())
POOL = PatternCount(
    number=1, mechanism="pool", entity=ORDERS, right=12, wrong=3, last=AT, fixes=("larger pool",), incidents=()
)
INCIDENT = PastIncident(
    investigation=UUID(int=1), number=4, title="t", at=AT, status=PastStatus.UNSOLVED, signature=Signature()
)
PAST = Past(
    incidents=3,
    patterns=(POOL,), effects=effects_of((POOL,), ()),
    unsolved=(Cluster(incidents=(INCIDENT,), signs=("latency.up@paged",)),),
    gaps=(RankedGap(
        gap="no disk metrics", hides=("a full disk",), suggestion="node_exporter", incidents=2, hid=1, last=AT
    ),),
)  # fmt: skip


def test_patterns_gaps_and_unsolved_incidents_are_columns_in_a_pipe() -> None:
    pipe = Page(uncut=True)
    assert [line.plain for line in pattern_lines(PAST, {"pool": mechanism("pool")}, pipe)] == [
        "   N  was it  was not  last seen   marked      what",
        "   1      12        3  2026-01-02              The pool of orders is used up; fixed by: larger pool",
        "yours to say: compass patterns validate N · reject N · unmark N",
    ]
    assert "nobody has said" in effect_lines(PAST.effects, {"pool": mechanism("pool")}, pipe)[1].plain
    assert [line.plain for line in gap_lines(PAST, pipe)] == [
        "  hid a cause  named in  what",
        "            1         2  no disk metrics",
        "                         hides: a full disk",
        "                         closes it: node_exporter",
    ]
    assert [line.plain for line in unsolved_lines(PAST, pipe)][:2] == [
        "1× #4, last 2026-01-02", "    all show: server-side latency above its baseline",
    ]  # fmt: skip


def test_a_narrow_terminal_cuts_the_text_and_not_the_columns() -> None:
    (_, line, _) = pattern_lines(PAST, {"pool": mechanism("pool")}, Page(width=70))
    assert line.plain.startswith("   1      12        3  2026-01-02              The po")
    assert len(line.plain) <= 70


def test_without_a_past_it_says_how_one_comes_about() -> None:
    assert "compass resolve" in pattern_lines(EMPTY, {}, Page())[0].plain
    assert gap_lines(EMPTY, Page())[0].plain == "no gap was named in 3 incidents"
    assert unsolved_lines(EMPTY, Page())[0].plain == "nothing unsolved among 3 incidents"
