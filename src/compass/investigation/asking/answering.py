"""From a question to an answer: the model where there is one, the deeper tests it asks for, else the evidence alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from compass.domain import advised as told
from compass.domain.advice import LlmFailure, Sentence
from compass.domain.board import Board
from compass.domain.mechanism import Mechanism
from compass.investigation.advising.hear import UNAVAILABLE
from compass.investigation.advising.sent import asked as asked_of
from compass.investigation.asking.evidence import Answer, from_evidence
from compass.investigation.asking.known import Known, known_facts, unstated
from compass.investigation.asking.model import LONGEST_QUESTION, question_for, take
from compass.ports.errors import BadInputError
from compass.ports.language_model import LanguageModel
from compass.projections.cited import Objections
from compass.projections.view import View
from compass.redaction import bound, redact

Read = Callable[[], Awaitable[tuple[Board, View]]]
"""The investigation as it stands now."""
Record = Callable[[str, told.ModelSent | told.ModelAsked | told.PersonAnswered], Awaitable[None]]
"""Commit one event under a key that is unique within this answer, or begins with `Means.key`."""
Deepen = Callable[[str], Awaitable[str]]
"""Run the deeper test of a theory's label; gives why it could not be run, empty where it was."""
NOTHING_LEFT = "Nothing of the model's answer rests on facts that it was given, so this is the evidence alone."


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a question is answered with. `model` None: none was chosen, or `model_wrong` says why it cannot be used.
    `deepen` None: no tests are wanted. `key` begins the keys of this answer alone. `of` is what commands about the
    investigation must name (see `domain.commands`)."""

    read: Read
    record: Record
    mechanisms: Mapping[str, Mechanism]
    objections: Objections
    model: LanguageModel | None = None
    model_wrong: str = ""
    key: str = "ask/"
    deepen: Deepen | None = None
    of: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`facts` are those that the sentences cite. `tested` are labels of theories that were tested for this answer.
    `usd` is what the model was charged for; None where the price of a call is not known."""

    question: str
    answer: Answer
    facts: tuple[Known, ...]
    tested: tuple[str, ...] = ()
    calls: int = 0
    usd: float | None = 0.0
    unread: int = 0  # parts of replies that did not fit their type


async def answer(asked: str, means: Means) -> Outcome:
    """Answer and record it. Raises BadInputError for a question without words."""
    asked = bound(redact(" ".join(asked.split())), LONGEST_QUESTION)
    if not any(character.isalnum() for character in asked):
        raise BadInputError("the question is empty", where="ask", hint='compass ask "is it the database?"')
    board, view = await means.read()
    facts = known_facts(board, view, means.mechanisms)
    if means.model is None:
        own = _plain(asked, facts, board, means)
        notes = (f"{UNAVAILABLE} ({means.model_wrong})", *own.notes) if means.model_wrong else own.notes
        done = Outcome(question=asked, answer=replace(own, notes=notes), facts=facts)
    else:
        done = await _by_model(asked, facts, board, means, means.model)
    cited = {cite for sentence in done.answer.sentences for cite in sentence.cites}
    done = replace(done, facts=tuple(fact for fact in done.facts if fact.id in cited))
    said = tuple(Sentence(text=redact(s.text), cites=s.cites) for s in done.answer.sentences)
    event = told.PersonAnswered(question=asked, sentences=said, by=done.answer.by, dropped=done.answer.dropped)
    await means.record("answer", event)
    return done


async def _by_model(asked: str, facts: Sequence[Known], board: Board, means: Means, model: LanguageModel) -> Outcome:
    first = await _heard(asked, facts, board, means, model, 1)
    if not first.answer.tests or means.deepen is None:
        return first
    tested, notes = [], list[str]()
    for label in first.answer.tests:
        why_not = await means.deepen(label)
        if why_not:
            notes.append(f"{label} was not tested more deeply: {why_not}")
        else:
            tested.append(label)
    if not tested:
        return replace(first, answer=replace(first.answer, notes=(*first.answer.notes, *notes)))
    board, view = await means.read()
    second = await _heard(asked, known_facts(board, view, means.mechanisms), board, means, model, 2)
    usd = None if first.usd is None or second.usd is None else first.usd + second.usd
    # Only what the last reply lost is missing from what is shown, but every lost sentence was the model's.
    last = replace(
        second.answer, dropped=first.answer.dropped + second.answer.dropped, notes=(*second.answer.notes, *notes)
    )
    return replace(
        second, answer=last, tested=tuple(tested), calls=first.calls + second.calls, usd=usd,
        unread=first.unread + second.unread,
    )  # fmt: skip


async def _heard(
    asked: str, facts: Sequence[Known], board: Board, means: Means, model: LanguageModel, number: int
) -> Outcome:
    """One call. Where nothing of it may be shown, the evidence answers, and says why."""
    question = question_for(asked, facts, board.phase)
    reply = await asked_of(model, question, means.record, f"call/{number}", f"{means.key}sent/{number}")
    call = reply.call
    if reply.value is None:
        own = _plain(asked, facts, board, means)
        why = call.said if call.failure is LlmFailure.BUDGET else f"{UNAVAILABLE} ({call.said})"
        taken = replace(own, notes=(why, *own.notes))
    else:
        taken = take(question, reply.value, facts, model.name, means.objections)
        if not taken.sentences:
            own = _plain(asked, facts, board, means)
            taken = replace(own, notes=(NOTHING_LEFT, *own.notes), dropped=taken.dropped, tests=taken.tests)
    sent = int(not call.reused and call.tries > 0)
    usd = None if sent and call.cost_usd is None else call.charged_usd
    return Outcome(question=asked, answer=taken, facts=tuple(facts), calls=sent, usd=usd, unread=call.dropped)


def _plain(asked: str, facts: Sequence[Known], board: Board, means: Means) -> Answer:
    return from_evidence(asked, facts, unstated(board, means.mechanisms), of=means.of)
