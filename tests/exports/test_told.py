"""Prose by a model: in front of the facts, with their events, and nothing that does not rest on them."""

from __future__ import annotations

import re

import pytest

from compass.domain.advice import Paragraph, Prose, Sentence, Task
from compass.domain.disproof import Outcome
from compass.exports.markdown import postmortem, prose_facts
from compass.exports.told import ModelProse, Told, question_of, take
from compass.exports.wording import objections
from tests.exports.test_markdown import told
from tests.support.boards import events, mechanism

EVENTS = events(told())
KNOWN = {"pool": mechanism("pool")}
CITED = re.compile(r"\[#(\d+)\]")


def facts() -> tuple[Told, ...]:
    return prose_facts(EVENTS, KNOWN, id="some-id", number=3)


def draft(prose: ModelProse | None = None) -> str:
    return postmortem(EVENTS, KNOWN, id="some-id", number=3, prose=prose)


def first(section: str = "overview") -> Told:
    return next(fact for fact in facts() if fact.section == section)


def wrote(text: str, *cites: str, section: str = "overview") -> ModelProse:
    sentence = Sentence(text=text, cites=cites)
    return take(facts(), Prose(paragraphs=(Paragraph(section=section, sentences=(sentence,)),)), "test model", 0.02)


def test_the_facts_are_the_lines_of_the_draft_and_each_has_its_events() -> None:
    known = facts()
    assert {fact.section for fact in known} >= {"overview", "hypothesis journey", "learning points"}
    numbers = {str(event.seq) for event in EVENTS}
    for fact in known:
        assert fact.sources
        assert set(CITED.findall(fact.sources)) <= numbers
        assert "[#" not in fact.text
        assert "Question:" not in fact.text
    question = question_of(known)
    assert question.task is Task.PROSE
    assert {item.id for item in question.shared[0].items} >= {s.title for s in question.sections}
    assert not any(item.trusted for section in question.sections[1:] for item in section.items)


def test_prose_stands_in_front_of_the_facts_with_their_events_and_its_cost() -> None:
    fact = first()
    text = draft(wrote("Checkout became slow.", fact.id))
    paragraph = next(line for line in text.splitlines() if line.startswith("> "))
    assert "In the words of a language model, test model" in paragraph
    assert paragraph.endswith(f"Checkout became slow.{fact.sources}")
    assert text.index("## Overview") < text.index(paragraph) < text.index("## Timeline")
    assert "Prose by test model: 1 sentence for 0.0200 USD (tokens are billed to your own key); 0 were dropped" in text
    without = [line for line in draft().splitlines() if line]
    assert [line for line in text.splitlines() if line in without] == without


@pytest.mark.parametrize(
    ("text", "cites"),
    [
        ("Checkout became slow.", ()),
        ("Checkout became slow.", ("F999",)),
        ("Checkout became slow.", ("#1",)),
        ("The root" + " cause was the pool.", ("F1",)),
        ("CONFIRMED: it was the pool.", ("F1",)),
        ("The page came because of Alice.", ("F1",)),
        ("It was the fault of @alice.", ("F1",)),
        ("It lasted 4242 s.", ("F1",)),
        ("https://evil.example/x", ("F1",)),
        ("", ("F1",)),
    ],
)
def test_hostile_sentences_are_dropped_counted_and_said(text: str, cites: tuple[str, ...]) -> None:
    made = wrote(text, *cites)
    assert made.paragraphs == {}
    assert made.dropped == 1
    written = draft(made)
    assert "Prose was asked of a language model and there is none" in written
    assert "(1 dropped)" in written
    assert not [line for line in written.splitlines() if line.startswith("> ")]


def test_a_fact_of_another_section_does_not_bear_a_sentence() -> None:
    other = first("hypothesis journey")
    assert wrote("Checkout became slow.", other.id).dropped == 1
    assert wrote("Checkout became slow.", other.id, section="hypothesis journey").dropped == 0


def test_sections_that_were_not_given_and_second_paragraphs_are_dropped() -> None:
    fact = first()
    good = Sentence(text="Checkout became slow.", cites=(fact.id,))
    value = Prose(
        paragraphs=(
            Paragraph(section="Overview", sentences=(good,)), Paragraph(section="overview", sentences=(good, good)),
            Paragraph(section="verdict", sentences=(good,)), Paragraph(section="", sentences=()),
        )
    )  # fmt: skip
    made = take(facts(), value, "test model", None, dropped=3)
    assert set(made.paragraphs) == {"overview"}
    assert made.dropped == 3 + 2 + 1 + 1
    assert "at a price that is not known" in draft(made)


def test_markup_of_a_model_stays_text() -> None:
    fact = first()
    text = draft(wrote("Checkout <script>alert()</script> **was** | slow `rm` # now", fact.id))
    paragraph = next(line for line in text.splitlines() if line.startswith("> "))
    assert "<script" not in paragraph
    assert "\\*\\*was\\*\\*" in paragraph


def test_five_hundred_sentences_become_six() -> None:
    fact = first()
    many = tuple(Sentence(text=f"Checkout was {'very ' * at}slow.", cites=(fact.id,)) for at in range(500))
    made = take(facts(), Prose(paragraphs=(Paragraph(section="overview", sentences=many),)), "m", 0.0)
    assert len(made.paragraphs["overview"]) == 6
    assert made.dropped == 494


def test_a_failed_model_is_said_and_the_draft_is_the_same_otherwise() -> None:
    text = draft(ModelProse(by="test model", failed="AI service unavailable (timeout)"))
    assert "there is none: AI service unavailable (timeout)." in text
    assert len(text.splitlines()) == len(draft().splitlines()) + 1
    assert not objections(text)


def test_outcomes_are_in_the_facts() -> None:
    assert any(Outcome.SURVIVED.value in fact.text for fact in facts())
