"""Which event a fact comes from."""

from __future__ import annotations

from compass.domain import chronicle as c
from compass.domain.commanded import Decided
from compass.domain.disproof import Outcome
from compass.exports.sources_of_fact import cite, gap_key
from tests.support.boards import ONSET, ORDERS, attempt, events, plan, seen, theory

HEAD = theory("pool", ORDERS)
SEEN = seen("latency.up", ORDERS)


def test_each_subject_is_found_by_kind_and_key() -> None:
    cites = cite(events([
        c.Observed(observation=SEEN), c.Proposed(hypothesis=HEAD), c.PlanRegistered(plan=plan(HEAD)),
        c.Attempted(attempt=attempt(HEAD, Outcome.SURVIVED)), c.QuestionAnswered(question="why", answer="a"),
        Decided(decision="go on", by="b", because="c"), c.OnsetEstimated(onset=ONSET),
    ]))  # fmt: skip
    subjects = (
        ("observation", SEEN.id), ("hypothesis", HEAD.id), ("plan", plan(HEAD).id), ("attempt", plan(HEAD).id),
        ("answer", "why"), ("decision", "go on"), ("onsetestimated", ""),
    )  # fmt: skip
    assert [cites.of(*subject) for subject in subjects] == [f" [#{i}]" for i in range(1, 8)]


def test_the_latest_event_wins_and_an_unknown_subject_has_none() -> None:
    cites = cite(events([c.QuestionAnswered(question="why", answer=answer) for answer in ("first", "second")]))
    assert cites.of("answer", "why") == " [#2]"
    assert (cites.of("answer", "where"), cites.has("answer", "where")) == ("", False)
    assert cites.has("answer", "why")


def test_one_gap_that_hides_two_things_is_two_facts() -> None:
    cites = cite(events([
        c.GapNamed(gap="no spans", hides="time"), c.GapNamed(gap="no spans", hides="errors"),
        c.AgentFailed(agent="a", step="s", round=1, error="boom", hides="more"),
    ]))  # fmt: skip
    assert cites.of("gap", gap_key("no spans", "time")) == " [#1]"
    assert cites.of("gap", gap_key("no spans", "errors")) == " [#2]"
    assert cites.of("gap", gap_key("a: boom", "more")) == " [#3]"


def test_a_sentence_that_counts_cites_the_last_event_that_is_no_report() -> None:
    report = c.Reported(format="markdown", sha256="0" * 64)
    cites = cite(events([c.Observed(observation=SEEN), c.Proposed(hypothesis=HEAD), report]))
    assert cites.up_to() == " [#2]"
    assert cite([]).up_to() == ""
