"""Updates for three audiences: what each may read, and on which facts it rests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.domain.failure import Status
from compass.domain.time import NS_PER_S
from compass.projections.briefing import Audience, Briefing, briefing
from tests.support.boards import NOW_NS
from tests.support.commanding import desk, listed


def told(audience: Audience, status: Status = Status.RUNNING) -> Briefing:
    table = desk(replace(listed(), status=status))
    return briefing(table.board, table.view, audience, NOW_NS)


def test_engineers_read_symptoms_theories_and_their_labels() -> None:
    made = told(Audience.ENGINEERS)
    assert any("Working theory H1" in line.text for line in made.lines)
    assert any("E2" in line.facts for line in made.lines)


def test_managers_read_impact_and_progress() -> None:
    text = " ".join(line.text for line in told(Audience.MANAGERS).lines)
    assert "Impact: 1 part with symptoms" in text
    assert "may fall" in text


def test_customers_read_neither_names_nor_theories() -> None:
    made = told(Audience.CUSTOMERS)
    text = " ".join(line.text for line in made.lines)
    for internal in ("web", "orders", "H1", "pool", "theory", "%"):
        assert internal not in text
    assert "slower than usual" in text
    assert text.startswith("Since ")
    assert " UTC, some requests" in text
    assert any("E2" in line.facts for line in made.lines)


@pytest.mark.parametrize("audience", list(Audience))
def test_an_update_says_when_the_next_one_comes(audience: Audience) -> None:
    running, ended = told(audience), told(audience, Status.DONE)
    assert running.next_ns is not None
    assert running.next_ns > NOW_NS + NS_PER_S
    assert "Next update by" in running.lines[-1].text
    assert ended.next_ns is None


def test_before_facts_have_labels_none_is_cited() -> None:
    table = desk(listed(observation_labels={}))
    made = briefing(table.board, table.view, Audience.ENGINEERS, NOW_NS)
    assert all("E?" not in line.facts for line in made.lines)
