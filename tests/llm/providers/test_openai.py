"""OpenAI's Responses API, validated with the types of its own library."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from tests.llm.providers.conformance import OPENAI, WORD, Conforms, Vendor, answering, ask, asked_for, opened
from tests.llm.providers.schemas import answer_of, request_of
from tests.support.loopback import Asked

Json = dict[str, Any]
MODEL = "gpt-6-luna"


def check(_: Asked, body: Json) -> None:
    from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming

    request_of(ResponseCreateParamsNonStreaming, body)


def answer(item: Json) -> Json:
    """https://platform.openai.com/docs/api-reference/responses/object"""
    from openai.types.responses import Response

    return answer_of(Response, {
        "id": "resp_1", "object": "response", "created_at": 1795651200, "status": "completed", "model": MODEL,
        "output": [item], "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None,
        "incomplete_details": None, "instructions": None, "metadata": {}, "temperature": 1.0, "top_p": 1.0,
        "usage": {
            "input_tokens": 21, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 26,
        },
    })  # fmt: skip


def text() -> Json:
    content = {"type": "output_text", "text": f"the word is {WORD}", "annotations": []}
    return answer({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [content]})


def tool() -> Json:
    return answer({
        "type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "reply", "status": "completed",
        "arguments": json.dumps({"word": WORD}),
    })  # fmt: skip


VENDOR = Vendor(id="openai", model=MODEL, path="/v1/responses", prefix="/v1", check=check, text=text, tool=tool)


class TestOpenAi(Conforms):
    vendor = VENDOR

    async def test_nothing_is_kept_there(self) -> None:
        async with answering(VENDOR) as server:
            await ask(opened(VENDOR, server.url))
        assert json.loads(server.asked[0].body)["store"] is False

    async def test_the_vendor_is_told_which_prompts_begin_alike_and_nobody_else(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The stand-in has the vendor's name here and shows a certificate for it."""
        real = socket.getaddrinfo

        def here(host: Any, *args: Any, **more: Any) -> Any:
            return real("127.0.0.1" if host in (OPENAI, OPENAI.encode()) else host, *args, **more)

        monkeypatch.setattr(socket, "getaddrinfo", here)
        async with answering(VENDOR) as server:
            await asked_for(opened(VENDOR, server.url.replace("127.0.0.1", OPENAI)))
            await asked_for(opened(VENDOR, server.url))
        named, other = (json.loads(asked.body) for asked in server.asked)
        assert server.asked[0].headers["host"].startswith(OPENAI)
        assert named["prompt_cache_key"] == "compass-propose 1.1"
        assert "prompt_cache_key" not in other, "a gateway of the same kind need not know it"

    async def test_what_all_questions_share_comes_first_and_is_marked_where_it_can_be(self) -> None:
        async with answering(VENDOR) as server:
            await asked_for(opened(VENDOR, server.url))
        sent = json.loads(server.asked[0].body)
        rules, own, facts = (one["content"] for one in sent["input"])
        assert rules[0]["prompt_cache_breakpoint"] == {"mode": "explicit"}
        assert rules[0]["text"] == "You help. These are the rules of all."
        assert (own, facts) == ("Own words:\ncpu.up: more than usual", "the facts")
        assert "temperature" not in sent, "a model that thinks takes none"
