"""The question of `compass init` about a language model: none is the usual answer, and one that fails is not kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.domain.advice import Role
from compass.domain.failure import ExitCode
from compass.entrypoints.cli import initial_model
from compass.entrypoints.cli.initial_model import Choice, choose_model
from compass.llm.provider import Detected, provider_of
from compass.llm.settings import LlmSettings
from compass.ports.errors import BadInputError
from compass.ports.language_model import ModelHealth

NAME = "anthropic:claude-haiku-5-5"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "compass.toml"


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[LlmSettings]:
    """What was asked for one word; whoever is named `broken` does not answer."""
    asked: list[LlmSettings] = []

    async def check(settings: LlmSettings, _target: Path) -> tuple[ModelHealth, ...]:
        asked.append(settings)
        provider, _, model = settings.fast.partition(":")
        ok = model != "broken"
        return (ModelHealth(provider=provider, model=model, role=Role.FAST, ok=ok, detail="answered" if ok else "no"),)

    monkeypatch.setattr(initial_model, "_checked", check)
    monkeypatch.setattr(initial_model, "detected", lambda: [(provider_of(NAME)[0], Detected(how="a key is set"))])
    return asked


def test_none_wanted_and_nobody_to_ask_write_nothing(target: Path, checked: list[LlmSettings]) -> None:
    assert choose_model(Choice(none=True, name=NAME), target, None) is ExitCode.DONE
    assert choose_model(Choice(), target, None) is ExitCode.DONE
    assert not target.exists()
    assert not checked


def test_enter_is_none(
    target: Path, checked: list[LlmSettings], capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    asked: list[str] = []

    def ask(question: str, _usual: str) -> str:
        asked.append(question)
        return ""

    assert choose_model(Choice(), target, ask) is ExitCode.DONE
    assert not target.exists()
    (question,) = asked
    assert "Enter: none" in question
    assert "Tokens are billed to your own key." in question
    assert "such as anthropic:claude-haiku-5-5" in capsys.readouterr().out


def test_what_is_named_is_asked_for_one_word_and_kept(target: Path, checked: list[LlmSettings]) -> None:
    choice = Choice(name="compatible:m", url="https://llm.example/v1")
    assert choose_model(choice, target, None) is ExitCode.DONE
    assert checked[0].providers["compatible"].url == "https://llm.example/v1"
    assert target.read_text().endswith(
        '[llm]\nfast = "compatible:m"\n\n[llm.providers.compatible]\nurl = "https://llm.example/v1"\n'
    )


def test_one_that_does_not_answer_is_kept_only_when_that_was_said(target: Path, checked: list[LlmSettings]) -> None:
    assert choose_model(Choice(name="compatible:broken"), target, None) is ExitCode.FAILED
    assert not target.exists()
    assert choose_model(Choice(name="compatible:broken", keep=True), target, None) is ExitCode.DONE
    assert 'fast = "compatible:broken"' in target.read_text()


def test_a_wrong_answer_is_said_and_asked_for_again(
    target: Path, checked: list[LlmSettings], capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter(["nobody:m", "no colon", "anthropic:broken", NAME])
    assert choose_model(Choice(), target, lambda _question, _usual: next(answers)) is ExitCode.DONE
    said = capsys.readouterr().out
    assert "no provider 'nobody'" in said
    assert "names no provider and model" in said
    assert "the model was not kept" in said
    assert f'fast = "{NAME}"' in target.read_text()


def test_a_retired_provider_is_told_apart(target: Path, checked: list[LlmSettings]) -> None:
    with pytest.raises(BadInputError, match="retired"):
        choose_model(Choice(name="github:m"), target, None)
    assert not checked
