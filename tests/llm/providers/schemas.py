"""Vendors' own types, as checks: TypedDicts of their libraries say what a request may hold."""

from __future__ import annotations

from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter

Json = dict[str, Any]


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def request_of(kind: type, body: Json) -> None:
    """`body` has the parts that the vendor's type wants, each of its type, and none that it does not know."""
    unknown = set(body) - set(get_type_hints(kind))
    assert not unknown, f"{kind.__name__} has no {unknown}"
    _whole(_adapter(kind).validate_python(body))


def _whole(value: object) -> None:
    """Iterables are validated as they are read: read them."""
    if isinstance(value, dict):
        for one in value.values():
            _whole(one)
    elif not isinstance(value, str | bytes) and hasattr(value, "__iter__"):
        for one in value:
            _whole(one)


def answer_of(kind: Any, body: Json) -> Json:
    """`body`, which the vendor's type takes strictly."""
    kind.model_validate(body, strict=False)
    return body


def chat_request(body: Json) -> None:
    from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming

    request_of(CompletionCreateParamsNonStreaming, body)


def chat_answer(message: Json, finish: str, model: str) -> Json:
    """Chat Completions, https://platform.openai.com/docs/api-reference/chat/object."""
    from openai.types.chat import ChatCompletion

    return answer_of(ChatCompletion, {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1795651200, "model": model,
        "choices": [
            {"index": 0, "finish_reason": finish, "logprobs": None,
             "message": {"role": "assistant", "content": None, "refusal": None, **message}},
        ],
        "usage": {"prompt_tokens": 21, "completion_tokens": 5, "total_tokens": 26},
    })  # fmt: skip


def chat_text(word: str, model: str) -> Json:
    return chat_answer({"content": f"the word is {word}"}, "stop", model)


def chat_tool(word: str, model: str) -> Json:
    call = {"id": "call_1", "type": "function", "function": {"name": "reply", "arguments": f'{{"word": "{word}"}}'}}
    return chat_answer({"tool_calls": [call]}, "tool_calls", model)
