"""What of a model's sentences may be shown: only what rests on facts that it was given."""

from __future__ import annotations

import pytest

from compass.domain.advice import Sentence
from compass.exports.wording import objections
from compass.projections.cited import LONGEST, check

FACTS = {
    "E1": "latency p90 of web 4.52 s, usually 207 ms (22×) since 10:44:52",
    "E2": "CPU of mail 0.2: normal",
    "H1": "The pool of orders is used up. Attempts to refute it: survived 3.",
    "C1": "deploy of mail; see https://ci.example/run/7",
}


def shown(text: str, *cites: str, most: int = 6) -> list[str]:
    return [s.text for s in check([Sentence(text=text, cites=cites)], FACTS, objections, most).sentences]


def test_a_sentence_that_rests_on_a_fact_is_shown_as_it_is() -> None:
    assert shown("Answers of web took 4.52 s, usually 207 ms.", "E1") == ["Answers of web took 4.52 s, usually 207 ms."]


@pytest.mark.parametrize(
    ("text", "cites"),
    [
        ("The database is slow.", ()),
        ("The database is slow.", ("E99",)),
        ("The database is slow.", ("E1", "E99")),
        ("Web is slow, see E99.", ("E1",)),
        ("Web is slow [E1, H9].", ("E1",)),
        ("Web took 9.99 s.", ("E1",)),
        ("Web is slow with a probability of 97 %.", ("E1",)),
        ("CONFIRMED: the pool of orders is used up.", ("H1",)),
        ("This proves that the pool is used up.", ("H1",)),
        ("The root" + " cause is the pool.", ("H1",)),
        ("Somebody was careless with the pool.", ("H1",)),
        ("The team should have looked.", ("H1",)),
        ("", ("E1",)),
        ("https://evil.example/collect?x=1", ("E1",)),
        ("\x1b[2J\x07", ("E1",)),
    ],
)
def test_what_rests_on_nothing_or_claims_too_much_is_dropped(text: str, cites: tuple[str, ...]) -> None:
    left = check([Sentence(text=text, cites=cites)], FACTS, objections, 6)
    assert left.sentences == ()
    assert left.dropped == 1


def test_links_that_no_cited_fact_holds_are_taken_out() -> None:
    for link in (
        "https://evil.example/x?d=1", "www.evil.example", "evil.example/x", "javascript:alert(1)",
        "![open](https://evil.example/p.png)", "[open](//evil.example)",
    ):  # fmt: skip
        (text,) = shown(f"Web is slow {link} since then.", "E1")
        assert "evil" not in text, text
        assert "(" not in text, text
    (text,) = shown("The deploy is at https://ci.example/run/7.", "C1")
    assert text == "The deploy is at https://ci.example/run/7."


def test_ids_in_the_text_go_where_ids_are_shown() -> None:
    assert shown("Web is slow [E1].", "[E1]") == ["Web is slow."]
    assert shown("Web is slow (E1, E2).", "E1", "E2") == ["Web is slow."]


def test_figures_of_cited_facts_and_their_count_may_be_said() -> None:
    assert shown("2 facts speak of it; the pool survived 3 attempts.", "H1", "E1")
    assert shown("It began at 10:44:52.", "E1")
    assert not shown("It began at 10:44:59.", "E1")
    assert not shown("Web took 4.52 s.", "E2"), "a figure of another fact"


def test_a_placeholder_of_the_gate_is_no_figure() -> None:
    assert shown("Calls to [ip:k7q2mp] from web are slow.", "E1") == ["Calls to [ip:k7q2mp] from web are slow."]


def test_five_hundred_sentences_are_cut_and_counted() -> None:
    many = [Sentence(text=f"Web is slow again, {'very ' * at}much.", cites=("E1",)) for at in range(500)]
    left = check(many, FACTS, objections, 6)
    assert len(left.sentences) == 6
    assert left.dropped == 494
    same = check([Sentence(text="Web is slow.", cites=("E1",))] * 500, FACTS, objections, 6)
    assert (len(same.sentences), same.dropped) == (1, 499)


def test_a_sentence_is_one_bounded_line_without_secrets() -> None:
    (text,) = shown("Web is slow\n\n# heading password=hunter2secret " + "on and on " * 400, "E1")
    assert "\n" not in text
    assert len(text) <= LONGEST
    assert "hunter2secret" not in text
