"""What goes on with an investigation: `compass test` on a model's proposal, and a resume after a model was lost."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from compass.domain import chronicle as c
from compass.domain.advice import LlmFailure, SuggestedTheories, SuggestedTheory, Task
from compass.domain.advised import AdviceTaken
from compass.domain.board import Board
from compass.domain.commanded import Command, CommandGiven
from compass.domain.entity import EntityKind
from compass.domain.failure import ExitCode, FailureMode, Status
from compass.domain.proposed import Standing, proposals, standing_of
from compass.entrypoints.cli import commanding, resuming, session
from compass.entrypoints.cli.commands import test as command
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.wiring import recording_choice
from compass.investigation.advising import advisers
from compass.investigation.advising.propose import KNOWN
from compass.investigation.recorder import Recorder, show_nothing
from compass.investigation.runner import Means, investigate, open_investigation
from compass.investigation.settings import Limits
from compass.ports.errors import NotFoundError
from compass.ports.language_model import LanguageModel, Question
from compass.sources.recording import RecordingSource
from compass.storage.memory import MemoryChronicle
from tests.support.advice import Answering
from tests.support.resuming import SLOW_QUERY, Desk, at
from tests.support.running import prepared

WAITS_S = 120.0
FEW = Limits(proposals=0)
"""What a model proposes is not tried by itself: an order to do so has everything left to do."""


def proposing(question: Question[object]) -> object:
    """A theory of the catalogue at every part, another one each."""
    if question.task is not Task.PROPOSE:
        return question.reply()
    known = [item.id for s in question.stable if s.title == KNOWN for item in s.items]
    parts = next(s.items for s in question.sections if s.title == "parts of the system")
    cites = tuple(item.id for s in question.sections if s.title == "observations" for item in s.items)[:1]
    return SuggestedTheories(
        theories=tuple(
            SuggestedTheory(entity=part.id, mechanism=mechanism, cites=cites)
            for part, mechanism in zip(parts, known, strict=False)
        )
    )


async def ran(folder: Path, model: LanguageModel, limits: Limits) -> Desk:
    chronicle = MemoryChronicle(clock=SystemClock())
    using = replace(prepared(folder, limits=limits), model=model, advisers=advisers(), budget_usd=5.0)
    incident = RecordingSource.open(folder).incident()
    investigation = await chronicle.create(incident.title)
    recorder = Recorder(chronicle, investigation, "test", show_nothing)
    await recorder.claim(60)
    await open_investigation(recorder, incident, using, source_uri=recording_choice(folder).uri)
    await investigate(recorder, using)
    await recorder.release()
    return Desk(chronicle, investigation)


def test_a_proposal_is_tried_on_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = asyncio.run(ran(SLOW_QUERY, Answering(proposing), FEW))
    before = asyncio.run(desk.board())
    wanted = next(h for h in proposals(before) if standing_of(h, before) is Standing.WAITING)
    at(desk, monkeypatch, tmp_path)
    command.test_account(wanted.label, str(desk.id))
    out = capsys.readouterr().out
    after = asyncio.run(desk.board())
    made = [a for key, a in after.attempts.items() if a.hypothesis == wanted.id and key not in before.attempts]
    assert made
    assert wanted.label in out
    assert out.count("if true") == len(made)
    command.test_account(wanted.label.lower(), str(desk.id), as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert shown["after"]["label"] == wanted.label
    assert shown["before"] == shown["after"].get("standing", shown["after"].get("confidence")), (
        "nothing was left to try"
    )
    with pytest.raises(NotFoundError, match="no account H999"):
        command.test_account("H999", str(desk.id))


@pytest.mark.parametrize("alive", [True, False])
async def test_a_deeper_attempt_on_what_runs_is_carried_out_once_by_its_runner_or_by_who_ordered_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], alive: bool
) -> None:
    """The runner waits at its gate; where it is not alive, its lease has run out."""
    chronicle, going_on = MemoryChronicle(clock=SystemClock()), asyncio.Event()
    at_gate = asyncio.Event()

    async def gate(_board: Board) -> bool:
        at_gate.set()
        await going_on.wait()
        return True

    incident = RecordingSource.open(SLOW_QUERY).incident()
    desk = Desk(chronicle, await chronicle.create(incident.title))
    runner = Recorder(chronicle, desk.id, "runner", show_nothing)
    await runner.claim(60)
    using = replace(prepared(SLOW_QUERY, limits=FEW), gate=gate)
    await open_investigation(runner, incident, using, source_uri=recording_choice(SLOW_QUERY).uri)
    running = asyncio.create_task(investigate(runner, using))
    await asyncio.wait_for(at_gate.wait(), WAITS_S)
    if not alive:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await runner.release()
    at(desk, monkeypatch, tmp_path)
    ordered = asyncio.create_task(resuming.deepen(chronicle, session.settings(), str(desk.id), "2", model=False))
    while not any(isinstance(e.payload, CommandGiven) for e in await chronicle.read(desk.id)):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    going_on.set()
    before, result = await asyncio.wait_for(ordered, WAITS_S)
    await asyncio.gather(running, return_exceptions=True)
    found = [event.payload for event in await chronicle.read(desk.id)]
    assert [one.command for one in found if isinstance(one, CommandGiven)] == ["test"]
    assert sum(isinstance(one, c.RoundStarted) and one.phase == "deepen" for one in found) == 1
    assert sum(isinstance(one, c.Resumed) for one in found) == (0 if alive else 1)
    now = session.pick_any(result.view, before.label)
    assert len(now.attempts) > len(before.attempts)
    assert result.exit_code is ExitCode.DONE
    assert (await desk.board()).status is Status.DONE
    assert "its runner carries this out" in capsys.readouterr().err


@pytest.mark.parametrize("repaired", [True, False])
def test_a_lost_model_is_asked_again_by_who_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repaired: bool
) -> None:
    whole = asyncio.run(ran(SLOW_QUERY, Answering(lambda _question: LlmFailure.WRONG_KEY), Limits()))
    desk = asyncio.run(crashed(whole))
    assert "it failed: wrong_key" in asyncio.run(desk.board()).advice.lost
    model = Answering(proposing if repaired else lambda _question: LlmFailure.QUOTA)

    async def chosen(prepared: Means, *_more: object, **_named: object) -> Means:
        return replace(prepared, model=model, advisers=advisers(), budget_usd=5.0)

    at(desk, monkeypatch, tmp_path)
    monkeypatch.setattr(resuming, "advised", chosen)
    resuming.go_on(str(desk.id), quiet=True)
    board = asyncio.run(desk.board())
    assert board.status is Status.DONE
    assert model.asked
    assert bool(proposals(board)) is repaired
    assert ("quota" in board.advice.lost) is not repaired
    assert (board.advice.lost == "") is repaired


async def crashed(desk: Desk, behind: type[c.Payload] = AdviceTaken) -> Desk:
    """The same, after a crash right behind the first hearing of the model, or the first event of another kind."""
    events = await desk.chronicle.read(desk.id)
    cut = next(event.seq for event in events if isinstance(event.payload, behind))
    store = MemoryChronicle(clock=SystemClock())
    investigation = await store.create("test")
    epoch = await store.claim(investigation, "dead", 0)
    news = [c.NewEvent(key=e.key, payload=e.payload, actor=e.actor) for e in events if e.seq <= cut]  # type: ignore[arg-type]
    await store.append(investigation, epoch, news)
    return Desk(store, investigation)


@pytest.mark.parametrize("again", ["test", "order"])
def test_an_order_after_a_crash_while_paused_ends_the_pause_and_is_worked_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    """By `compass test`, and by an order of the shell: nobody is left who would go on or take it up."""
    whole = asyncio.run(ran(SLOW_QUERY, Answering(lambda _question: LlmFailure.WRONG_KEY), FEW))
    desk = asyncio.run(crashed(whole, c.PosteriorUpdated))
    pause = c.NewEvent(key="pause", payload=CommandGiven(command=Command.PAUSE), actor="human")
    asyncio.run(desk.chronicle.append(desk.id, None, [pause]))
    at(desk, monkeypatch, tmp_path)
    if again == "test":
        result = asyncio.run(
            asyncio.wait_for(
                resuming.deepen(desk.chronicle, session.settings(), str(desk.id), "1", model=False), WAITS_S
            )
        )
        assert result[1].exit_code is not ExitCode.FAILED
    else:
        given = commanding.ordered(str(desk.id), commanding.said("test 1"), consent=lambda _lines: True)
        assert given.taken_up
    board = asyncio.run(desk.board())
    assert board.status in (Status.DONE, Status.INCONCLUSIVE)
    assert not commanding.owed(board)
    found = [event.payload for event in asyncio.run(desk.chronicle.read(desk.id))]
    going_on = [one.argument for one in found if isinstance(one, CommandGiven) and one.command == Command.CONTINUE]
    assert going_on == [""]  # a person's, not the policy's ten minutes later


def test_what_ends_while_a_person_reads_the_theory_they_stated_is_taken_up_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = asyncio.run(ran(SLOW_QUERY, Answering(lambda _question: LlmFailure.WRONG_KEY), FEW))
    desk = asyncio.run(crashed(whole, c.PosteriorUpdated))
    at(desk, monkeypatch, tmp_path)
    ended = c.NewEvent(key="ended", payload=c.Ended(status=Status.DONE, exit_code=0, said="done"), actor="commander")

    def read(lines: tuple[str, ...]) -> bool:
        assert "I will test" in lines[0]
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, desk.chronicle.append(desk.id, None, [ended])).result()
        return True

    before = asyncio.run(desk.board())
    known = {(h.mechanism, h.entity) for h in before.hypotheses.values()}
    part = next(e for e in before.entities if e.kind is EntityKind.SERVICE and ("disk_full", e) not in known)
    given = commanding.ordered(str(desk.id), commanding.said(f"theory: {part.name} disk full"), choose=1, consent=read)
    assert given.taken_up, given
    board = asyncio.run(desk.board())
    assert any(h.proposed_by == "human" for h in board.hypotheses.values())
    assert board.status is Status.DONE
    assert not commanding.owed(board)


@pytest.mark.parametrize("work", [5.0, 30.0])
def test_who_resumes_spends_no_more_than_the_investigation_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: float
) -> None:
    whole = asyncio.run(ran(SLOW_QUERY, Answering(lambda _question: LlmFailure.WRONG_KEY), Limits(work=work)))
    desk = asyncio.run(crashed(whole, c.PosteriorUpdated))
    at(desk, monkeypatch, tmp_path)
    resuming.go_on(str(desk.id), quiet=True, model=False)
    resumed, uncut = asyncio.run(desk.board()), asyncio.run(whole.board())
    assert resumed.attempts == uncut.attempts
    assert resumed.failure is FailureMode.BUDGET_REACHED
    assert f"of {work:.0f}" in resumed.said


def test_what_is_owed_after_the_end_has_the_work_of_orders_not_what_the_investigation_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = asyncio.run(ran(SLOW_QUERY, Answering(lambda _question: LlmFailure.WRONG_KEY), Limits(work=5)))
    before = asyncio.run(desk.board())
    order = CommandGiven(command=Command.TEST, argument=before.accounts[0].head)
    asyncio.run(desk.chronicle.append(desk.id, None, [c.NewEvent(key="order", payload=order, actor="human")]))
    at(desk, monkeypatch, tmp_path)
    resuming.go_on(str(desk.id), quiet=True, model=False)
    after = asyncio.run(desk.board())
    assert [a for key, a in after.attempts.items() if a.hypothesis == before.accounts[0].head]
    assert not commanding.owed(after)
