"""A team's own tools in an investigation: asked once each, shown, and weighing nothing, whatever they say or do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from compass.domain import chronicle as c
from compass.domain.advice import SuggestedTheories, SuggestedTheory
from compass.domain.advised import TheoryArgued
from compass.domain.board import Board
from compass.domain.failure import Status
from compass.domain.told import ToolAnswered, ToolsAsked, ToolsConsulted
from compass.entrypoints.config import Config
from compass.entrypoints.live import tools_of
from compass.exports.markdown import postmortem
from compass.exports.sources_of_fact import cite
from compass.investigation.advising import propose
from compass.investigation.asking.evidence import from_evidence
from compass.investigation.asking.known import Side, known_facts
from compass.investigation.consulting import MOST_CALLS, MOST_SERVICES, MOST_TEXT, plan_of
from compass.investigation.moves import Kind, next_move
from compass.investigation.runner import Means
from compass.investigation.settings import Crew, Limits
from compass.ports.tools import Ask
from compass.projections.board import fold_all
from compass.projections.build_view import build_view
from compass.projections.lost import of_board
from compass.tables.objects import Json
from tests.investigation.test_resume import go_on, prefix
from tests.support.boards import (
    COMPLETE,
    INCIDENT,
    ORDERS,
    WEB,
    believed,
    board,
    events,
    mechanism,
    seen,
    service,
    theory,
)
from tests.support.crew import Told
from tests.support.running import Run, prepared, run_means, run_once
from tests.support.telling import Calls, served

POOL = theory("pool", ORDERS)


def ask(tool: str = "find", source: str = "wiki", **arguments: Json) -> Ask:
    return Ask(source=source, tool=tool, arguments=arguments)


def known(**parts: object) -> Board:
    return board([seen("latency.up", ORDERS, 0.9), seen("errors.up", WEB, 0.6)], **parts)


# --- what is called ---------------------------------------------------------------------------------------------------


def test_once_for_each_affected_service_the_paged_one_first() -> None:
    plan = plan_of([ask(service="{service}", ns="{namespace}", limit=3), ask("all", q="status")], known())
    assert [dict(call.arguments) for call in plan.calls] == [
        {"service": "web", "ns": "shop", "limit": 3}, {"service": "orders", "ns": "shop", "limit": 3}, {"q": "status"},
    ]  # fmt: skip
    assert [call.entity for call in plan.calls] == [WEB, ORDERS, None]
    assert plan.gaps == ()


def test_times_and_the_page_are_filled_in_and_what_has_no_value_is_left_out() -> None:
    incident = replace(INCIDENT, title='Slow"}) OR `1`=1 \x1b[31m{service}', service="elsewhere")
    incident = replace(incident, now_ns=incident.now_ns + 413_724_726)  # tools rarely read parts of a second
    wanted: dict[str, Json] = {
        "a": "{from}/{to}", "b": {"at": "{onset}", "ns": "{namespace}"}, "c": ["{namespace}", "{service}"],
        "d": "{alert}", "e": "{{service}}", "f": "{namespace}",
    }  # fmt: skip
    (call,) = plan_of([ask(**wanted)], board(incident=incident)).calls
    assert dict(call.arguments) == {
        "a": "2023-11-14T22:13:20Z/2023-11-14T22:58:20Z", "b": {"at": "2023-11-14T22:43:20Z"}, "c": ["elsewhere"],
        "d": "Slow ) OR 1 =1 service", "e": "{elsewhere}",
    }  # fmt: skip
    assert (call.about, call.entity) == ("elsewhere", None)


def test_what_is_no_name_is_given_to_nobody() -> None:
    odd = service('x", "drop": "y')
    nobody = replace(INCIDENT, service=None)
    plan = plan_of([ask(service="{service}")], board([seen("errors.up", odd)], incident=nobody))
    assert plan.calls == ()
    ((gap, hides),) = plan.gaps
    assert "name that is not given to tools" in gap
    assert hides == "what find of wiki would say"


def test_nobody_affected_is_said() -> None:
    plan = plan_of([ask(service="{service}")], board(incident=replace(INCIDENT, service=None)))
    assert plan.calls == ()
    assert plan.gaps == (("tools: no service is known to ask about", "what find of wiki would say"),)


def test_services_and_calls_are_bounded_and_what_is_left_out_is_said() -> None:
    many = board([seen("errors.up", service(f"s{number}")) for number in range(9)])
    plan = plan_of([ask(f"t{number}", service="{service}") for number in range(5)], many)
    assert len(plan.calls) == MOST_CALLS
    assert len({call.about for call in plan.calls}) == MOST_SERVICES
    assert plan.gaps == (("tools: 12 calls are made, 8 more are not", "what these would say"),)


def test_the_same_call_is_made_once() -> None:
    assert len(plan_of([ask(q="x"), ask(q="x"), ask(q="y")], known()).calls) == 2


def test_it_is_after_the_first_beliefs_and_never_again() -> None:
    first, crew = believed({POOL: 0.5}, decisions=()), Crew(specialists=(Told("database"),), mechanisms={})
    assert next_move(first, crew, Limits()).kind is Kind.GATE
    asking = replace(crew, asks=(ask(),))
    assert next_move(first, asking, Limits()).kind is Kind.CONSULT
    assert next_move(replace(first, consulted=ToolsConsulted(asked=1)), asking, Limits()).kind is Kind.GATE
    assert next_move(replace(first, round=2, believed_round=2), asking, Limits()).kind is Kind.GATE


# --- with real servers ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Desk:
    """Two servers: what they say, what they were called with, and an investigation that asks them."""

    means: Means
    calls: Calls


@asynccontextmanager
async def desk(folder: Path, says: Mapping[str, str], specialist: str = "", other: str = "") -> AsyncIterator[Desk]:
    """Every tool of `says` is asked, each with the service; `other` is the address of one more server, called
    second."""
    calls: Calls = []
    async with served(says, calls) as url:
        tables = {"wiki": _table(url, says, specialist)}
        if other:
            tables["second"] = {**_table(other, says, ""), "timeout_s": 0.3}
        asks, open_tools = tools_of(Config(sources=tables))
        plain = prepared(folder)
        yield Desk(replace(plain, crew=replace(plain.crew, asks=asks), open_tools=open_tools), calls)


def _table(url: str, says: Mapping[str, str], specialist: str) -> dict[str, object]:
    given = {"service": "{service}", "from": "{from}"}
    asks = [{"tool": name, "specialist": specialist, "arguments": given} for name in says]
    return {
        "type": "mcp",
        "url": url,
        "tools": list(says),
        "read_only": list(says),
        "ask": asks,
    }


@pytest.fixture
def alone(recordings: Path) -> Run:
    return run_once(recordings / "pool")


SAYS = {
    "find": "INC-881 {arguments}\npool of orders raised \x1b[2Jpass\x1b[0mword=hunter2hunter2 " + "x" * 9_000,
    "bad": "FAIL no such index",
    "huge": "HUGE 6",
}


async def test_what_they_say_is_kept_shown_and_moves_nothing(recordings: Path, alone: Run) -> None:
    async with desk(recordings / "pool", SAYS, specialist="application") as using:
        done = await run_means(recordings / "pool", using.means)
    first, second = done.view.told
    assert [one["service"] for name, one in using.calls if name == "find"] == ["web", "orders"]
    assert (first.label, first.source, first.tool, second.label) == ("X1", "wiki", "find", "X2")
    assert first.text.startswith('INC-881 {"service": "web", "from": "2026-01-05T10:00:00Z"}\npool of orders raised ')
    assert len(first.text) <= MOST_TEXT
    assert first.missing == ("shown: 4000 of 9105 characters",)
    assert "hunter2" not in first.text + postmortem(done.events, using.means.crew.mechanisms, id="x", number=1)
    assert "\x1b" not in first.text
    # What the engine knows is the same to the last bit.
    assert done.board.posterior == alone.board.posterior
    assert done.board.observations == alone.board.observations
    assert done.board.attempts == alone.board.attempts
    assert done.board.status is alone.board.status is Status.DONE
    # What failed is named with what it hides, and nobody was held up.
    gaps = dict(done.view.gaps)
    assert gaps["tools: wiki: its tool bad failed: no such index"] == "what bad would say of web, orders"
    assert gaps["tools: wiki: the answer is larger than 4 MB (ask for less: a shorter window or fewer services)"]
    assert done.view.lost == ()
    noted = [event.payload for event in done.events if isinstance(event.payload, c.ServersAsked)]
    paths = sorted(one.path.removeprefix("CALL ") for some in noted for one in some.requests)
    assert paths == ["bad", "bad", "find", "find", "huge", "huge"]
    report = postmortem(done.events, using.means.crew.mechanisms, id="x", number=1)
    number = next(e.seq for e in done.events if isinstance(e.payload, ToolAnswered))
    assert "- X1 `find` of wiki about web: `INC-881" in report
    assert f"[#{number}]" in report
    kinds = [type(event.payload) for event in done.events]
    assert kinds.index(ToolsAsked) < kinds.index(ToolAnswered) < kinds.index(ToolsConsulted)


async def test_it_is_taken_up_again_where_it_was_left(recordings: Path) -> None:
    async with desk(recordings / "pool", {"find": "said"}) as using:
        done = await run_means(recordings / "pool", using.means)
        asked = next(i for i, e in enumerate(done.events) if isinstance(e.payload, ToolsAsked))
        told = next(i for i, e in enumerate(done.events) if isinstance(e.payload, ToolsConsulted))
        for cut, calls in ((asked + 1, 2), (told + 1, 0)):
            using.calls.clear()
            board = await go_on(*await prefix(done.events[:cut]), using.means)
            assert len(using.calls) == calls
            assert {label: one.text for label, one in board.told.items()} == {"X1": "said", "X2": "said"}
            assert board.posterior == done.board.posterior
    assert fold_all(done.events).told == done.board.told


async def test_a_server_that_hangs_is_lost_and_the_other_is_heard(recordings: Path) -> None:
    async with (
        served({"find": "HANG"}) as slow,
        desk(recordings / "pool", {"find": "said"}, other=slow) as using,
    ):
        done = await run_means(recordings / "pool", using.means)
    assert [line.source for line in done.view.told] == ["wiki", "wiki"]
    (lost,) = done.view.lost
    assert (lost.source, lost.parts, lost.hides) == ("second", ("tools",), ("what find would say of web, orders",))
    assert all("did not answer within" in why for why in lost.why)
    assert lost.since_ns is not None
    assert done.board.failure is None
    assert of_board(done.board) == done.view.lost
    assert not [gap for gap, _ in done.view.gaps if gap.startswith("tools")]
    report = postmortem(done.events, using.means.crew.mechanisms, id="x", number=1)
    assert "- Lost: tools from second since" in report


async def test_after_some_failures_it_is_left_alone(recordings: Path) -> None:
    ways = {f"t{number}": "FAIL i/o timeout" for number in range(6)}
    async with desk(recordings / "pool", ways) as using:
        done = await run_means(recordings / "pool", using.means)
    # Each is tried twice; with four at once, no more than these and what was under way are asked at all.
    assert len(using.calls) < 2 * 12
    (lost,) = done.view.lost
    assert any("is not asked again" in why for why in lost.why)
    assert done.board.status is Status.DONE


# --- what is made of it -----------------------------------------------------------------------------------------------

SLOW = seen("latency.up", ORDERS, agent="application")
SAID = ToolAnswered(
    id="t1", source="wiki", tool="find", arguments="{}", text="INC-881 the pool was lowered", coverage=COMPLETE,
    at_ns=1, entity=ORDERS, specialists=("application",),
)  # fmt: skip
SAYING = replace(
    believed({POOL: 0.3}, observations=(SLOW, seen("cpu.up", WEB, agent="database"))),
    specialists=("application", "database"), told={"X1": SAID}, consulted=ToolsConsulted(asked=1),
)  # fmt: skip
CREW = Crew(specialists=(Told("application"), Told("database")), mechanisms={
    "pool": mechanism("pool", owner="application"), "cpu": mechanism("cpu", owner="application"),
})  # fmt: skip


def test_the_prompt_of_whom_it_is_offered_to_holds_it_as_no_observation() -> None:
    first, second = propose.ADVISER.questions(SAYING, CREW)
    (section,) = (s for s in first.sections if s.title == propose.TOOLS)
    (item,) = section.items
    assert (item.id, item.text, item.trusted) == (
        "X1", "find of wiki about service shop/orders: INC-881 the pool was lowered", False,
    )  # fmt: skip
    assert (first.agent, second.agent) == ("application", "database")
    assert propose.TOOLS not in [s.title for s in second.sections]


@pytest.mark.parametrize(("cites", "entered"), [(("X1", "E1"), 1), (("E1",), 1), (("X1",), 0), (("X2", "E1"), 0)])
def test_a_theory_rests_on_an_observation_and_never_on_what_was_said(cites: tuple[str, ...], entered: int) -> None:
    question = propose.ADVISER.questions(SAYING, CREW)[0]
    places = next(s.items for s in question.sections if s.title == propose.PARTS)
    orders = next(item.id for item in places if item.text.startswith("service shop/orders"))
    theory_ = SuggestedTheory(entity=orders, mechanism="cpu", cites=cites, reasoning="as in INC-881")
    taken = propose.ADVISER.take(SAYING, CREW, question, SuggestedTheories(theories=(theory_,)), "m")
    assert (taken.entered, taken.dropped) == (entered, 1 - entered)
    for _, payload in taken.payloads:
        if isinstance(payload, TheoryArgued):
            assert payload.cites == (SLOW.id,)
            assert set(payload.shown) <= set(SAYING.observations)


def test_it_can_be_asked_about_with_the_event_it_comes_from() -> None:
    view = build_view(SAYING, CREW.mechanisms, id="x", number=1)
    facts = known_facts(SAYING, view, CREW.mechanisms)
    (fact,) = (fact for fact in facts if fact.side is Side.TOOL)
    assert (fact.id, fact.about, fact.told) == ("X1", ("tool", "t1"), True)
    assert fact.text == "find of wiki about service shop/orders says: INC-881 the pool was lowered"
    answer = from_evidence("what does the wiki say of INC-881?", facts)
    assert answer.sentences[0].cites == ("X1",)
    cited = cite(events([SAID]))
    assert cited.of(*fact.about) == " [#1]"


def test_the_same_answer_twice_has_one_label() -> None:
    two = replace(SAID, id="t2")
    assert fold_all(events([SAID, SAID, two])).told == {"X1": SAID, "X2": two}
