"""GitHub Copilot: Chat Completions, with answers that leave out what its gateway leaves out."""

from __future__ import annotations

from typing import Any

from compass.llm.provider import providers
from tests.llm.providers.conformance import WORD, Conforms, Vendor
from tests.llm.providers.schemas import chat_request, chat_text, chat_tool
from tests.support.loopback import Asked

MODEL = "gpt-6-luna"


def check(asked: Asked, body: dict[str, Any]) -> None:
    assert "openai-organization" not in asked.headers
    assert "max_tokens" not in body  # which its gateway refuses
    chat_request(body)


def short(body: dict[str, Any]) -> dict[str, Any]:
    """As its gateway answers for models of some vendors: without `object` and the choices' `index`."""
    del body["object"], body["choices"][0]["index"]
    return body


VENDOR = Vendor(
    id="copilot", model=MODEL, path="/chat/completions", check=check, text=lambda: short(chat_text(WORD, MODEL)),
    tool=lambda: short(chat_tool(WORD, MODEL)),
)  # fmt: skip


class TestCopilot(Conforms):
    vendor = VENDOR

    def test_a_token_for_repositories_is_not_sent_there(self) -> None:
        copilot = next(one for one in providers() if one.id == "copilot")
        assert copilot.detect({"GITHUB_TOKEN": "x", "GH_TOKEN": "y"}) is None
