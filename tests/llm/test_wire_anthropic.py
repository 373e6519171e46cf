"""The messages API of another vendor: its refusal, and its prompt cache for what is the same in every call."""

from __future__ import annotations

import json
from typing import Any

from anthropic.types.beta import BetaMessage

from compass.domain.advice import ChosenTests, LlmFailure, Usage
from compass.llm.settings import LlmSettings
from tests.support.llm import client, question
from tests.support.loopback import Answer, Asked, loopback


def message(text: str, stop: str) -> Answer:
    body = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-6", "stop_reason": stop,
        "stop_sequence": None, "content": [{"type": "text", "text": text}] if text else [],
        "usage": {
            "input_tokens": 100, "output_tokens": 20, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 0,
        },
    }  # fmt: skip
    BetaMessage.model_validate(body)
    return Answer(body=json.dumps(body).encode())


async def asked(answer: Answer) -> tuple[Any, dict[str, Any]]:
    sent: list[bytes] = []

    def answering(one: Asked) -> Answer:
        assert (one.method, one.path) == ("POST", "/v1/messages")
        sent.append(one.body)
        return answer

    async with loopback(answering) as server:

        def opens(name: str) -> Any:
            from pydantic_ai.models.anthropic import AnthropicModel
            from pydantic_ai.providers.anthropic import AnthropicProvider

            return AnthropicModel(
                name.partition(":")[2], provider=AnthropicProvider(base_url=server.url, api_key="none")
            )

        made = client(opens, LlmSettings(fast="anthropic:claude-sonnet-4-6"), opens=True)
        reply = await made.ask(question())
        await made.aclose()
    assert sent, reply.call.said
    return reply, json.loads(sent[0])


async def test_its_refusal() -> None:
    reply, _ = await asked(message("", "refusal"))
    assert reply.call.failure is LlmFailure.REFUSAL


async def test_what_is_the_same_in_every_call_is_marked_for_its_cache() -> None:
    reply, sent = await asked(message('{"plans": ["p1"], "because": ""}', "end_turn"))
    assert reply.value == ChosenTests(plans=("p1",))
    assert sent["system"][-1]["cache_control"]["type"] == "ephemeral"
    assert "cache_control" not in json.dumps(sent["messages"]), "what is asked once is not written to a cache"
    assert reply.call.usage == Usage(input=1_000, output=20, cached=900)
