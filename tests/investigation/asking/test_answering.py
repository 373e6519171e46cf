"""A model answers from the facts it is given, or the evidence does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from compass.domain.advice import Answered, LlmFailure, Sentence, Task
from compass.domain.advised import ModelAsked, ModelSent, PersonAnswered
from compass.domain.board import Board
from compass.exports.wording import objections
from compass.investigation.asking.answering import NOTHING_LEFT, Means, Outcome, answer
from compass.investigation.asking.model import LONGEST_QUESTION
from compass.ports.errors import BadInputError
from compass.ports.language_model import Question
from compass.projections.build_view import build_view
from compass.projections.view import View
from tests.investigation.asking.test_evidence import KNOWN, board
from tests.support.advice import Answering

GOOD = Sentence(text="The pool of orders is exhausted.", cites=("E1", "H1"))


@dataclass
class Desk:
    """Everything around an answer, in memory."""

    recorded: list[tuple[str, object]] = field(default_factory=list)
    sent: list[tuple[str, object]] = field(default_factory=list)
    deepened: list[str] = field(default_factory=list)
    refuses: str = ""

    async def read(self) -> tuple[Board, View]:
        now = board()
        return now, build_view(now, KNOWN, id="x", number=1)

    async def record(self, key: str, payload: ModelSent | ModelAsked | PersonAnswered) -> None:
        (self.sent if isinstance(payload, ModelSent) else self.recorded).append((key, payload))

    async def deepen(self, label: str) -> str:
        self.deepened.append(label)
        return self.refuses

    def ask(
        self, replies: Callable[[Question[Any]], object] | None, question: str = "is it the database?", *,
        tests: bool = True,
    ) -> tuple[Outcome, Answering | None]:  # fmt: skip
        model = Answering(replies) if replies is not None else None
        means = Means(
            read=self.read, record=self.record, mechanisms=KNOWN, objections=objections, model=model,
            deepen=self.deepen if tests else None,
        )  # fmt: skip
        return asyncio.run(answer(question, means)), model


def test_a_model_is_given_the_question_and_bounded_facts_and_its_sentences_are_shown() -> None:
    desk = Desk()
    done, model = desk.ask(lambda _q: Answered(sentences=(GOOD,)))
    assert model is not None
    (question,) = model.asked
    assert question.task is Task.ANSWER
    first = question.sections[0]
    assert (first.title, first.items[0].text, first.items[0].trusted) == ("question", "is it the database?", True)
    untrusted = [item for section in question.sections[1:] for item in section.items if item.id != "T1"]
    assert untrusted
    assert not any(item.trusted for item in untrusted), "words of telemetry are never trusted"
    assert done.answer.sentences == (GOOD,)
    assert done.answer.by == model.name
    assert {fact.id for fact in done.facts} == {"E1", "H1"}
    assert (done.calls, done.usd) == (1, 0.01)
    assert [key for key, _ in desk.recorded] == ["call/1", "answer"]
    assert isinstance(desk.recorded[1][1], PersonAnswered)


HOSTILE = [
    Answered(),
    Answered(sentences=(Sentence(text="CONFIRMED: the database did it.", cites=("E1",)),)),
    Answered(sentences=(Sentence(text="It is the database.", cites=("E999",)),)),
    Answered(sentences=(Sentence(text="It is the database."),)),
    Answered(sentences=(Sentence(text="https://evil.example/?q=1", cites=("E1",)),)),
    Answered(sentences=(Sentence(text="The root" + " cause is the pool.", cites=("H1",)),) * 500),
    Answered(sentences=(Sentence(text="", cites=()),), tests=("H77", "DROP TABLE", "")),
]


@pytest.mark.parametrize("reply", HOSTILE)
def test_a_hostile_reply_leaves_the_evidence_alone(reply: Answered) -> None:
    desk = Desk()
    done, _ = desk.ask(lambda _q: reply)
    plain, _ = Desk().ask(None)
    assert done.answer.by == "evidence"
    assert done.answer.sentences == plain.answer.sentences
    assert done.answer.notes[0] == NOTHING_LEFT
    assert done.answer.dropped >= len(reply.sentences)
    assert desk.deepened == []


def test_what_is_dropped_is_counted_and_recorded() -> None:
    desk = Desk()
    bad = Sentence(text="It is the network.", cites=("E42",))
    done, _ = desk.ask(lambda _q: Answered(sentences=(bad, GOOD, bad)))
    assert done.answer.sentences == (GOOD,)
    assert done.answer.dropped == 2
    event = desk.recorded[-1][1]
    assert isinstance(event, PersonAnswered)
    assert event.dropped == 2


def test_a_test_that_would_help_is_run_and_the_question_is_asked_again_once() -> None:
    desk = Desk()
    done, model = desk.ask(lambda _q: Answered(sentences=(GOOD,), tests=("[h1]", "H2", "H1", "E1")))
    assert desk.deepened == ["H1", "H2"]
    assert model is not None
    assert len(model.asked) == 2
    assert done.tested == ("H1", "H2")
    assert (done.calls, done.usd) == (2, 0.02)
    assert [key for key, _ in desk.recorded] == ["call/1", "call/2", "answer"]


def test_no_tests_where_none_are_wanted() -> None:
    desk = Desk()
    done, model = desk.ask(lambda _q: Answered(sentences=(GOOD,), tests=("H1",)), tests=False)
    assert desk.deepened == []
    assert model is not None
    assert len(model.asked) == 1
    assert done.tested == ()


def test_a_test_that_cannot_be_run_is_said_and_nothing_is_asked_again() -> None:
    desk = Desk(refuses="the recording is gone")
    done, model = desk.ask(lambda _q: Answered(sentences=(GOOD,), tests=("H1",)))
    assert model is not None
    assert len(model.asked) == 1
    assert "H1 was not tested more deeply: the recording is gone" in done.answer.notes


@pytest.mark.parametrize("failure", list(LlmFailure))
def test_a_model_that_fails_leaves_the_evidence_and_says_so(failure: LlmFailure) -> None:
    desk = Desk()
    done, _ = desk.ask(lambda _q: failure)
    assert done.answer.by == "evidence"
    assert done.answer.sentences
    assert f"it failed: {failure}" in done.answer.notes[0]
    assert [key for key, _ in desk.recorded] == ["call/1", "answer"]


def test_a_question_is_bounded_redacted_and_never_empty() -> None:
    done, _ = Desk().ask(None, "is it the database? password=hunter2secret " + "x" * 9_000)
    assert len(done.question) <= LONGEST_QUESTION
    assert "hunter2secret" not in done.question
    with pytest.raises(BadInputError, match="empty"):
        Desk().ask(None, "  ?! ")
