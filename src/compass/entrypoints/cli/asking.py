"""Answer a person's question about an investigation, and keep question and answer with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compass.domain.board import Board
from compass.domain.chronicle import NewEvent
from compass.domain.failure import Status
from compass.entrypoints.cli import session
from compass.entrypoints.cli.consulting import OpenModel, chosen_model, no_model
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.settings import Settings
from compass.exports.sources_of_fact import Citations, cite
from compass.exports.wording import objections
from compass.investigation.asking.answering import Means, Outcome, answer
from compass.investigation.asking.known import Known
from compass.ports.chronicle import Chronicle
from compass.ports.errors import CompassError, ConfigurationError, NotFoundError

if TYPE_CHECKING:
    from compass.domain import advised as told
    from compass.projections.view import View

ACTOR = "human"


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidLine:
    """One sentence; `cites` are labels of facts."""

    text: str
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """A fact that was cited. `side`: theory | abnormal | normal | change | not measured | part | course. `event` is its
    number in the chronicle; None where it was put together from several."""

    label: str
    side: str
    text: str
    event: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """A question and its answer. `by` is the model's name, or "evidence" where none answered; `dropped` counts what a
    model said and nobody is shown, because it cites what is not there. `tested` are labels of theories that were tested
    for it. `usd`: what its `calls` were charged for; null: at least one has no known price."""

    investigation: str
    number: int
    question: str
    by: str
    sentences: tuple[SaidLine, ...]
    sources: tuple[SourceLine, ...]
    notes: tuple[str, ...]
    dropped: int
    tested: tuple[str, ...]
    calls: int
    usd: float | None


def ask_question(reference: str | None, question: str, *, tests: bool, model: bool = True) -> AnswerView:
    """One question, with the model of compass.toml where one is chosen."""
    chosen, open_model = session.settings(), chosen_model if model else no_model

    async def work() -> AnswerView:
        async with session.open_chronicle(chosen) as chronicle:
            return await answered(chronicle, chosen, reference, question, open_model, tests=tests)

    return session.run(work)


async def answered(
    chronicle: Chronicle, chosen: Settings, reference: str | None, question: str, open_model: OpenModel, *, tests: bool
) -> AnswerView:
    """The answer, recorded. Raises NotFoundError and BadInputError."""
    loaded = await session.load(chronicle, chosen, reference)
    asked_ns = SystemClock().now_ns()

    async def read() -> tuple[Board, View]:
        now = await session.load(chronicle, chosen, str(loaded.id))
        return now.board, now.view

    own = f"ask/{asked_ns}/"

    async def record(key: str, payload: told.ModelSent | told.ModelAsked | told.PersonAnswered) -> None:
        event = NewEvent(key=key if key.startswith(own) else f"{own}{key}", payload=payload, actor=ACTOR)
        await chronicle.append(loaded.id, None, [event])

    wrong = ""
    try:
        model = await open_model(chronicle, loaded)
    except ConfigurationError as error:  # the evidence answers, and says why it is alone
        from compass.entrypoints.models import not_usable

        model, wrong = None, not_usable(error)
    try:
        done = await answer(question, Means(
            read=read, record=record, mechanisms=session.mechanisms_for(chosen, loaded.board), objections=objections,
            of=loaded.of, model=model,
            model_wrong=wrong, key=own, deepen=_deepening(chronicle, chosen, loaded) if tests else None,
        ))  # fmt: skip
    finally:
        if model is not None:
            await model.aclose()
    return _view(done, loaded, cite(await chronicle.read(loaded.id)))


def _deepening(chronicle: Chronicle, chosen: Settings, loaded: session.Loaded) -> Callable[[str], Awaitable[str]]:
    async def deepen(label: str) -> str:
        """Run every plan there is on the account of that label; "" when that was done, else why not, in words for the
        answer."""
        from compass.entrypoints.cli import resuming

        now = await session.load(chronicle, chosen, str(loaded.id))
        if now.board.status is Status.RUNNING:
            return "the investigation is still running"
        if now.board.status is Status.STOPPED:  # a question does not take up what a person stopped
            return f"the investigation was stopped; `compass resume {now.number}` goes on with it"
        head = next((h.id for h in now.board.hypotheses.values() if h.label == label), "")
        if head in now.board.asked:
            return "every plan there is had already been run"
        try:
            # Attempts alone: whoever asks a question has not ordered new theories.
            await resuming.deepen(chronicle, chosen, str(loaded.id), label, model=False)
        except NotFoundError:
            return "it is no account of its own"
        except CompassError as error:  # the answer goes on with what is known
            return str(error)
        return ""

    return deepen


def _view(done: Outcome, loaded: session.Loaded, cites: Citations) -> AnswerView:
    return AnswerView(
        investigation=str(loaded.id), number=loaded.number, question=done.question, by=done.answer.by,
        sentences=tuple(SaidLine(text=s.text, cites=s.cites) for s in done.answer.sentences),
        sources=tuple(_source(fact, cites) for fact in done.facts), notes=done.answer.notes,
        dropped=done.answer.dropped + done.unread, tested=done.tested, calls=done.calls, usd=done.usd,
    )  # fmt: skip


def _source(fact: Known, cites: Citations) -> SourceLine:
    return SourceLine(label=fact.id, side=fact.side.value, text=fact.text, event=cites.by_key.get(fact.about))
