"""The demo incident, whole: what comes out, and that it does not depend on who is faster."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from compass.data import demo_recording
from compass.domain.disproof import Outcome
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.failure import Status
from compass.investigation.funnel import Funnel
from compass.projections.view import View
from compass.sources.recording import find_recordings
from tests.support import incidents
from tests.support.recordings import Span, write_recording
from tests.support.running import Delayed, Failing, prepared, run, run_means, run_once, with_specialists


@pytest.fixture(scope="module")
def demo() -> Iterator[Path]:
    with demo_recording() as folder:
        yield find_recordings(folder)[0]


def comparable(view: View) -> bytes:
    """The view without ids and times of the run itself."""
    data = msgspec.to_builtins(view, str_keys=True)
    for field in ("id", "elapsed_s", "agents", "number"):
        data.pop(field)
    return msgspec.json.encode(data, order="sorted")


async def test_the_exhausted_pool_leads_and_the_shrinking_deploy_set_it_off(demo: Path) -> None:
    result = run_once(demo)
    leader = result.view.accounts[0]
    assert leader.mechanism == "pool_shrunk_by_change"
    assert leader.entity.name == "orders"
    assert leader.trigger is not None
    shrinking = next(c for c in result.board.changes if c.id == leader.trigger.change)
    assert "pool" in shrinking.diff
    assert result.view.status is Status.DONE
    assert result.view.not_listed + result.view.no_incident + sum(
        a.confidence for a in (*result.view.accounts, *result.view.refuted)
    ) == pytest.approx(1.0)


async def test_the_decoy_deploy_is_refuted_with_its_evidence(demo: Path) -> None:
    result = run_once(demo)
    leader = result.view.accounts[0]
    decoys = [c for c in result.view.changes if leader.trigger and c.id != leader.trigger.change]
    assert decoys
    nearest = max(decoys, key=lambda c: c.at_ns)
    assert nearest.refuted, nearest
    attempts = [a for a in result.board.attempts.values() if a.trigger == nearest.id]
    assert any(a.outcome is Outcome.REFUTED and a.observed for a in attempts)


async def test_the_order_in_which_agents_finish_changes_nothing(demo: Path) -> None:
    expected = comparable(run_once(demo).view)
    for seed in range(4):
        means = prepared(demo)
        rng = random.Random(seed)
        delayed = with_specialists(means, [Delayed(s, rng) for s in means.crew.specialists])
        assert comparable((await run_means(demo, delayed)).view) == expected


async def test_a_failing_agent_degrades_the_result_and_says_so(demo: Path) -> None:
    means = prepared(demo)
    broken = [Failing(s) if s.name == "tracing" else s for s in means.crew.specialists]
    result = await run_means(demo, with_specialists(means, broken))
    assert result.view.accounts[0].entity.name == "orders"
    assert any("tracing" in gap and "ZeroDivisionError" in gap for gap, _ in result.view.gaps)


async def test_sequential_runs_the_same_steps_and_measures_both(demo: Path) -> None:
    means = prepared(demo, sequential=True)
    opened: list[Funnel] = []

    def open_telemetry() -> Funnel:
        opened.append(Funnel(means.open_telemetry()))
        return opened[-1]

    result = await run_means(demo, replace(means, open_telemetry=open_telemetry))
    _investigation, parallel, sequential = opened  # each starts cold; neither may be slowed by asking more
    assert parallel.queries == sequential.queries > 0
    assert result.view.parallel_s
    assert result.view.sequential_s


def _calls_to(address: str) -> list[Span]:
    return [
        span
        for n in range(60)
        for span in (
            Span(at_s=n * 30.0, trace=f"{n:032x}", id=f"{n:016x}", kind="server"),
            Span(
                at_s=n * 30.0, trace=f"{n:032x}", id=f"a{n:015x}", parent=f"{n:016x}", kind="client", name="POST",
                attributes={"server.address": address},
            ),
        )
    ]  # fmt: skip


async def test_a_third_party_that_one_source_takes_for_a_service_is_one_thing(tmp_path: Path) -> None:
    """Declared as what `web` depends on, named by its spans as an address that never reports anything itself."""
    recording = write_recording(
        tmp_path / "shop-1", spans=_calls_to("cards"), topology=[("web", "cards")], seconds=1800
    )
    board = (await run(recording)).board
    service, outside = (EntityRef(kind=kind, name="cards") for kind in (EntityKind.SERVICE, EntityKind.EXTERNAL))
    assert {service, outside} <= set(board.entities)
    assert board.containment == {service: outside}


async def test_a_service_that_is_known_to_call_is_one_whatever_its_caller_names_it(tmp_path: Path) -> None:
    outside = EntityRef(kind=EntityKind.EXTERNAL, name="cards")
    calls = [("web", "cards"), ("cards", "bank")]
    recording = write_recording(tmp_path / "shop-1", spans=_calls_to("cards"), topology=calls, seconds=1800)
    board = (await run(recording)).board
    assert board.containment == {outside: EntityRef(kind=EntityKind.SERVICE, name="cards")}


async def test_unknown_series_that_moved_are_counted_and_change_nothing_else(tmp_path: Path) -> None:
    known = incidents.pool_series()
    odd = [
        incidents.gauge("shop_wobble", "orders", incidents.stepped("wobble", 3.0, 40.0)),
        incidents.gauge("shop_calm", "orders", incidents.wave("calm", 7.0)),
    ]
    made = [
        write_recording(
            tmp_path / name, seconds=incidents.SECONDS, detected_s=incidents.ONSET_S + 300, series=series,
            topology=incidents.TOPOLOGY, header={"title": "Checkout is slow", "service": "web"},
        )
        for name, series in (("plain", known), ("odd", [*known, *odd]))
    ]  # fmt: skip
    plain, told = [await run(folder) for folder in made]
    assert plain.board.unread is None
    unread = told.board.unread
    assert unread is not None
    assert (unread.names, unread.moved, [one.name for one in unread.most]) == (2, 1, ["shop_wobble"])
    assert told.board.posterior == plain.board.posterior
    assert told.board.observations.keys() == plain.board.observations.keys()
