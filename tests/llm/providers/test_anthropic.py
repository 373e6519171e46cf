"""Anthropic's Messages API, validated with the types of its own library."""

from __future__ import annotations

import re
from typing import Any

from tests.llm.providers.conformance import CANARY, WORD, Conforms, Vendor
from tests.llm.providers.schemas import answer_of, request_of
from tests.support.loopback import Asked

Json = dict[str, Any]
MODEL = "claude-haiku-5-5"


def check(asked: Asked, body: Json) -> None:
    from anthropic.types.message_create_params import MessageCreateParamsNonStreaming

    assert re.fullmatch(r"\d{4}-\d\d-\d\d", asked.headers["anthropic-version"])
    request_of(MessageCreateParamsNonStreaming, body)


def answer(block: Json, stop: str) -> Json:
    """https://platform.claude.com/docs/en/api/messages"""
    from anthropic.types import Message

    return answer_of(Message, {
        "id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "content": [block], "stop_reason": stop,
        "stop_sequence": None, "usage": {"input_tokens": 21, "output_tokens": 5},
    })  # fmt: skip


VENDOR = Vendor(
    id="anthropic", model=MODEL, path="/v1/messages", check=check,
    text=lambda: answer({"type": "text", "text": f"the word is {WORD}"}, "end_turn"),
    tool=lambda: answer({"type": "tool_use", "id": "toolu_1", "name": "reply", "input": {"word": WORD}}, "tool_use"),
    refused={"type": "error", "error": {"type": "authentication_error", "message": f"invalid {CANARY}"}},
)  # fmt: skip


class TestAnthropic(Conforms):
    vendor = VENDOR
