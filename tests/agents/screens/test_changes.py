from __future__ import annotations

from compass.agents.screens.changes import ChangeScreen
from compass.domain.entity import EntityRef
from compass.domain.incident import Change, Dependency
from compass.domain.observation import Verdict
from compass.domain.time import NS_PER_S, Instant
from compass.ports.specialist import StepResult
from tests.agents.screens.fakes import FakeTelemetry, look
from tests.analysis.synthetic import service, times

N, AT = 120, 100
CALLS = [Dependency(caller=service("web"), callee=service("orders"))]


def change(
    seconds_before: int, entity: EntityRef | None, kind: str = "deploy", change_id: str = "c1", diff: str = ""
) -> Change:
    at = Instant(ns=int(times(N)[AT - 1]) - seconds_before * NS_PER_S)
    return Change(id=change_id, at=at, kind=kind, summary="new version", entity=entity, diff=diff)


async def run(*changes: Change, missing: tuple[str, ...] = (), paged: str | None = None) -> StepResult:
    telemetry = FakeTelemetry(changes=changes, missing=missing)
    entities = [service("web"), service("orders"), service("mail")]
    return await ChangeScreen(agent="change").run(
        look(telemetry, N, AT, dependencies=CALLS, entities=entities, paged=paged)
    )


async def test_a_change_is_seen_on_its_entity_and_on_its_callers() -> None:
    diff = "-max_pool_size: 50\n+max_pool_size: 5\n"
    result = await run(change(60, service("orders"), diff=diff))
    found = {(o.sign, o.entity.name): o for o in result.observations if o.verdict is Verdict.ANOMALY}
    assert set(found) == {("change.near", "orders"), ("change.pool_shrunk", "orders"), ("change.dependency", "web")}
    assert all(o.change == "c1" for o in found.values())
    assert found["change.dependency", "web"].peer == service("orders")
    assert found["change.pool_shrunk", "orders"].strength > found["change.near", "orders"].strength
    assert "max_pool_size 50 → 5" in found["change.pool_shrunk", "orders"].text


async def test_nearer_changes_are_stronger_and_later_than_the_page_ones_absent() -> None:
    result = await run(
        change(60, service("orders")),
        change(7200, service("mail"), change_id="c2"),
        change(-1000, service("web"), change_id="c3"),
    )
    near = {o.entity.name: o.strength for o in result.observations if o.sign == "change.near" and o.change}
    assert near["orders"] > near["mail"]
    assert "web" not in near


async def test_untouched_services_are_normal_only_when_the_record_is_complete() -> None:
    quiet = {
        o.entity.name for o in (await run(change(60, service("orders")))).observations if o.verdict is Verdict.NORMAL
    }
    assert quiet == {"web", "mail"}
    partial = await run(change(60, service("orders")), missing=("changes",))
    assert all(o.verdict is Verdict.ANOMALY for o in partial.observations)


async def test_no_record_of_changes_is_a_gap_and_an_empty_record_is_not() -> None:
    assert len((await run(missing=("changes",))).gaps) == 1
    empty = await run()
    assert empty.gaps == ()
    assert {o.verdict for o in empty.observations} == {Verdict.NORMAL}


async def test_a_provider_incident_without_an_entity_is_shown_where_it_hurts() -> None:
    result = await run(change(30, None, kind="provider_status"), paged="web")
    assert ("change.provider", "web") in {(o.sign, o.entity.name) for o in result.observations}
