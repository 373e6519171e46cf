"""From `[llm]` to the model of an investigation: none where none is chosen, and none where it cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from compass.domain.advice import ModelCall, Role, Task, Usage
from compass.domain.incident import Severity
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.config import Config
from compass.entrypoints.models import advised, language_model, llm_settings, not_usable, placeholder_key
from compass.investigation.purse import Metered
from compass.investigation.runner import Means
from compass.llm.settings import LlmSettings
from compass.ports.errors import ConfigurationError
from compass.storage.memory import MemoryChronicle
from tests.support.running import prepared

CHOSEN = '[llm]\nfast = "ollama:m"\n[llm.budget]\ninvestigation = 2.0\n[llm.budget.severity]\nsev1 = 9.0\n'


@pytest.fixture(scope="module")
def means(recordings: Path) -> Means:
    return prepared(recordings / "pool")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "compass.toml"
    monkeypatch.setenv("COMPASS_CONFIG", str(path))
    return path


def chronicle() -> MemoryChronicle:
    return MemoryChronicle(clock=SystemClock())


@pytest.mark.parametrize("text", ["", "[llm]\n", "[llm.budget]\nmonth = 3.0\n"])
async def test_none_chosen_changes_nothing(config: Path, means: Means, text: str) -> None:
    config.write_text(text)
    assert await advised(means, chronicle(), None) == means


async def test_a_person_who_wants_none_is_asked_nothing_of_the_file(config: Path, means: Means) -> None:
    config.write_text("[llm]\nfast = 3\n")
    assert await advised(means, chronicle(), None, use=False) == means


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[llm]\nfast = 3\n", "Expected `str`, got `int`"), ("llm = 3\n", "Expected `object`, got `int`"),
        ('[[llm]]\nfast = "a:b"\n', "Expected `object`, got `array`"), ('[llm]\nfst = "a:b"\n', "unknown field `fst`"),
        ('[llm]\nfast = "nocolon"\n', "names no provider and model"), ('[llm]\ndeep = "a:b"\n', "fast is not"),
        ("[llm.budget.severity]\nsev9 = 1.0\n", "unknown severity"),
    ],
)  # fmt: skip
async def test_a_malformed_table_is_no_model_and_says_what_where_and_what_to_do(
    config: Path, means: Means, text: str, said: str
) -> None:
    config.write_text(text)
    got = await advised(means, chronicle(), None)
    assert got.model is None
    assert said in got.model_wrong
    assert str(config) in got.model_wrong
    assert "compass llm test" in got.model_wrong


def test_a_key_that_was_written_there_by_mistake_is_not_told() -> None:
    key = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
    with pytest.raises(ConfigurationError) as caught:
        llm_settings(Config(llm={"fast": key}))
    assert key not in not_usable(caught.value)


async def test_the_model_is_held_to_the_severitys_budget_and_to_what_is_spent(config: Path, means: Means) -> None:
    config.write_text(CHOSEN)
    call = ModelCall(
        id="m", task=Task.CHOOSE, role=Role.FAST, provider="ollama", model="m", prompt_version="1", prompt="?",
        reply="{}", usage=Usage(input=1), cost_usd=0.5,
    )  # fmt: skip
    got = await advised(means, chronicle(), Severity.SEV1, calls=[call], spent=0.5)
    assert isinstance(got.model, Metered)
    assert (got.model.name, got.budget_usd, got.model.purse.left) == ("ollama m", 9.0, 8.5)
    assert got.advisers
    assert got.model_wrong == ""
    await got.model.aclose()


def test_no_fast_model_is_no_model() -> None:
    assert language_model(Config(), LlmSettings()) is None


async def test_placeholders_have_one_key_in_a_team() -> None:
    team, other = chronicle(), chronicle()
    first = await placeholder_key(team.replies)
    assert await placeholder_key(team.replies) == first
    assert len(first) == 32
    assert await placeholder_key(other.replies) != first
