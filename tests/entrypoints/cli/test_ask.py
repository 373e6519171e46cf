"""`compass ask`: through the real command line without a model, and in process with a model in a test's hand."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from compass.domain.advice import Answered, Sentence
from compass.domain.advised import ModelAsked, ModelLost, PersonAnswered
from compass.domain.chronicle import Ended, Event, NewEvent
from compass.domain.commanded import CommandGiven
from compass.domain.failure import Status
from compass.entrypoints.cli.asking import AnswerView, answered
from compass.entrypoints.cli.investigating import Request, investigate_recording
from compass.entrypoints.cli.render.answer import answer_lines
from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.cli.session import Loaded
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.settings import Settings
from compass.ports.chronicle import Chronicle
from compass.ports.language_model import LanguageModel, Question
from compass.projections.costs import calls_of
from compass.storage.memory import MemoryChronicle
from tests.llm.providers.schemas import chat_answer
from tests.support.advice import Answering
from tests.support.cli import Cli, Done, payloads
from tests.support.loopback import Answer, Asked, loopback

pytestmark = pytest.mark.xdist_group("cli")


def test_without_a_model_the_evidence_answers(cli: Cli, recordings: Path) -> None:
    assert cli("investigate", "--recording", recordings / "pool", "--json").code == 0
    done = cli("ask", "is it the database?")
    assert done.code == 0, done.said
    assert "from the evidence alone: no language model answered" in done.out
    assert "All connections in a pool of orders are in use" in done.out
    assert "survived" in done.out
    answer = cli("ask", "is it mail?", "--json", "-i", "1").json()
    assert isinstance(answer, dict)
    assert answer["by"] == "evidence"
    assert (answer["calls"], answer["usd"], answer["dropped"]) == (0, 0.0, 0)
    labels = {source["label"] for source in answer["sources"]}
    events = cli.events()
    for sentence in answer["sentences"]:
        assert labels.issuperset(sentence["cites"])
        assert sentence["cites"]
    numbers = {source["event"] for source in answer["sources"] if source["label"].startswith(("E", "H", "C"))}
    assert None not in numbers
    assert numbers <= {event.seq for event in events}
    told = payloads(events, PersonAnswered)
    assert [one.question for one in told] == ["is it the database?", "is it mail?"]
    assert "a person asked: is it mail?" in cli("timeline").out


def test_a_question_that_nothing_is_about_says_what_can_be_asked(cli: Cli, recordings: Path) -> None:
    cli("investigate", "--recording", recordings / "quiet")
    done = cli("ask", "is it the flux capacitor?")
    assert done.code == 0, done.said
    assert "Nothing on the board speaks of “flux”, “capacitor”" in done.out
    assert "It can be asked about" in done.out
    empty = cli("ask", " ?")
    assert empty.code == 2
    assert "the question is empty" in empty.err


def test_a_recording_of_the_lab_is_asked_about_its_database(cli: Cli) -> None:
    """Its pool ran out in front of a database that was well: both are said."""
    assert cli("demo").code == 0
    done = cli("ask", "is it the database?")
    assert done.code == 0, done.said
    assert "All connections in a pool of orders are in use" in done.out
    assert "pool orders of orders exhausted" in done.out
    assert "database orders-db: normal by its" in done.out
    assert "Nothing on the board speaks of" not in cli("ask", "did the last deploy do it?").out


def test_nothing_to_ask_about(cli: Cli) -> None:
    done = cli("ask", "why?")
    assert done.code == 2
    assert "compass" in done.err


async def _told(folder: Path, model: LanguageModel, *, tests: bool) -> tuple[AnswerView, tuple[Event, ...]]:
    chronicle = MemoryChronicle(clock=SystemClock())
    result = await investigate_recording(chronicle, Settings(), folder, Request(quiet=True))

    async def open_model(_chronicle: Chronicle, _loaded: Loaded) -> LanguageModel:
        return model

    made = await answered(chronicle, Settings(), str(result.id), "is it the pool?", open_model, tests=tests)
    return made, await chronicle.read(result.id)


def _replies(question: Question[Any]) -> Answered:
    theory = next(s for s in question.sections if s.title == "theories").items[0]
    good = Sentence(text="What was asked about survived the attempts to refute it.", cites=(theory.id,))
    return Answered(sentences=(good, Sentence(text="It is DNS.", cites=("E9999",))), tests=(theory.id,))


def test_a_model_answers_and_has_a_theory_tested_first(recordings: Path) -> None:
    model = Answering(_replies)
    answer, events = asyncio.run(_told(recordings / "pool", model, tests=True))
    assert answer.by == "test model"
    assert [s.text for s in answer.sentences] == ["What was asked about survived the attempts to refute it."]
    assert len(answer.tested) == 1
    assert (answer.calls, answer.usd, answer.dropped) == (2, 0.02, 2)
    orders = [one for one in payloads(events, CommandGiven) if one.command == "test"]
    assert len(orders) == 1
    assert len(payloads(events, ModelAsked)) == 2
    assert events[-1].kind == "person.answered"
    assert events[-1].actor == "human"
    assert not payloads(events, ModelLost)
    lines = "\n".join(line.plain for line in answer_lines(answer, Page(uncut=True)))
    assert "in the words of test model; 2 calls to a language model, 0.0200 USD. Tokens are billed to your own" in lines
    assert f"[{answer.tested[0]}]" in lines
    assert "2 sentences or parts of what the model wrote not shown" in lines
    assert f"tested for this answer: {answer.tested[0]}" in lines


def test_a_question_does_not_take_up_what_a_person_stopped(recordings: Path) -> None:
    """Whoever asks has not ordered anything."""

    async def told() -> tuple[AnswerView, tuple[Event, ...]]:
        chronicle = MemoryChronicle(clock=SystemClock())
        result = await investigate_recording(chronicle, Settings(), recordings / "pool", Request(quiet=True))
        stopped = Ended(status=Status.STOPPED, exit_code=130, said="stopped by a human")
        await chronicle.append(result.id, None, [NewEvent(key="ended/stopped", payload=stopped, actor="human")])

        async def open_model(_chronicle: Chronicle, _loaded: Loaded) -> LanguageModel:
            return Answering(_replies)

        made = await answered(chronicle, Settings(), str(result.id), "is it the pool?", open_model, tests=True)
        return made, await chronicle.read(result.id)

    answer, events = asyncio.run(told())
    assert answer.tested == ()
    assert payloads(events, Ended)[-1].status is Status.STOPPED
    assert any("was stopped" in note for note in answer.notes)


def test_no_tests_runs_none(recordings: Path) -> None:
    answer, events = asyncio.run(_told(recordings / "pool", Answering(_replies), tests=False))
    assert answer.tested == ()
    assert not [one for one in payloads(events, CommandGiven) if one.command == "test"]


_GIVEN = re.compile(r'"id":"([EHF]\d+)"')


def _written(asked: Asked) -> Answer:
    """A model that cites what it was given, and what it was not."""
    prompt = "".join(str(message["content"]) for message in json.loads(asked.body)["messages"])
    known = _GIVEN.findall(prompt)
    said = [
        {"text": "What was asked about is among the facts.", "cites": known[:1]},
        {"text": "It is certainly https://evil.example/collect", "cites": ["E4711"]},
    ]
    reply: object = {"sentences": said, "tests": []}
    if '"paragraphs"' in prompt:
        reply = {"paragraphs": [{"section": "overview", "sentences": said}]}
    return Answer(body=json.dumps(chat_answer({"content": json.dumps(reply)}, "stop", "m")).encode())


async def test_the_chosen_model_answers_over_a_wire_within_the_budget(
    cli: Cli, tmp_path: Path, recordings: Path
) -> None:
    config, draft = tmp_path / "compass.toml", tmp_path / "draft.md"
    given = {"COMPASS_CONFIG": str(config)}

    async def run(*arguments: str | Path) -> Done:
        return await asyncio.to_thread(lambda: cli(*arguments, **given))

    async with loopback(_written) as server:
        chosen = f'[llm]\nfast = "compatible:m"\n[llm.providers.compatible]\nurl = "{server.url}"\n'
        config.write_text(chosen + "[llm.budget]\ninvestigation = 0.1\n")
        assert (await run("investigate", "--recording", recordings / "pool", "--no-model")).code == 0
        refused = await run("ask", "is it the pool?")
        assert refused.code == 0, refused.said
        assert "The budget of this investigation is reached" in refused.out
        assert "All connections in a pool of orders are in use" in refused.out
        assert not server.asked
        config.write_text(chosen)
        assert (await run("ask", "is it the pool?", "--no-model", "--json")).code == 0
        assert not server.asked
        answered_ = (await run("ask", "is it the pool?", "--json")).json()
        assert isinstance(answered_, dict)
        assert [s["text"] for s in answered_["sentences"]] == ["What was asked about is among the facts."]
        assert (answered_["by"], answered_["dropped"], answered_["usd"]) == ("compatible m", 1, None)
        written = await run("postmortem", "--prose", "-o", draft)
        assert written.code == 0, written.said
        assert "Tokens are billed to your own key." in written.err
    text = draft.read_text(encoding="utf-8")
    (quoted,) = [line for line in text.splitlines() if line.startswith("> ")]
    assert "In the words of a language model, compatible m" in quoted
    assert "evil.example" not in text
    calls = calls_of(await asyncio.to_thread(cli.events))
    assert [call.task.value for call in calls] == ["answer", "answer", "prose"]
    assert all("is it the pool?" in call.prompt for call in calls[1:2])


def test_prose_needs_a_chosen_model(cli: Cli, recordings: Path) -> None:
    cli("investigate", "--recording", recordings / "quiet")
    done = cli("postmortem", "--prose")
    assert done.code == 2
    assert "no language model is chosen" in done.err
    assert "compass llm use" in done.err
