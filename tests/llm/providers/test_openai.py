"""OpenAI's Responses API, validated with the types of its own library."""

from __future__ import annotations

import json
from typing import Any

from tests.llm.providers.conformance import WORD, Conforms, Vendor, answering, ask, opened
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
