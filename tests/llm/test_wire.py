"""Each way in which a provider can fail: a real server, the published client library, a defined result."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compass.domain.advice import Answered, ChosenTests, Sentence, Task, Usage
from compass.domain.advice import LlmFailure as F
from compass.investigation.advising.hear import UNAVAILABLE, hear
from compass.llm.client import Client
from tests.investigation.advising.test_hear import BUSY, POOL, Chooser, recorder_of, with_model
from tests.sources.http.test_client import certificate
from tests.support.boards import believed
from tests.support.llm import client, question
from tests.support.loopback import Answer, Loopback, loopback
from tests.support.openai_wire import completion, error, in_turn, over

GOOD = completion('{"plans": ["p1"], "because": "it would tell them apart"}')
KEY = "sk-" + "a1b2c3d4" * 4
PROSE = "I think the database is the one to look at first."

Case = tuple[Sequence[Answer], F, str, int]
"""What the provider answers, the failure that it is, words of what the person is told, requests made."""
BUSY_429 = ("Rate limit reached", "rate_limit_exceeded")
QUOTA_429 = ("You exceeded your current quota", "insufficient_quota", "insufficient_quota")
HTML = {"Content-Type": "text/html"}
CASES: dict[str, Case] = {
    "wrong key": ([error(401, f"Incorrect API key provided: {KEY}", "invalid_api_key")], F.WRONG_KEY, "was refused", 1),
    "not allowed": ([error(403, "No access to the model")], F.WRONG_KEY, "No access", 1),
    "unknown model": ([error(404, "The model `m` does not exist", "model_not_found")], F.NO_MODEL, "llm list", 1),
    "payment required": ([error(402, "Insufficient balance")], F.QUOTA, "nothing left to spend", 1),
    "quota": ([error(429, *QUOTA_429)], F.QUOTA, "current quota", 1),
    "rate limit": ([error(429, *BUSY_429)], F.RATE_LIMIT, "Rate limit reached", 1),
    "rate limit, much later": ([error(429, *BUSY_429, headers={"Retry-After": "3600"})], F.RATE_LIMIT, "too many", 1),
    "server": ([error(500, "The server had an error", kind="server_error")], F.SERVER, "HTTP 500", 2),
    "overloaded": ([error(503, "That model is overloaded", kind="server_error")], F.SERVER, "overloaded", 2),
    "a page of a proxy": ([Answer(status=502, body=b"<html>Bad Gateway</html>")], F.SERVER, "HTTP 502", 2),
    "not this API": ([Answer(body=b"<html>Welcome</html>", headers=HTML)], F.SERVER, "expected JSON", 2),
    "context": ([error(400, "Maximum is 8192 tokens", "context_length_exceeded")], F.CONTEXT, "[llm] context", 1),
    "context, llama.cpp": (
        [error(400, "the request exceeds the available context size", kind="exceed_context_size_error")],
        F.CONTEXT, "available context size", 1,
    ),
    "context, in words": ([error(400, "prompt is too long: 212345 tokens > 200000 maximum")], F.CONTEXT, "212345", 1),
    "content filter": ([completion(None, "content_filter")], F.FILTERED, "content filter", 1),
    "filter of the prompt": ([error(400, "It was filtered", "content_filter")], F.FILTERED, "was filtered", 1),
    "refusal": ([completion(None, refusal="I can't help with that.")], F.REFUSAL, "can't help", 1),
    "cut off by length": ([completion('{"plans": ["p1", "p', "length")], F.CUT_OFF, "more than it may", 1),
    "cut off by the connection": ([replace(GOOD, cut=100)], F.CUT_OFF, "ended in the middle", 1),
    "closed without an answer": ([replace(GOOD, cut=0)], F.CUT_OFF, "ended in the middle", 1),
    "prose": ([completion(PROSE)], F.INVALID, "twice", 2),
    "CONFIRMED": ([completion("CONFIRMED")], F.INVALID, "twice", 2),
    "half a JSON": ([completion('{"plans": ["p1"')], F.INVALID, "no complete JSON", 2),
    "another type": ([completion('{"plans": {"p1": {"x": 1}}}')], F.INVALID, "a text is asked for", 2),
    "nothing": ([completion("")], F.INVALID, "no complete JSON", 2),
}  # fmt: skip


async def at_once(_s: float) -> None:
    """No test waits for a provider that asks to."""


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_a_failure_is_recorded_in_words(case: Case) -> None:
    answers, failure, words, tries = case
    async with loopback(in_turn(answers)) as server:
        asked = over(server.url, sleep=at_once)
        reply = await asked.ask(question())
        await asked.aclose()
    assert reply.value is None
    assert reply.call.failure is failure
    assert reply.call.said.startswith("openai:m: ")
    assert words in reply.call.said
    assert KEY not in reply.call.said
    assert (reply.call.tries, len(server.asked)) == (tries, tries)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_it_is_the_mode_llm_unavailable_and_the_investigation_goes_on(case: Case) -> None:
    answers, *_ = case
    recorder = await recorder_of(with_model(believed({POOL: 0.5})))
    async with loopback(in_turn(answers)) as server:
        asked = over(server.url, sleep=at_once)
        await hear(recorder, asked, BUSY, [Chooser()])
        await asked.aclose()
    advice = recorder.board.advice
    assert advice.lost.startswith(UNAVAILABLE)
    assert "openai:m" in advice.lost
    assert advice.heard == recorder.board.round, "the round is over: the engine goes on"
    assert advice.preferred == ()
    assert advice.spending.failed == 2


async def test_a_slow_answer() -> None:
    async with loopback(in_turn([replace(GOOD, wait_s=5.0)])) as server:
        call = await lost(over(server.url, timeout_s=0.2))
    assert call.failure is F.TIMEOUT
    assert "timeout_s" in call.said


async def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        call = await lost(over(f"http://127.0.0.1:{free.getsockname()[1]}"))
    assert call.failure is F.UNREACHABLE
    assert "check the address" in call.said


async def test_no_such_host() -> None:
    assert (await lost(over("http://nowhere.invalid"))).failure is F.UNREACHABLE


async def test_a_certificate_that_nobody_known_has_signed(tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate(tmp_path))
    async with loopback(in_turn([GOOD]), context) as server:
        call = await lost(over(server.url))
    assert call.failure is F.UNREACHABLE
    assert "certificate" in call.said.lower()


async def test_no_key() -> None:
    def opens(_name: str) -> Any:
        from pydantic_ai.providers.openai import OpenAIProvider

        return OpenAIProvider()

    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("OPENAI_API_KEY", raising=False)
        call = await lost(client(opens, opens=True))
    assert call.failure is F.NO_KEY
    assert "OPENAI_API_KEY" in call.said
    assert call.tries == 0


# --- what is tried again ------------------------------------------------------------------------------------------


async def test_the_provider_is_given_the_time_it_asks_for() -> None:
    waited: list[float] = []

    async def note(seconds: float) -> None:
        waited.append(seconds)

    busy = error(429, "Rate limit reached", "rate_limit_exceeded", headers={"Retry-After": "2"})
    reply, server = await answered([busy, busy, GOOD], sleep=note)
    assert reply.value == ChosenTests(plans=("p1",), because="it would tell them apart")
    assert waited == [2.0, 2.0]
    assert reply.call.tries == len(server.asked) == 3


async def test_a_server_that_failed_once() -> None:
    reply, _ = await answered([error(500, "oops", kind="server_error"), GOOD], sleep=at_once)
    assert reply.call.failure is None
    assert reply.call.tries == 2


async def test_a_server_that_knows_no_schema_is_asked_in_plainer_words() -> None:
    rejected = error(400, "Unsupported parameter: response_format")
    reply, server = await answered([rejected, GOOD])
    first, second = (json.loads(asked.body) for asked in server.asked)
    assert reply.call.failure is None
    assert first["response_format"]["type"] == "json_schema"
    assert "temperature" in first
    assert "prompt_cache_key" not in first, "only the vendor itself is known to take it"
    assert second["response_format"]["type"] == "json_object"
    assert "temperature" not in second


async def test_a_request_that_is_rejected_in_any_form() -> None:
    reply, server = await answered([error(400, "Unknown field: messages")])
    assert reply.call.failure is F.SERVER
    assert "Unknown field: messages" in reply.call.said
    assert len(server.asked) == 2


# --- what comes back ----------------------------------------------------------------------------------------------


async def test_usage_is_what_the_provider_counted() -> None:
    reply, _ = await answered([GOOD])
    assert reply.call.usage == Usage(input=120, output=30, cached=64, counted=True)


async def test_usage_is_estimated_where_nothing_is_reported() -> None:
    reply, _ = await answered([completion('{"plans": ["p1"]}', counted=False)])
    assert not reply.call.usage.counted
    assert reply.call.usage.input > 0
    assert reply.call.usage.output > 0


async def test_both_replies_are_paid_for_when_the_first_could_not_be_read() -> None:
    reply, _ = await answered([completion(PROSE), GOOD])
    assert reply.call.usage == Usage(input=240, output=60, cached=128)


async def test_claims_in_prose_are_toned_down_and_blame_is_dropped() -> None:
    said = {
        "sentences": [
            {"text": "CONFIRMED: the pool of orders-db ran out.", "cites": ["E1"]},
            {"text": "The on-call engineer was careless.", "cites": ["E1"]},
        ],
        "tests": [],
    }
    reply, _ = await answered([completion(json.dumps(said))], Task.ANSWER)
    assert reply.value == Answered(
        sentences=(Sentence(text="PROPOSED: the pool of orders-db ran out.", cites=("E1",)),)
    )
    assert reply.call.dropped == 1
    assert "CONFIRMED" in reply.call.reply, "the record keeps what came"


async def answered(answers: Sequence[Answer], task: Task = Task.CHOOSE, **given: Any) -> tuple[Any, Loopback]:
    async with loopback(in_turn(answers)) as server:
        asked = over(server.url, **given)
        reply = await asked.ask(question(task))
        await asked.aclose()
    return reply, server


async def lost(asked: Client) -> Any:
    reply = await asked.ask(question())
    await asked.aclose()
    assert reply.value is None
    return reply.call
