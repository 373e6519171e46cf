"""SIGKILL while a model is asked: who takes up the investigation comes to the same result, within the budget."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import msgspec
import pytest

from compass.domain.advice import LlmFailure, Task
from compass.domain.advised import ModelSent
from compass.projections.board import fold_all
from compass.projections.costs import calls_of
from tests.llm.providers.schemas import chat_answer
from tests.support.cli import Cli, forget_the_lease, payloads, ranked
from tests.support.loopback import Answer, Asked, loopback
from tests.support.running import run_once

pytestmark = pytest.mark.xdist_group("cli")
BUDGET_USD = 0.9
"""The first round's calls fit in, at what they cost at most; most of it is gone when they count like that."""
CONFIG = """[llm]
fast = "compatible:m"
[llm.providers.compatible]
url = "{url}"
[llm.budget]
investigation = {budget}
[llm.prices."compatible:m"]
input = 10.0
output = 20.0
"""


async def test_resume_comes_to_the_same_result_and_counts_the_call_at_what_was_set_aside(
    cli: Cli, tmp_path: Path, recordings: Path
) -> None:
    expected = run_once(recordings / "pool")
    config = tmp_path / "compass.toml"
    cli.environment = {"COMPASS_CONFIG": str(config)}
    reached, answers = asyncio.Event(), False

    def answer(_asked: Asked) -> Answer:
        reached.set()
        body = json.dumps(chat_answer({"content": "{}"}, "stop", "m")).encode()
        return Answer(body=body, wait_s=0.0 if answers else 3_600.0)

    async with loopback(answer) as server:
        config.write_text(CONFIG.format(url=server.url, budget=BUDGET_USD))
        process = cli.start("investigate", "--recording", recordings / "pool", "--json")
        await asyncio.wait_for(reached.wait(), 60)
        process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(process.communicate)
        for waiting in [*server.connections]:
            waiting.cancel()
        left = await asyncio.to_thread(cli.events)
        sent = payloads(left, ModelSent)
        assert sent
        assert {call.failure for call in calls_of(left)} == {LlmFailure.INTERRUPTED}
        forget_the_lease(cli)
        answers = True
        done = await asyncio.to_thread(cli, "resume", "--json")
    assert done.code == 0, done.said
    assert ranked(done.json()) == ranked(msgspec.to_builtins(expected.view, str_keys=True))
    events = await asyncio.to_thread(cli.events)
    calls = calls_of(events)
    interrupted = [call for call in calls if call.failure is LlmFailure.INTERRUPTED]
    assert interrupted == [one.call for one in sent], "each once, at what was set aside"
    assert all(call.cost_usd and f"{call.cost_usd:.2f} USD" in call.said for call in interrupted)
    assert {call.task for call in calls if call.failure is None} & {Task.CHOOSE, Task.CHANGES}, "asked again, and heard"
    refused = [call for call in calls if call.failure is LlmFailure.BUDGET]
    assert refused, "what the interrupted calls may have cost is not there to spend again"
    assert not any(call.tries for call in refused)
    advice = fold_all(events).advice
    assert not advice.under_way
    assert advice.spending.usd == pytest.approx(sum(call.charged_usd for call in calls))
    assert 0.0 < advice.spending.usd <= BUDGET_USD
