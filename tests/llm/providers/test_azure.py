"""Azure OpenAI by its dated API and by its v1 API: Chat Completions at addresses of its own."""

from __future__ import annotations

from typing import Any

import pytest

from compass.ports.errors import ConfigurationError
from tests.llm.providers.conformance import CANARY, WORD, Conforms, Vendor, answering, ask, opened
from tests.llm.providers.schemas import chat_request, chat_text, chat_tool
from tests.support.loopback import Asked

VERSION = "2025-04-01-preview"
DEPLOYMENT = "team-gpt"


def check(asked: Asked, body: dict[str, Any]) -> None:
    assert asked.params == {"api-version": VERSION}
    chat_request(body)


def check_v1(asked: Asked, body: dict[str, Any]) -> None:
    assert not asked.params
    chat_request(body)


DATED = Vendor(
    id="azure", model=DEPLOYMENT, path=f"/openai/deployments/{DEPLOYMENT}/chat/completions", check=check,
    text=lambda: chat_text(WORD, DEPLOYMENT), tool=lambda: chat_tool(WORD, DEPLOYMENT),
    settings={"api_version": VERSION}, shown=("api-key", CANARY),
)  # fmt: skip
V1 = Vendor(
    id="azure", model=DEPLOYMENT, path="/openai/v1/chat/completions", check=check_v1, text=DATED.text, tool=DATED.tool
)


class TestDated(Conforms):
    vendor = DATED


class TestV1(Conforms):
    vendor = V1

    async def test_the_address_may_name_the_api_already(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """And the usual variable of the dated API, which the v1 API refuses, is then not sent."""
        monkeypatch.setenv("OPENAI_API_VERSION", VERSION)
        async with answering(V1) as server:
            assert (await ask(opened(V1, f"{server.url}/openai/v1"))).text
        with pytest.raises(ConfigurationError, match="takes no api_version"):
            opened(V1, "https://team.openai.azure.com/openai/v1", api_version=VERSION)
