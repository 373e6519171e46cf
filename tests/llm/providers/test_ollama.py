"""Ollama: Chat Completions, and the list of what is installed."""

from __future__ import annotations

import asyncio
import json

import pytest

from compass.llm.provider import Detected, providers
from compass.llm.providers.ollama import _host
from tests.llm.providers.conformance import WORD, Conforms, Vendor
from tests.llm.providers.schemas import chat_request, chat_text, chat_tool
from tests.support.loopback import Answer, Asked, loopback

MODEL = "qwen3:8b"
VENDOR = Vendor(
    id="ollama", model=MODEL, path="/v1/chat/completions", check=lambda _, body: chat_request(body),
    text=lambda: chat_text(WORD, MODEL), tool=lambda: chat_tool(WORD, MODEL),
)  # fmt: skip


class TestOllama(Conforms):
    vendor = VENDOR


async def detected(body: bytes, status: int = 200) -> Detected | None:
    """What is made of an answer to /api/tags (https://github.com/ollama/ollama/blob/main/docs/api.md)."""
    ollama = next(one for one in providers() if one.id == "ollama")

    def answer(asked: Asked) -> Answer:
        assert (asked.method, asked.path) == ("GET", "/api/tags")
        return Answer(status=status, body=body)

    async with loopback(answer) as server:
        return await asyncio.to_thread(ollama.detect, {"OLLAMA_HOST": server.url})


async def test_one_that_answers_is_found_with_its_models() -> None:
    listed = {"models": [{"name": MODEL, "model": MODEL, "size": 5225388164, "details": {"family": "qwen3"}}]}
    found = await detected(json.dumps(listed).encode())
    assert found is not None
    assert found.models == (MODEL,)
    assert not found.missing
    empty = await detected(b'{"models": []}')
    assert empty is not None
    assert "ollama pull" in empty.missing


@pytest.mark.parametrize(
    ("body", "status"), [(b"<html>", 200), (b"{}", 200), (b'{"models": [1]}', 200), (b"[]", 200), (b"", 404)]
)
async def test_another_server_on_that_port_is_no_ollama(body: bytes, status: int) -> None:
    assert await detected(body, status) is None


@pytest.mark.parametrize(
    ("given", "url"),
    [("", "http://127.0.0.1:11434"), ("0.0.0.0", "http://127.0.0.1:11434"), ("0.0.0.0:8080", "http://127.0.0.1:8080"),
     ("gpu-box", "http://gpu-box:11434"), ("https://ollama.example/", "https://ollama.example")],
)  # fmt: skip
def test_its_variable_names_a_host_in_many_ways(given: str, url: str) -> None:
    assert _host({"OLLAMA_HOST": given}) == url
