"""Whole investigations with and without what the team wrote down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from compass.data import demo_recording
from compass.domain.chronicle import Event
from compass.domain.sign import CRITICAL
from compass.domain.team import TeamKnowledge
from compass.projections.board import fold_all
from compass.projections.events import encode
from compass.projections.view import View
from compass.sources.recording import find_recordings
from tests.support.knowing import about, critical, false_alarm, knowledge, normal, of_service
from tests.support.running import Run, prepared, run_means


@pytest.fixture(scope="module")
def demo() -> Iterator[Path]:
    with demo_recording() as folder:
        yield find_recordings(folder)[0]


async def investigated(folder: Path, team: TeamKnowledge | None) -> Run:
    return await run_means(folder, replace(prepared(folder), team=team))


def written(events: tuple[Event, ...]) -> list[tuple[str, bytes]]:
    """What was found and made of it: everything but who was faster, and by how much."""
    found = {
        "investigation.opened", "context.learned", "observation.recorded", "hypothesis.proposed", "plan.registered",
        "disproof.attempted", "accounts.formed", "evidence.weighed", "posterior.updated", "gap.named",
    }  # fmt: skip
    kinds = [(e.kind, b"") for e in events]
    return sorted([*kinds, *((e.kind, encode(e.payload)) for e in events if e.kind in found)])  # type: ignore[arg-type]


def beliefs(view: View) -> bytes:
    data = msgspec.to_builtins(view, str_keys=True)
    for field in ("id", "elapsed_s", "agents", "number", "team"):
        data.pop(field)
    return msgspec.json.encode(data, order="sorted")


async def test_knowledge_that_is_empty_or_about_something_else_changes_nothing(demo: Path) -> None:
    plain = await investigated(demo, None)
    empty = await investigated(demo, TeamKnowledge(version=4, digest="d"))
    assert written(empty.events) == written(plain.events)
    elsewhere = knowledge(
        normal=(normal(about("latency.up"), of_service("nobody")), normal(about("clock.offset"), id="clock")),
        false_alarms=(false_alarm(about(alerts=("NoSuchAlert",))), false_alarm(about(lines=("no such line",)), id="b")),
        critical_errors=(critical("no such line either"),),
    )
    told = await investigated(demo, elsewhere)
    assert beliefs(told.view) == beliefs(plain.view)
    assert told.board.posterior == plain.board.posterior
    assert told.view.team is not None
    assert told.view.team.aside == ()


async def test_what_is_normal_is_set_aside_wherever_it_was_used_and_a_critical_error_is_not(demo: Path) -> None:
    plain = await investigated(demo, None)
    leader = plain.view.accounts[0]
    used = {fact.observation.sign for fact in leader.evidence_for} - {CRITICAL}
    team = knowledge(normal=tuple(normal(about(sign), id=sign) for sign in sorted(used)))
    told = await investigated(demo, team)
    assert not any(o.sign in used for o in told.board.anomalies())
    assert told.board.discounted
    rests_on = {key for item in told.board.evidence for key in item.rests_on}
    suggested = {key for h in told.board.hypotheses.values() for key in h.suggested_by}
    assert not (rests_on | suggested) & set(told.board.discounted)
    assert all(fact.observation.id not in told.board.discounted for fact in told.view.situation.symptoms)
    assert told.view.team is not None
    assert {one.name for one in told.view.team.aside} <= used
    again = fold_all(told.events)
    assert again == told.board


async def test_a_critical_line_is_found_though_nothing_is_unusual_about_it(demo: Path) -> None:
    plain = await investigated(demo, None)
    assert plain.view.critical == ()
    usual = critical("order * placed and paid", id="placed", means="it works")
    team = knowledge(critical_errors=(usual,), normal=(normal(about("team.*", "log.*")),))
    told = await investigated(demo, team)
    first = told.view.critical[0]
    assert first.observation.sign == CRITICAL
    assert first.text.startswith("checkout: placed (it works), ")
    assert (first.names, first.written) == (("placed",), ("team.yaml:7",))
    assert told.board.discounted  # what else is written in logs is normal, by the team's word
    assert [a.id for a in told.view.accounts[:1]] == [a.id for a in plain.view.accounts[:1]]
