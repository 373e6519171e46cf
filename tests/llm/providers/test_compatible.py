"""Any endpoint with OpenAI's Chat Completions: nothing of an account with OpenAI is told to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compass.ports.errors import ConfigurationError
from tests.llm.providers.conformance import WORD, Conforms, Vendor, answering, ask, opened
from tests.llm.providers.schemas import chat_request, chat_text, chat_tool

MODEL = "qwen2.5-coder-1.5b-instruct"
VENDOR = Vendor(
    id="compatible", model=MODEL, path="/v1/chat/completions", prefix="/v1",
    check=lambda _, body: chat_request(body), text=lambda: chat_text(WORD, MODEL), tool=lambda: chat_tool(WORD, MODEL),
)  # fmt: skip


class TestCompatible(Conforms):
    vendor = VENDOR

    async def test_what_belongs_to_openai_stays_here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
            monkeypatch.setenv(name, "canary-of-openai")
        async with answering(VENDOR) as server:
            await ask(opened(VENDOR, server.url, keyed=False))
        assert "canary-of-openai" not in str(server.asked[0])

    def test_it_needs_an_address(self) -> None:
        with pytest.raises(ConfigurationError, match="it has no address"):
            opened(replace(VENDOR, prefix=""), "", keyed=False)
