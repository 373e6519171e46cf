"""`compass llm`: choose, list, test, and hear a model in an investigation; also over a real wire."""

from __future__ import annotations

import asyncio
import json
import os
import tomllib
from pathlib import Path
from typing import Any

import httpx2
import pytest

from compass.domain.advised import ModelAsked
from tests.llm.providers.schemas import chat_text
from tests.support.cli import Cli
from tests.support.loopback import Answer, Asked, loopback

REAL = os.environ.get("COMPASS_TEST_LLM", "http://127.0.0.1:8089/v1")
BILLED = "Tokens are billed to your own key."


def real_model() -> str:
    """The name of the model that answers there; skips where none does."""
    try:
        found: dict[str, Any] = httpx2.get(f"{REAL}/models", timeout=2.0, trust_env=False).json()
    except (httpx2.HTTPError, ValueError):
        pytest.skip(f"no model serves on {REAL}: tools that serve one are no part of this repository")
    return str(found["data"][0]["id"])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "compass.toml"


def test_none_chosen_is_normal(cli: Cli, config: Path) -> None:
    listed = cli("llm", "list", COMPASS_CONFIG=str(config), OPENAI_API_KEY="canary-0123456789")
    assert listed.code == 2  # the file that COMPASS_CONFIG names is not there
    config.write_text("")
    listed = cli("llm", "list", COMPASS_CONFIG=str(config), OPENAI_API_KEY="canary-0123456789")
    assert listed.code == 0, listed.said
    assert "no model is chosen: that is normal" in listed.out
    assert "OPENAI_API_KEY is set" in listed.out
    assert BILLED in listed.out
    assert "canary" not in listed.said
    tested = cli("llm", "test", COMPASS_CONFIG=str(config))
    assert tested.code == 0, "nothing is wrong"
    assert "no model is chosen: that is normal" in tested.out
    assert "compass llm use PROVIDER:MODEL" in tested.out


def test_a_choice_is_kept_and_the_rest_of_the_file_stays(cli: Cli, config: Path) -> None:
    config.write_text("# ours\n[runbooks]\nfolder = 'books'  # here\n")
    done = cli("llm", "use", "openai:gpt-6-luna", COMPASS_CONFIG=str(config))
    assert done.code == 0, done.said
    assert cli("llm", "use", "openai:gpt-6.1-sol", "--role", "deep", COMPASS_CONFIG=str(config)).code == 0
    assert cli("llm", "use", "ollama:qwen3:8b", "--fallback", COMPASS_CONFIG=str(config)).code == 0
    text = config.read_text()
    assert text.startswith("# ours\n[runbooks]\nfolder = 'books'  # here\n")
    assert tomllib.loads(text)["llm"] == {
        "fast": "openai:gpt-6-luna", "deep": "openai:gpt-6.1-sol", "fallback": ["ollama:qwen3:8b"],
    }  # fmt: skip
    listed = cli("llm", "list", "--json", COMPASS_CONFIG=str(config)).json()
    assert isinstance(listed, dict)
    assert [(one["role"], one["model"]) for one in listed["chosen"]] == [
        ("fast", "openai:gpt-6-luna"), ("deep", "openai:gpt-6.1-sol"), ("fallback", "ollama:qwen3:8b"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("nobody:m",), "no provider"), (("openai",), "names no provider and model"), (("github:m",), "retired"),
     (("openai:m", "--role", "deep"), "no model is chosen yet"),
     (("openai:m", "--key", "sk-canary-0123"), "names no secret")],
)  # fmt: skip
def test_what_cannot_be_chosen_changes_nothing(cli: Cli, config: Path, arguments: tuple[str, ...], said: str) -> None:
    config.write_text("# ours\n")
    done = cli("llm", "use", *arguments, COMPASS_CONFIG=str(config))
    assert done.code == 2
    assert said in done.err
    assert "canary" not in done.said
    assert config.read_text() == "# ours\n"


def test_a_missing_key_is_told_with_what_to_do(cli: Cli, config: Path) -> None:
    config.write_text('[llm]\nfast = "anthropic:claude-haiku-5-5"\n')
    done = cli("llm", "test", COMPASS_CONFIG=str(config))
    assert done.code == 2
    assert "ANTHROPIC_API_KEY" in done.out
    assert BILLED in done.out


@pytest.mark.llm
def test_a_small_real_model_answers(cli: Cli, config: Path) -> None:
    """`compass llm use` and `test` over a real wire; structure only."""
    name = f"compatible:{real_model()}"
    config.write_text("")
    assert cli("llm", "use", name, "--url", REAL, COMPASS_CONFIG=str(config)).code == 0
    done = cli("llm", "test", "--json", COMPASS_CONFIG=str(config))
    assert done.code == 0, done.said
    told = done.json()
    assert isinstance(told, dict)
    assert [(one["role"], one["ok"]) for one in told["checks"]] == [("fast", True), ("deep", True)]
    assert told["checks"][0]["usage"]["input"] > 0
    assert told["checks"][0]["cost_usd"] is None  # nobody knows its price
    assert told["billed"] == BILLED


async def test_an_investigation_hears_the_chosen_model_and_goes_on_without(
    cli: Cli, config: Path, recordings: Path
) -> None:
    """What is sent and what fails is in the chronicle; the key is nowhere; --no-model and the demo ask nobody."""
    canary = "canary-key-0123456789abcdef"

    def answer(asked: Asked) -> Answer:
        assert asked.headers["authorization"] == f"Bearer {canary}"
        return Answer(body=json.dumps(chat_text(f"no theory of mine, {canary}", "m")).encode())

    async with loopback(answer) as server:
        config.write_text(
            f'[llm]\nfast = "compatible:m"\n[llm.providers.compatible]\nurl = "{server.url}"\nkey = "env:THE_KEY"\n'
        )
        given = {"COMPASS_CONFIG": str(config), "THE_KEY": canary}
        told = ("investigate", "--recording", recordings / "pool")
        run = await asyncio.to_thread(lambda: cli(*told, "--no-model", **given))
        assert run.code == 0, run.said
        assert not server.asked
        run = await asyncio.to_thread(lambda: cli(*told, "--json", **given))
        assert run.code == 0, run.said
        assert server.asked
    assert canary not in run.said
    events = await asyncio.to_thread(lambda: cli.events())
    calls = [event.payload.call for event in events if isinstance(event.payload, ModelAsked)]
    assert calls
    assert canary not in repr(events)
