"""Questions without a model: words of the question against what is on the board."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.analysis.stems import stem, stems
from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.incident import Change
from compass.domain.observation import Verdict
from compass.domain.time import NS_PER_S, Instant
from compass.investigation.asking.evidence import Answer, from_evidence
from compass.investigation.asking.known import known_facts, unstated
from compass.projections.build_view import build_view
from tests.support.boards import LEDGER, ONSET_NS, ORDERS, WEB, attempt, believed, mechanism, plan, seen, theory

STORE = EntityRef(kind=EntityKind.DATABASE, name="store-7", namespace="shop")
POOL, LEAK = theory("pool_exhausted", ORDERS, "H1"), theory("memory_leak", LEDGER, "H2")
KNOWN = {
    "pool_exhausted": mechanism("pool_exhausted"),
    "memory_leak": mechanism("memory_leak", claim="{entity} loses memory.", family="memory", owner="infrastructure"),
    "dns_failure": mechanism("dns_failure", claim="Names do not resolve.", family="names", owner="network"),
}
FULL = seen("pool.exhausted", ORDERS, 0.9, agent="database", text="pool main of orders exhausted")
SLOW = seen("latency.up", WEB, 0.8, text="latency of web 4 s")
CALM = seen("db.latency_up", STORE, agent="database", verdict=Verdict.NORMAL, text="statements of store-7 normal")
FLAT = seen("memory.up", LEDGER, agent="infrastructure", verdict=Verdict.NORMAL, text="memory of ledger flat")


def board() -> Board:
    tried = (
        attempt(POOL, Outcome.SURVIVED, found="it ran out before the symptom", observed=(FULL.id,)),
        attempt(LEAK, Outcome.REFUTED, found="memory of ledger is flat", observed=(FLAT.id,), decisive=True),
    )
    change = Change(
        id="ledger-9", at=Instant(ns=ONSET_NS - 60 * NS_PER_S), kind="deploy", summary="ledger 9", entity=LEDGER
    )
    return believed(
        {replace(POOL, suggested_by=frozenset({FULL.id})): 0.7, LEAK: 0.01}, observations=(FULL, SLOW, CALM, FLAT),
        attempts={a.plan: a for a in tried}, plans={p.id: p for p in (plan(POOL), plan(LEAK))}, changes=(change,),
        gaps=(("no logs of mail", "what mail wrote"),),
    )  # fmt: skip


def asked(question: str, on: Board | None = None) -> Answer:
    now = on or board()
    view = build_view(now, KNOWN, id="x", number=1)
    return from_evidence(question, known_facts(now, view, KNOWN), unstated(now, KNOWN))


def cites(answer: Answer) -> list[str]:
    return [s.cites[0] for s in answer.sentences]


def text(answer: Answer) -> str:
    return "\n".join([*(s.text for s in answer.sentences), *answer.notes])


def test_is_it_the_database_says_what_is_for_and_against_with_ids() -> None:
    answer = asked("is it the database?")
    assert cites(answer)[0] == "H1", "the theory of the database specialist"
    assert "survived 1" in text(answer)
    assert {"E1", "E3"} <= set(cites(answer)), "what is abnormal and what is normal"
    assert "E2" not in cites(answer), "nothing of web was asked"
    assert answer.by == "evidence"


def test_a_refuted_theory_is_said_to_be_refuted_and_by_what() -> None:
    answer = asked("Is there a memory leak in the ledger?")
    assert cites(answer)[0] == "H2"
    assert "Refuted, believed 1%" in answer.sentences[0].text
    assert "memory of ledger is flat" in answer.sentences[0].text
    assert "E4" in answer.sentences[0].cites


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("did the deploy of ledger do it?", "C1"), ("what could not be measured?", "G1"), ("when did it start", "T1"),
        ("h2", "H2"), ("E2?", "E2"), ("why", "H1"), ("store-7?", "E3"),
    ],
)  # fmt: skip
def test_the_words_of_the_question_find_what_it_is_about(question: str, first: str) -> None:
    assert first in cites(asked(question))


def test_what_nothing_is_about_is_said_with_what_can_be_asked() -> None:
    answer = asked("is it the flux capacitor?")
    assert answer.sentences == ()
    assert "“flux”, “capacitor”" in answer.notes[0]
    assert "service shop/orders" in answer.notes[-1]
    assert "H1, H2" in answer.notes[-1]


def test_a_mechanism_that_was_never_raised_is_named_with_what_it_needs() -> None:
    answer = asked("is it DNS?")
    assert any("dns_failure" in note and "nothing raised it here" in note for note in answer.notes)


def test_every_sentence_cites_labels_that_exist() -> None:
    now = board()
    known = {f.id for f in known_facts(now, build_view(now, KNOWN, id="x", number=1), KNOWN)}
    for question in ("why", "where", "when", "what changed", "database", "is web fine?", "normal"):
        for sentence in asked(question).sentences:
            assert sentence.cites
            assert known.issuperset(sentence.cites)


def test_an_investigation_that_knows_nothing_yet_answers_all_the_same() -> None:
    answer = asked("is it the database?", Board(incident=board().incident))
    assert answer.sentences == ()
    assert answer.notes


def test_forms_of_a_word_are_one_word() -> None:
    assert stem("exhausted") == stem("exhaustion")
    assert stem("databases") == stem("database")
    assert stem("latency") == stem("latencies")
    assert stems("ordersDb-7 of the shop") == {stem("orders"), stem("db"), "7", "shop"}
