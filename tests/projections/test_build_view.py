"""The view: what a person is shown, made from the board alone."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.hypothesis import NO_CHANGE, TriggerOption
from compass.domain.incident import Change
from compass.domain.mechanism import Mitigation
from compass.domain.posterior import Evidence
from compass.domain.time import NS_PER_S, Instant
from compass.projections.build_view import build_view, change_lines
from compass.projections.view import View
from tests.support.boards import (
    ONSET_NS,
    ORDERS,
    WEB,
    account,
    attempt,
    believed,
    board,
    mechanism,
    plan,
    seen,
    service,
    theory,
)

POOL, SLOW = theory("pool", ORDERS, "H1"), theory("slow", WEB, "H2")
A, B = seen("pool.exhausted", ORDERS), seen("latency.up", WEB)


def view(held: Board) -> View:
    return build_view(held, {"pool": mechanism("pool"), "slow": mechanism("slow")}, id="i", number=3)


def weighed(key: str, score: float, *rests_on: str, head: str = POOL.id) -> Evidence:
    return Evidence(id=key, group=key, kind="expected", log_likelihood={head: score}, because=key, rests_on=rests_on)


def test_places_add_up_their_theories_and_faint_ones_are_not_named() -> None:
    other = theory("slow", ORDERS, "H3")
    shown = view(believed({SLOW: 0.04, POOL: 0.3, other: 0.5}))
    assert [(p.entity, p.confidence, p.theories) for p in shown.places] == [(ORDERS, pytest.approx(0.8), 2)]


def test_nothing_opened_is_nothing_to_view() -> None:
    with pytest.raises(ValueError, match="nothing was opened"):
        view(Board())


def test_accounts_are_ranked_by_belief_under_their_stable_labels() -> None:
    shown = view(believed({SLOW: 0.6, POOL: 0.3}))
    assert [(a.rank, a.label, a.confidence) for a in shown.accounts] == [(1, "H2", 0.6), (2, "H1", 0.3)]
    assert shown.accounts[1].claim == "The pool of orders is used up."
    assert shown.accounts[1].check == ("Compare used and maximum of orders with its dependency.",)
    assert shown.not_listed == pytest.approx(0.1)


def test_the_strongest_term_decides_whether_an_observation_speaks_for_or_against() -> None:
    for terms in ((3.0, -0.1), (-0.1, 3.0)):
        evidence = tuple(weighed(f"e{i}", score, A.id) for i, score in enumerate(terms))
        shown = view(believed({POOL: 0.5}, observations=(A, B), evidence=evidence)).accounts[0]
        assert [fact.observation for fact in shown.evidence_for] == [A]
        assert shown.evidence_against == ()
    both = (weighed("x", -2.0, A.id), weighed("y", 1.0, B.id), weighed("z", 9.0, B.id, head="another"))
    shown = view(believed({POOL: 0.5}, observations=(A, B), evidence=both)).accounts[0]
    assert [fact.label for fact in shown.evidence_for] == ["E2"]
    assert [fact.label for fact in shown.evidence_against] == ["E1"]


def test_what_suggested_a_theory_is_shown_for_it() -> None:
    head = replace(POOL, suggested_by=frozenset({A.id, "gone"}))
    assert [f.observation for f in view(believed({head: 0.5}, observations=(A,))).accounts[0].evidence_for] == [A]


def test_only_a_decisive_refutation_of_the_theory_itself_cuts_an_account() -> None:
    def cut(**parts: object) -> list[str]:
        tried = attempt(POOL, Outcome.REFUTED, **parts)
        return [a.label for a in view(believed({POOL: 0.1, SLOW: 0.2}, attempts={tried.plan: tried})).refuted]

    assert cut(decisive=True) == ["H1"]
    assert cut() == []
    assert cut(decisive=True, trigger="deploy-1") == []


def test_the_best_attempt_is_a_refutation_else_what_was_survived() -> None:
    tried = {
        a.plan: a for a in (
            attempt(POOL, Outcome.NO_DATA, "a"), attempt(POOL, Outcome.SURVIVED, "alternative"),
            attempt(POOL, Outcome.SURVIVED, "scope"), attempt(POOL, Outcome.REFUTED, "time_order", trigger="d1"),
        )
    }  # fmt: skip
    plans = {plan(POOL, "scope").id: plan(POOL, "scope")}
    line = view(believed({POOL: 0.5}, attempts=tried, plans=plans)).accounts[0]
    assert line.best_attempt is not None
    assert (line.best_attempt.strategy, line.best_attempt.expectation) == ("scope", "orders is hit")
    assert len(line.attempts) == 4


def changed(key: str, before_s: float) -> Change:
    return Change(id=key, at=Instant(ns=ONSET_NS - round(before_s * NS_PER_S)), kind="deploy", summary=key)


def with_changes(*options: TriggerOption, attempts: tuple[object, ...] = ()) -> Board:
    held = believed({POOL: 0.8, SLOW: 0.1}, changes=(changed("near", 30), changed("far", 900), changed("late", -60)))
    accounts = (account(POOL, triggers=options), held.accounts[1])
    return replace(held, accounts=accounts, attempts={a.plan: a for a in attempts})  # type: ignore[attr-defined]


def test_changes_are_told_by_what_the_investigation_made_of_them() -> None:
    held = with_changes(
        TriggerOption(change="near", weight=0.9), TriggerOption(change="far", weight=0.0, refuted="too early"),
        TriggerOption(change=NO_CHANGE, weight=0.1),
    )  # fmt: skip
    assert [(line.id, line.verdict, line.refuted) for line in change_lines(held)] == [
        ("late", "after the onset", None), ("near", "a possible trigger", None),
        ("far", "refuted as a trigger", "too early"),
    ]  # fmt: skip
    leader = view(held).accounts[0]
    assert leader.trigger is not None
    assert (leader.trigger.change, leader.trigger.weight) == ("near", 0.9)


def test_a_change_refuted_for_one_account_is_still_possible_for_a_likelier_one() -> None:
    elsewhere = attempt(SLOW, Outcome.REFUTED, trigger="near", found="web was not hit")
    lines = {
        line.id: line
        for line in change_lines(with_changes(TriggerOption(change="near", weight=0.9), attempts=(elsewhere,)))
    }
    assert (lines["near"].verdict, lines["near"].refuted) == ("a possible trigger", None)
    nowhere = {line.id: line for line in change_lines(with_changes(attempts=(elsewhere,)))}
    assert (nowhere["near"].verdict, nowhere["near"].refuted) == ("refuted as a trigger", "web was not hit")


def test_a_change_within_the_uncertainty_of_the_onset_has_no_order() -> None:
    held = believed({POOL: 0.8}, changes=(changed("before", 30), changed("beside", 5), changed("after", -60)))
    lines = {line.id: line for line in change_lines(held)}
    assert {key: line.order for key, line in lines.items()} == {
        "before": "before", "beside": "unclear", "after": "after"
    }  # fmt: skip
    assert lines["beside"].verdict == "about the onset"


def undoing(beliefs: tuple[float, float], *options: TriggerOption, refuted_for: str = "") -> list[Mitigation | None]:
    """The reliefs of two accounts whose only trigger options are given; `refuted_for` the first one's attempts."""
    held = believed({POOL: beliefs[0], SLOW: beliefs[1]}, changes=(changed("near", 30),))
    tried = attempt(POOL, Outcome.REFUTED, trigger=refuted_for) if refuted_for else None
    held = replace(
        held, attempts={tried.plan: tried} if tried else {},
        accounts=(account(POOL), account(SLOW, triggers=options)),
    )  # fmt: skip
    return [line.mitigation for line in view(held).accounts]


def test_undoing_a_change_is_no_relief_once_it_was_refuted_for_a_more_probable_account() -> None:
    near = TriggerOption(change="near", weight=0.9)
    first, second = undoing((0.6, 0.3), near)
    assert second is not None
    assert second.text.startswith("Undo deploy near")
    first, second = undoing((0.6, 0.3), near, refuted_for="near")
    assert first is not None
    assert second is not None
    assert not second.text.startswith("Undo")
    likelier = undoing((0.3, 0.6), near, refuted_for="near")
    assert likelier[0] is not None
    assert likelier[0].text.startswith("Undo"), "what is refuted for a less probable account may have done it here"


def test_what_hardly_anybody_believes_shows_no_relief() -> None:
    assert [relief is None for relief in undoing((0.9, 0.019))] == [False, True]


def test_advice_says_when_the_search_was_narrow_unsure_or_beside_the_point() -> None:
    assert any("the search was narrow" in said for said in view(believed({POOL: 0.9})).advice)
    unsure = view(believed({POOL: 0.5})).advice
    assert any(said.startswith("No account reaches 60%. What would decide: Compare") for said in unsure)
    assert any("“Not on this list” leads" in said for said in view(believed({POOL: 0.1})).advice)
    assert view(board()).advice == ()


# --- commands that a person may paste -------------------------------------------------------------------


def command(entity: EntityRef, text: str = "kubectl restart deployment/{entity} -n {namespace}") -> str:
    relief = mechanism("pool", mitigation=Mitigation(text="Restart {entity}.", command=text))
    shown = build_view(believed({theory("pool", entity): 0.5}), {"pool": relief}, id="i", number=1)
    assert shown.accounts[0].mitigation is not None
    return shown.accounts[0].mitigation.command


def test_no_namespace_is_made_up() -> None:
    assert command(ORDERS) == "kubectl restart deployment/orders -n shop"
    assert command(service("orders", "")) == "kubectl restart deployment/orders"
    namespace = EntityRef(kind=EntityKind.NAMESPACE, name="shop")
    assert command(namespace, "kubectl describe quota -n {namespace}") == "kubectl describe quota -n shop"


@given(st.text(min_size=1, max_size=20), st.text(max_size=10))
@settings(max_examples=60, deadline=None)
def test_a_name_from_telemetry_stays_one_word_of_the_command(name: str, namespace: str) -> None:
    words = shlex.split(command(EntityRef(kind=EntityKind.SERVICE, name=name, namespace=namespace or "n")))
    printable = "".join(x for x in name if x.isprintable())
    assert words[:2] == ["kubectl", "restart"]
    assert words[2] == f"deployment/{printable}"
    assert len(words) == 5


def test_a_placeholder_in_a_name_is_text() -> None:
    assert command(service("{namespace};rm -rf /")) == "kubectl restart deployment/'{namespace};rm -rf /' -n shop"
