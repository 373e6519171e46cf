"""One call of each task to a small real model. Structure is asserted, content never: the model is free to be wrong.

`COMPASS_TEST_LLM=http://127.0.0.1:8089/v1` names an OpenAI-compatible server with one model; a model of 1.5 billion
parameters on two busy cores takes one to three minutes for a call.
"""

from __future__ import annotations

import json
import os
import urllib.request
from typing import Any

import pytest

from compass.domain.advice import REPLY_OF, LlmFailure, Task
from compass.entrypoints.clock import SystemClock
from compass.llm.client import Client
from compass.llm.settings import LlmSettings, ProviderSettings
from compass.ports.language_model import Item, Question, Section
from compass.redaction import Masker

URL = os.environ.get("COMPASS_TEST_LLM", "")
READS = {
    Task.PROPOSE: (
        "pool timeout: no connection for 30 s (412 times since 10:04)",
        "orders p99 80 ms to 2400 ms at 10:04",
    ),
    Task.CHOOSE: ("plan P1: is the pool of orders at its limit?", "plan P2: did orders-db slow down before orders?"),
    Task.CHANGES: ("change C1, deploy orders v42 at 10:01: pool.max 50 to 5", "symptom: orders p99 80 ms to 2400 ms"),
    Task.CLASSIFY: ("HikariPool-1 - Connection is not available, request timed out after <*>ms",),
    Task.ANSWER: (
        "question: is it the database?",
        "orders-db latency is normal (3 ms)",
        "the pool of orders is at 5 of 5",
    ),
    Task.PROSE: (
        "section: overview",
        "orders p99 rose from 80 ms to 2400 ms at 10:04",
        "pool.max was set to 5 at 10:01",
    ),
}


def model_at(url: str) -> str:
    """The one model that is served there; the test is skipped, with the reason, where nobody answers."""
    if not url:
        pytest.skip("COMPASS_TEST_LLM names no server (tools: serve a small model, then set its /v1 address)")
    try:
        with urllib.request.urlopen(f"{url}/models", timeout=5) as answer:
            return str(json.load(answer)["data"][0]["id"])
    except OSError as error:
        pytest.skip(f"no language model answers at {url}: {error}")


def asking(url: str) -> Client:
    """A client of the model at `url`, with everything that a run has."""
    name = f"openai:{model_at(url)}"

    def opens(_name: str) -> Any:
        from pydantic_ai.models.openai import OpenAIChatModel
        from pydantic_ai.providers.openai import OpenAIProvider

        return OpenAIChatModel(name.partition(":")[2], provider=OpenAIProvider(base_url=url, api_key="none"))

    chosen = LlmSettings(fast=name, concurrency=1, providers={"openai": ProviderSettings(timeout_s=900)})
    return Client(chosen, opens, Masker(), SystemClock())


def asked(task: Task) -> Question[Any]:
    items = tuple(Item(id=f"E{at}", text=text) for at, text in enumerate(READS[task], start=1))
    return Question(task=task, reply=REPLY_OF[task], sections=(Section(title="facts", items=items),))


@pytest.mark.llm
@pytest.mark.slow
@pytest.mark.parametrize("task", list(Task))
async def test_a_real_model_gives_a_typed_reply_or_a_defined_failure(task: Task) -> None:
    client = asking(URL)
    reply = await client.ask(asked(task))
    await client.aclose()
    call = reply.call
    assert call.usage.input > 100, "the server counts"
    assert call.usage.counted
    assert call.reply
    if reply.value is None:
        assert call.failure in (LlmFailure.INVALID, LlmFailure.CUT_OFF), call.said
    else:
        assert isinstance(reply.value, REPLY_OF[task])
