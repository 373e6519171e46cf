"""What is recorded of the team's knowledge: all of it, without secrets, bounded; nothing where there is nothing."""

from __future__ import annotations

from dataclasses import replace

from compass.domain.team import Escalation, MetricRule, TeamKnowledge
from compass.investigation.briefing import MOST, MOST_CHARS, briefing
from compass.projections.events import decode, encode
from tests.support.knowing import EVERYWHERE, WRITTEN, about, critical, knowledge, known_issue, normal


def test_nothing_is_recorded_where_nothing_is_written_down() -> None:
    assert briefing(TeamKnowledge(version=4, digest="d")) is None


def test_what_is_written_is_recorded_as_it_is() -> None:
    team = knowledge(normal=(normal(about("latency.up")),), critical_errors=(critical("checksum"),))
    told = briefing(team)
    assert told is not None
    assert told.knowledge == team
    assert decode("team.briefed", 1, encode(told)) == told


def test_secrets_stay_out_and_ways_to_reach_somebody_stay_in() -> None:
    issue = known_issue(about("log.novel"), says="log in with password=hunter2hunter2", link="https://wiki/x?a=b")
    whom = Escalation(
        id="first", reach=EVERYWHERE, written=WRITTEN, who="storage", how="storage@example.com, token=hunter2hunter2"
    )
    rule = MetricRule(id="r", reach=EVERYWHERE, written=WRITTEN, rule={"name": "x", "by": ["a"], "scale": 2.0})
    told = briefing(replace(knowledge(known_issues=(issue,)), escalation=(whom,), metrics=(rule,)))
    assert told is not None
    text = encode(told).decode()
    assert "hunter2" not in text
    assert told.knowledge.escalation[0].how.startswith("storage@example.com")
    assert told.knowledge.known_issues[0].link == "https://wiki/x?a=b"
    assert told.knowledge.metrics == (rule,)


def test_what_has_no_room_is_named() -> None:
    many = tuple(critical("x" * 3_000, id=f"c{i}") for i in range(MOST + 2))
    told = briefing(knowledge(critical_errors=many))
    assert told is not None
    assert len(told.knowledge.critical_errors) == MOST
    assert told.left_out == (f"critical errors: 2 of {MOST + 2}",)
    assert len(told.knowledge.critical_errors[0].lines[0]) <= MOST_CHARS
