"""The team's own mechanisms and metric rules: where those that ship are, and never what stops an investigation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from compass.domain.team import MetricRule, TeamKnowledge, TeamMechanism
from compass.domain.time import from_rfc3339
from compass.entrypoints.briefed import NOTHING, catalogue_with, mechanisms_for, rules_with, told
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.settings import Settings
from compass.ports.errors import StorageError
from compass.storage.memory import MemoryChronicle
from compass.storage.memory_team import MemoryTeamStore
from tests.support import boards as b
from tests.support.knowing import EVERYWHERE, WRITTEN, about, knowledge, normal

OWN = {
    "id": "ledger_locked", "claim": "{entity} waits for the lock of the ledger.", "family": "storage",
    "strikes": ["service"], "owner": "database", "requires": ["locks.up at callee"],
}  # fmt: skip
NOW_NS = from_rfc3339("2026-11-26T10:00:00Z") or 0


def mechanism(entry: dict[str, object], until: date | None = None) -> TeamMechanism:
    return TeamMechanism(id=str(entry["id"]), reach=EVERYWHERE, written=WRITTEN, mechanism=entry, until=until)


def rule(**fields: object) -> MetricRule:
    return MetricRule(id="r", reach=EVERYWHERE, written=WRITTEN, rule=fields)


def test_a_team_s_mechanism_stands_in_the_catalogue_and_may_go_over_one_that_ships() -> None:
    team = TeamKnowledge(mechanisms=(mechanism(OWN), mechanism({"id": "cpu_saturation", "claim": "{entity} is hot."})))
    plain, wrong = catalogue_with(Settings(), None, NOW_NS)
    catalogue, none_wrong = catalogue_with(Settings(), team, NOW_NS)
    assert wrong == none_wrong == ()
    assert set(catalogue.by_id) == {*plain.by_id, "ledger_locked"}
    assert catalogue.by_id["cpu_saturation"].claim == "{entity} is hot."
    assert catalogue.by_id["cpu_saturation"].requires == plain.by_id["cpu_saturation"].requires
    assert catalogue.sha256 != plain.sha256
    assert "ledger_locked" in mechanisms_for(Settings(), b.board(team=team))


def test_one_that_is_wrong_by_now_is_left_out_and_named_and_one_that_ran_out_is_none() -> None:
    broken = mechanism({**OWN, "id": "broken", "requires": ["no.such_sign"]})
    over = mechanism({**OWN, "id": "over"}, until=date(2026, 11, 26))
    catalogue, wrong = catalogue_with(Settings(), TeamKnowledge(mechanisms=(broken, mechanism(OWN), over)), NOW_NS)
    assert "ledger_locked" in catalogue.by_id
    assert not {"broken", "over"} & set(catalogue.by_id)
    (said,) = wrong
    assert "mechanism broken is left out" in said
    assert "team.yaml:7" in said


def test_metric_rules_stand_behind_those_of_compass_toml_and_in_front_of_those_that_ship() -> None:
    own = {"name": "mine", "kind": "latency"}
    team = TeamKnowledge(metrics=(rule(name="theirs", kind="pool_wait", unit="s"), rule(name="x", kind="nothing")))
    rules, wrong = rules_with((own,), team, NOW_NS)
    assert [one["name"] for one in rules] == ["mine", "theirs"]
    assert "metric rule r is left out" in wrong[0]


async def test_what_was_applied_is_told_and_a_store_that_fails_costs_only_that() -> None:
    chronicle = MemoryChronicle(clock=SystemClock())
    assert (await told(chronicle)).knowledge is None
    team = replace(knowledge(normal=(normal(about("latency.up")),)), version=0)
    await chronicle.team_knowledge.apply(team, based_on=0, by="alice")
    held = (await told(chronicle)).knowledge
    assert held is not None
    assert (held.version, held.normal) == (1, team.normal)
    assert await told(chronicle, use=False) == NOTHING

    class Failing(MemoryTeamStore):
        async def read(self, number: int | None = None) -> TeamKnowledge | None:
            raise StorageError("it is away", where="team knowledge")

    chronicle.team_knowledge = Failing(SystemClock())
    lost = await told(chronicle)
    assert lost.knowledge is None
    assert "it is away" in lost.lost[0]
