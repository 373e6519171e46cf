"""Anthropic's Messages API, validated with the types of its own library."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from compass.domain.advice import Usage
from tests.llm.providers.conformance import CANARY, WORD, Conforms, Vendor, answering, asked_for, opened
from tests.llm.providers.schemas import answer_of, request_of
from tests.support.loopback import Asked

Json = dict[str, Any]
MODEL = "claude-haiku-5-5"


def check(asked: Asked, body: Json) -> None:
    from anthropic.types.message_create_params import MessageCreateParamsNonStreaming

    assert re.fullmatch(r"\d{4}-\d\d-\d\d", asked.headers["anthropic-version"])
    request_of(MessageCreateParamsNonStreaming, body)


def answer(block: Json, stop: str, **usage: int) -> Json:
    """https://platform.claude.com/docs/en/api/messages"""
    from anthropic.types import Message

    return answer_of(Message, {
        "id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "content": [block], "stop_reason": stop,
        "stop_sequence": None, "usage": {"input_tokens": 21, "output_tokens": 5, **usage},
    })  # fmt: skip


VENDOR = Vendor(
    id="anthropic", model=MODEL, path="/v1/messages", check=check,
    text=lambda: answer({"type": "text", "text": f"the word is {WORD}"}, "end_turn"),
    tool=lambda: answer({"type": "tool_use", "id": "toolu_1", "name": "reply", "input": {"word": WORD}}, "tool_use"),
    refused={"type": "error", "error": {"type": "authentication_error", "message": f"invalid {CANARY}"}},
)  # fmt: skip


class TestAnthropic(Conforms):
    vendor = VENDOR

    async def test_what_all_questions_of_a_task_share_is_marked_to_be_kept(self) -> None:
        async with answering(VENDOR) as server:
            await asked_for(opened(VENDOR, server.url))
        sent = json.loads(server.asked[0].body)
        rules, own = sent["system"]
        assert rules == {
            "type": "text", "text": "You help. These are the rules of all.",
            "cache_control": {"type": "ephemeral", "ttl": "5m"},
        }  # fmt: skip
        assert own == {"type": "text", "text": "Own words:\ncpu.up: more than usual"}
        assert "cache_control" not in json.dumps(sent["messages"]), "facts are never sent again"

    async def test_what_it_kept_now_is_counted(self) -> None:
        word = {"type": "text", "text": f'{{"word": "{WORD}"}}'}
        kept = replace(
            VENDOR,
            tool=lambda: answer(word, "end_turn", cache_creation_input_tokens=9),
            text=lambda: answer(word, "end_turn", cache_creation_input_tokens=9),
        )
        async with answering(kept) as server:
            answered = await asked_for(opened(kept, server.url))
        assert answered.usage == Usage(input=30, output=5, written=9)
