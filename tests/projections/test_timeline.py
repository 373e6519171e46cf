"""What happened when, each moment with the event it comes from."""

from __future__ import annotations

from dataclasses import replace

from compass.domain import chronicle as c
from compass.domain.commanded import CommandGiven, Decided
from compass.domain.disproof import Outcome
from compass.domain.failure import Status
from compass.domain.hypothesis import TriggerOption
from compass.domain.incident import Change, Onset
from compass.domain.time import NS_PER_S, Instant
from compass.projections.board import fold_all
from compass.projections.timeline import FIRST_SIGNS, Moment, moments
from tests.support.boards import (
    DETECTED_NS,
    ONSET_NS,
    ORDERS,
    WEB,
    account,
    attempt,
    events,
    opening,
    plan,
    posterior,
    seen,
    service,
    theory,
)

HEAD = theory("pool", ORDERS)
CHANGE = Change(
    id="d1", at=Instant(ns=ONSET_NS - 60 * NS_PER_S, uncertainty_ns=NS_PER_S), kind="deploy", summary="deploy 7",
    entity=ORDERS,
)  # fmt: skip


def told(*payloads: c.Payload) -> tuple[Moment, ...]:
    listed = events((*opening(), *payloads))
    return moments(listed, fold_all(listed))


def of(track: str, found: tuple[Moment, ...]) -> list[Moment]:
    return [moment for moment in found if moment.track == track]


def test_the_system_s_moments_come_in_order_of_time_with_their_uncertainty_and_event() -> None:
    early = seen("errors.up", ORDERS, 0.9, text="errors of orders", since_ns=ONSET_NS - 5 * NS_PER_S)
    found = of("system", told(
        c.ContextLearned(entities=(), dependencies=(), changes=(CHANGE,)),
        c.RoundStarted(number=1, phase="screen", board_seq=5), c.Observed(observation=early), c.RoundFinished(number=1),
    ))  # fmt: skip
    assert [(m.ns, m.text, m.seq) for m in found] == [
        (CHANGE.at.ns, "deploy of orders: deploy 7 [d1]", 5),
        (ONSET_NS - 5 * NS_PER_S, "first sign at orders: E1 errors of orders", 7),
        (ONSET_NS, "onset of the incident (given)", 4),
        (DETECTED_NS, "someone was paged: Checkout is slow", 1),
    ]
    assert found[0].uncertainty_ns == NS_PER_S


def test_of_each_part_the_first_sign_and_of_many_parts_the_strongest() -> None:
    later = seen("latency.up", WEB, 0.9, text="later", since_ns=ONSET_NS + NS_PER_S)
    first = seen("errors.up", WEB, 0.5, text="first", since_ns=ONSET_NS)
    weak = seen("cpu.up", ORDERS, 0.1, text="noise")
    many = [seen("cpu.up", service(f"s{i:02}"), 0.5 + i / 100, text=f"s{i:02}") for i in range(FIRST_SIGNS + 3)]
    texts = [m.text for m in of("system", told(*(c.Observed(observation=o) for o in (later, first, weak, *many))))]
    assert "first sign at web: E? first" in texts
    assert not any("E? later" in text for text in texts)
    assert not any("E? noise" in text for text in texts)
    assert sum(": E? s" in text for text in texts) == FIRST_SIGNS - 1
    assert not any("E? s00" in text for text in texts)


def test_a_page_time_that_stands_in_is_not_called_an_onset() -> None:
    fallen = Onset(instant=Instant(ns=DETECTED_NS, uncertainty_ns=NS_PER_S), method="page time")
    texts = [m.text for m in of("system", told(c.OnsetEstimated(onset=fallen)))]
    assert "onset not determined; the time of the page stands in for it" in texts
    assert "onset of the incident (page time)" not in texts


def test_what_the_leading_account_s_trigger_changed_is_told_with_its_time() -> None:
    shrunk = replace(seen("change.pool_shrunk", ORDERS, text="pool 10 → 1", since_ns=CHANGE.at.ns), change="d1")
    found = of("system", told(
        c.Observed(observation=shrunk), c.Proposed(hypothesis=HEAD),
        c.AccountsFormed(accounts=(account(HEAD, triggers=(TriggerOption(change="d1", weight=1.0),)),)),
        c.PosteriorUpdated(posterior=posterior({f"a-{HEAD.id}": 0.7})),
    ))  # fmt: skip
    assert (found[0].ns, found[0].text, found[0].seq) == (CHANGE.at.ns, "changed by d1: E? pool 10 → 1", 5)


def test_the_investigation_s_own_deeds_are_told_in_words() -> None:
    found = of("investigation", told(
        c.Proposed(hypothesis=HEAD), c.RoundStarted(number=2, phase="disprove", board_seq=5),
        c.PlanRegistered(plan=plan(HEAD)), c.Attempted(attempt=attempt(HEAD, Outcome.REFUTED)),
        c.Attempted(attempt=attempt(HEAD, Outcome.NO_DATA, "other")),
        c.AgentFailed(agent="network", step="s", round=2, error="boom", hides="h"),
        Decided(decision="go on", by="policy", because="b"), CommandGiven(command="stop"),
        c.Ended(status=Status.STOPPED, exit_code=130, said="stopped by a human"), c.Resumed(runner="1", after_seq=13),
    ))  # fmt: skip
    assert [m.text for m in found] == [
        "investigation opened by policy:unattended", "round 2 (disprove)", "H1 refuted (scope): scope refuted pool",
        "network failed: boom", "person decided: go on", "a person ordered: stop",
        "ended (stopped): stopped by a human", "taken up again after event 13",
    ]  # fmt: skip
    assert [m.ns for m in found] == sorted(m.ns for m in found)
