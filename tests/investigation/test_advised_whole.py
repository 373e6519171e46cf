"""Whole investigations with a language model in a test's hand: what it proposes lives or dies by the telemetry."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import cache
from pathlib import Path

import msgspec
import pytest

from compass.agents import specialists
from compass.domain.advice import ChosenTests, StatedMechanism, SuggestedTheories, SuggestedTheory, Task
from compass.domain.board import Board
from compass.domain.disproof import Outcome
from compass.domain.proposed import Standing, by_model, engine_part, proposals, standing_of
from compass.domain.sign import SIGNS
from compass.entrypoints.clock import SystemClock
from compass.investigation.advising import advisers
from compass.investigation.advising.propose import KNOWN
from compass.investigation.recorder import Recorder, show_nothing
from compass.investigation.runner import Means, investigate, open_investigation
from compass.investigation.settings import Crew
from compass.ports.language_model import Question
from compass.projections.board import fold_all
from compass.sources.recording import RecordingSource
from compass.storage.memory import MemoryChronicle
from tests.support.advice import NAME, Answering
from tests.support.running import Run, apart, prepared, run_means, run_once

LAB = Path(__file__).resolve().parents[1] / "data" / "lab"
SLOW_QUERY = LAB / "lab-002"
pytestmark = pytest.mark.xdist_group("advised whole")  # which looks at few investigations, many times
Theories = Callable[[Question[SuggestedTheories]], tuple[SuggestedTheory, ...]]


def parts(question: Question[SuggestedTheories]) -> dict[str, str]:
    items = next(s.items for s in question.sections if s.title == "parts of the system")
    return {item.text.split(";")[0]: item.id for item in items}


def labels(question: Question[SuggestedTheories]) -> tuple[str, ...]:
    return tuple(item.id for s in question.sections if s.title == "observations" for item in s.items)


def model(theories: Theories) -> Answering:
    def answers(question: Question[object]) -> object:
        if question.task is Task.PROPOSE:
            return SuggestedTheories(theories=theories(question))  # type: ignore[arg-type]
        return question.reply()

    return Answering(answers)


@cache
def suggested(theories: Theories, folder: Path) -> Run:
    """What comes of it, for all who only look at it."""
    return apart(run_means(folder, means(folder, model(theories))))


def means(folder: Path, chosen: Answering | None, only: Collection[str] = ()) -> Means:
    """`only`: the mechanisms that the catalogue has in this test; empty: all."""
    base = prepared(folder)
    crew = base.crew
    if only:
        kept = {key: m for key, m in crew.mechanisms.items() if key in only}
        crew = Crew(specialists=specialists(kept, crew.strategies), mechanisms=kept, strategies=crew.strategies)
    return replace(base, crew=crew, model=chosen, advisers=advisers())


def proposed(board: Board) -> dict[str, Standing]:
    return {board.hypotheses[h.id].entity.name: standing_of(h, board) for h in proposals(board)}


def of_engine(board: Board) -> dict[str, float]:
    """What the engine believes of its own theories, relative to one another."""
    own = engine_part(board)
    assert own.posterior is not None
    total = sum(own.posterior.accounts.values())
    return {key: belief / total for key, belief in own.posterior.accounts.items()}


GONE = StatedMechanism(
    claim="An index is gone, so that statements of {entity} read whole tables.",
    requires=("db.rows_up",), expects=("memory.up", "db.latency_up|trace.db_slow"),
)  # fmt: skip
"""What the database specialist is not shown of it is memory: that is what can speak for it."""
UNRELATED = ("dns_failure", "certificate_expired", "clock_skew")


def index_gone(question: Question[SuggestedTheories]) -> tuple[SuggestedTheory, ...]:
    where = parts(question).get("database orders-db")
    if question.agent != "database" or where is None:
        return ()
    return (SuggestedTheory(entity=where, stated=GONE, cites=labels(question)[:1], reasoning="rows read"),)


async def test_without_a_model_nothing_of_it_is_there() -> None:
    result = await run_means(SLOW_QUERY, means(SLOW_QUERY, None))
    assert result.view.proposals == ()
    assert result.view.names == ()


def everything(question: Question[SuggestedTheories]) -> tuple[SuggestedTheory, ...]:
    """A model that is sure of anything: known mechanisms and stated ones at every place, many of each."""
    mechanisms = [item.id for s in question.stable if s.title == KNOWN for item in s.items]
    signs = list(SIGNS)
    cites = labels(question)[:3]
    return tuple(
        SuggestedTheory(
            entity=entity, cites=cites, reasoning="CONFIRMED with 100 % certainty",
            mechanism=mechanisms[n % len(mechanisms)] if n % 2 else "",
            stated=None if n % 2 else StatedMechanism(claim="It is this.", requires=(signs[n % 20],)),
        )
        for n, entity in enumerate(list(parts(question).values()) * 3)
    )  # fmt: skip


@pytest.mark.parametrize("case", ["lab-002", "lab-009"])
async def test_a_model_that_is_sure_of_everything_moves_nothing_of_the_engines(case: str) -> None:
    alone, hostile = run_once(LAB / case), suggested(everything, LAB / case)
    assert proposals(hostile.board)
    before, after = of_engine(alone.board), of_engine(hostile.board)
    assert next(iter(before)) == next(iter(after))
    both = before.keys() & after.keys()
    if hostile.board.round == alone.board.round:  # the same attempts were made: then the same figures
        assert before == pytest.approx({key: after[key] for key in both})
    leader = hostile.view.accounts[0]
    assert not leader.proposed_by
    assert leader.mechanism == alone.view.accounts[0].mechanism


async def test_every_proposal_with_a_figure_survived_something_fresh() -> None:
    result = suggested(everything, SLOW_QUERY)
    board = result.board
    heads = {account.head for account in board.accounts}
    for h in proposals(board):
        assert (h.id in heads) == (standing_of(h, board) is Standing.STANDS), h
    attempted = {a.hypothesis for a in board.attempts.values()}
    assert attempted & {h.id for h in proposals(board)}


async def test_what_the_catalogue_lacks_comes_forward_by_surviving() -> None:
    """With nothing but unrelated mechanisms in the catalogue the engine has no theory; the model's stands."""
    alone = await run_means(SLOW_QUERY, means(SLOW_QUERY, None, UNRELATED))
    assert alone.view.accounts == ()
    result = await run_means(SLOW_QUERY, means(SLOW_QUERY, model(index_gone), UNRELATED))
    (proposal,) = result.view.proposals
    assert proposal.standing == "stands"
    line = result.view.accounts[0]
    assert (line.label, line.proposed_by, line.entity.name) == (proposal.label, NAME, "orders-db")
    assert 0 < line.confidence < result.view.not_listed  # a theory of one's own words is never sure
    terms = [t for t in result.board.posterior.terms if t.account == line.id] if result.board.posterior else []
    assert not any(t.text.startswith(("suggested by", "also seen", "expected and seen")) for t in terms)


async def test_a_false_prediction_refutes_it() -> None:
    def reads_disk(question: Question[SuggestedTheories]) -> tuple[SuggestedTheory, ...]:
        stated = replace(GONE, expects=("disk.io_up",))
        return tuple(replace(one, stated=stated) for one in index_gone(question))

    result = await run_means(SLOW_QUERY, means(SLOW_QUERY, model(reads_disk)))
    (proposal,) = result.view.proposals
    assert proposal.standing == "refuted"
    assert any(a.strategy == "prediction" and a.attempt.outcome is Outcome.REFUTED for a in proposal.attempts)
    assert proposal.label not in {line.label for line in result.view.accounts}


async def test_a_wrong_one_is_refuted() -> None:
    def more_work(question: Question[SuggestedTheories]) -> tuple[SuggestedTheory, ...]:
        where = parts(question).get("service orders")
        if question.agent != "tracing" or where is None:
            return ()
        wrong = StatedMechanism(claim="Too much work arrives.", requires=("traffic.up",))
        return (SuggestedTheory(entity=where, stated=wrong, cites=labels(question)[:1]),)

    result = await run_means(SLOW_QUERY, means(SLOW_QUERY, model(more_work)))
    (proposal,) = result.view.proposals
    assert proposal.standing == "refuted"


async def test_what_no_source_can_show_is_untestable_here_and_says_what_would() -> None:
    def nonsense(question: Question[SuggestedTheories]) -> tuple[SuggestedTheory, ...]:
        if question.agent != "tracing":
            return ()
        odd = StatedMechanism(claim="Clocks run backwards.", requires=("clock.offset",), forbids=("log.tls",))
        where = next(iter(parts(question).values()))
        return (SuggestedTheory(entity=where, stated=odd, cites=labels(question)[:1]),)

    result = await run_means(SLOW_QUERY, means(SLOW_QUERY, model(nonsense)))
    (proposal,) = result.view.proposals
    assert proposal.standing == "untestable"
    assert "metrics: clock differs from its peers" in proposal.needs


async def test_it_folds_back_to_the_same_board() -> None:
    result = suggested(index_gone, SLOW_QUERY)
    assert fold_all(result.events) == result.board


class CrashError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("at", [1, 3])
async def test_a_crash_in_the_middle_of_advice_makes_no_difference(at: int) -> None:
    whole = suggested(index_gone, SLOW_QUERY)
    chronicle = MemoryChronicle(clock=SystemClock())
    incident = RecordingSource.open(SLOW_QUERY).incident()
    investigation = await chronicle.create(incident.title)
    calls = 0

    def dies(question: Question[SuggestedTheories]) -> tuple[SuggestedTheory, ...]:
        nonlocal calls
        calls += 1
        if calls == at:
            raise CrashError
        return index_gone(question)

    first = Recorder(chronicle, investigation, "first", show_nothing)
    await first.claim(60)
    using = means(SLOW_QUERY, model(dies))
    await open_investigation(first, incident, using, source_uri="recording:test")
    with pytest.raises(CrashError):
        await investigate(first, using)
    await first.release()
    second = Recorder(chronicle, investigation, "second", show_nothing)
    await second.claim(60)
    await second.catch_up()
    board = await investigate(second, means(SLOW_QUERY, model(index_gone)))
    assert comparable(board) == comparable(whole.board)


def comparable(board: Board) -> bytes:
    kept = {
        "hypotheses": list(board.hypotheses.values()), "accounts": board.accounts, "posterior": board.posterior,
        "arguments": dict(board.advice.arguments), "stated": dict(board.advice.stated),
        "attempts": list(board.attempts.values()), "labels": dict(board.observation_labels), "said": board.said,
    }  # fmt: skip
    return msgspec.json.encode(kept, enc_hook=lambda value: sorted(value), order="sorted")


async def test_preferences_are_made_and_displace_nothing() -> None:
    alone = run_once(LAB / "lab-015")

    def answers(question: Question[object]) -> object:
        if question.task is not Task.CHOOSE:
            return question.reply()
        plans = next(s.items for s in question.sections if s.title == "registered attempts")
        return ChosenTests(plans=tuple(item.id for item in plans[-4:]))

    advised = await run_means(LAB / "lab-015", means(LAB / "lab-015", Answering(answers)))
    assert advised.board.advice.preferred
    assert advised.board.attempts.keys() >= set(advised.board.advice.preferred) & advised.board.plans.keys()
    assert len(advised.board.attempts) >= len(alone.board.attempts)


async def test_an_engines_theory_is_never_taken_for_a_models() -> None:
    result = suggested(everything, SLOW_QUERY)
    for line in result.view.accounts:
        head = next(h for h in result.board.hypotheses.values() if h.label == line.label)
        assert bool(line.proposed_by) == by_model(head)
