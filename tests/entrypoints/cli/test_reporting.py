"""The post-mortem with and without a model: the chronicle keeps the call, and a failure ends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compass.domain.advice import LlmFailure, Paragraph, Prose, Sentence
from compass.domain.advised import ModelAsked
from compass.domain.chronicle import Event, Reported
from compass.entrypoints.cli import session
from compass.entrypoints.cli.investigating import Request, investigate_recording
from compass.entrypoints.cli.reporting import Written, written
from compass.entrypoints.cli.session import Loaded
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.settings import Settings
from compass.exports.wording import objections
from compass.ports.chronicle import Chronicle
from compass.ports.errors import ConfigurationError
from compass.ports.language_model import LanguageModel, Question
from compass.storage.memory import MemoryChronicle
from tests.support.advice import Answering
from tests.support.cli import payloads


def reports(
    folder: Path, answers: Callable[[Question[Any]], object] | None, output: Path | None = None
) -> tuple[Written, Written, tuple[Event, ...]]:  # fmt: skip
    """The draft without prose and with it. `answers` None: no model is chosen."""

    async def work() -> tuple[Written, Written, tuple[Event, ...]]:
        chronicle = MemoryChronicle(clock=SystemClock())
        result = await investigate_recording(chronicle, Settings(), folder, Request(quiet=True))
        loaded = await session.load(chronicle, Settings(), str(result.id))

        async def open_model(_chronicle: Chronicle, _loaded: Loaded) -> LanguageModel | None:
            return Answering(answers) if answers is not None else None

        plain = await written(chronicle, Settings(), loaded, None, None)
        prose = await written(chronicle, Settings(), loaded, output, open_model)
        return plain, prose, await chronicle.read(result.id)

    return asyncio.run(work())


def _prose(question: Question[Any]) -> Prose:
    paragraphs = []
    for section in question.sections:
        cites = (section.items[0].id,)
        said = (
            Sentence(text=f"The facts speak of the {section.title}.", cites=cites),
            Sentence(text="It was the network.", cites=("F999",)),
        )
        paragraphs.append(Paragraph(section=section.title, sentences=said))
    return Prose(paragraphs=tuple(paragraphs))


def test_prose_is_put_in_front_of_the_facts_and_paid_for_in_the_chronicle(recordings: Path) -> None:
    plain, prose, events = reports(recordings / "pool", _prose)
    assert plain.told == ""
    assert "a language model" not in plain.text.replace("no language model was used", "")
    quoted = [line for line in prose.text.splitlines() if line.startswith("> ")]
    assert len(quoted) == 5
    assert all("[#" in line for line in quoted)
    assert "5 were dropped" in prose.text
    assert prose.told == "prose by test model: 5 sentences dropped; 0.0100 USD. Tokens are billed to your own key."
    (call,) = payloads(events, ModelAsked)
    number = next(event.seq for event in events if isinstance(event.payload, ModelAsked))
    assert f"| #{number} | model.asked |" in prose.text
    assert call.call.phase == "report"
    assert len(payloads(events, Reported)) == 2
    assert not objections(prose.text)


@pytest.mark.long
def test_a_failure_leaves_the_draft_without_prose_and_says_so(recordings: Path, tmp_path: Path) -> None:
    output = tmp_path / "draft.md"
    _, prose, _ = reports(recordings / "pool", lambda _q: LlmFailure.TIMEOUT, output)
    text = output.read_text(encoding="utf-8")
    assert "there is none: AI service unavailable; here is the raw data I gathered (it failed: timeout)" in text
    assert not [line for line in text.splitlines() if line.startswith("> ")]
    assert "AI service unavailable" in prose.told


def test_prose_without_a_chosen_model_is_a_matter_of_configuration(recordings: Path) -> None:
    with pytest.raises(ConfigurationError, match="no language model is chosen"):
        reports(recordings / "pool", None)
