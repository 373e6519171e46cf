"""A server on loopback that speaks the OpenAI chat completions API, and what it may do wrong.

Well-formed answers are built with the types of the published client, so that only what a test breaks is broken.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from openai.types.chat import ChatCompletion

from compass.llm.client import Client
from compass.llm.settings import LlmSettings, ProviderSettings
from tests.support.llm import client
from tests.support.loopback import Answer, Asked

USAGE = {
    "prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150, "prompt_tokens_details": {"cached_tokens": 64},
}  # fmt: skip


def completion(text: str | None, finish: str = "stop", *, counted: bool = True, **message: Any) -> Answer:
    body = {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_790_000_000, "model": "m",
        "choices": [{
            "index": 0, "finish_reason": finish, "logprobs": None,
            "message": {"role": "assistant", "content": text, "refusal": None, **message},
        }],
    }  # fmt: skip
    if counted:
        body["usage"] = USAGE
    ChatCompletion.model_validate(body)
    return Answer(body=json.dumps(body).encode())


def error(
    status: int, message: str, code: str | None = None, kind: str = "invalid_request_error", **extra: Any
) -> Answer:
    """As documented at https://platform.openai.com/docs/guides/error-codes: message, type, param, code."""
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return Answer(status=status, body=json.dumps(body).encode(), **extra)


def in_turn(answers: Sequence[Answer]) -> Callable[[Asked], Answer]:
    """The answers in turn, the last one for ever; every request is held against the API's required fields."""
    left = list(answers)

    def answer(asked: Asked) -> Answer:
        assert (asked.method, asked.path) == ("POST", "/v1/chat/completions")
        sent = json.loads(asked.body)
        assert sent["model"] == "m"
        assert [message["role"] for message in sent["messages"]] == ["system", "user"]
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


def over(url: str, *, timeout_s: float = 5.0, **given: Any) -> Client:
    """A client of one model at `url`, through the published client library."""

    def opens(name: str) -> Any:
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        return OpenAIChatModel(name.partition(":")[2], provider=OpenAIProvider(base_url=f"{url}/v1", api_key="none"))

    chosen = LlmSettings(fast="openai:m", providers={"openai": ProviderSettings(timeout_s=timeout_s)})
    return client(opens, chosen, opens=True, **given)
