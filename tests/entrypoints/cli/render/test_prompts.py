"""`compass show --prompts`: exactly what left and what came, safe to print."""

from __future__ import annotations

import pytest

from compass.domain.advice import LlmFailure, ModelCall, Role, Task, Usage
from compass.entrypoints.cli.render.output import console, show
from compass.entrypoints.cli.render.prompts import NOTHING, prompt_lines

SENT = ModelCall(
    id="m1", task=Task.PROPOSE, role=Role.FAST, provider="openai", model="small", prompt_version="propose 1.1 ab",
    prompt="rules\n\n<facts title=\"E\">\n{\"id\":\"E1\",\"untrusted\":\"[ip:abc123] " + "long " * 50 + "\"}\n</facts>",
    reply='{"theories":[]}', agent="database", phase="screen", usage=Usage(input=1200, output=30, cached=200),
    cost_usd=0.0012, dropped=1,
)  # fmt: skip


def printed(calls: list[ModelCall], capsys: pytest.CaptureFixture[str]) -> str:
    show(console(), prompt_lines(calls))
    return capsys.readouterr().out


def test_a_call_is_shown_whole_with_whom_and_cost(capsys: pytest.CaptureFixture[str]) -> None:
    out = printed([SENT], capsys)
    assert SENT.prompt in out
    assert SENT.reply in out
    for said in (
        "propose  database screen  openai:small (fast)",
        "1,200 tokens in (200 cached), 30 out",
        "0.0012 USD",
        "1 claims dropped",
    ):
        assert said in out
    assert "billed to your own key" in out


def test_reused_failed_and_unpriced_calls_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    from dataclasses import replace

    reused = replace(SENT, reused=True, tries=0)
    failed = replace(SENT, reply="", failure=LlmFailure.TIMEOUT, said="no answer within 60 s", cost_usd=None)
    unsent = replace(failed, tries=0, failure=LlmFailure.BUDGET, said="it would cost too much")
    out = printed([reused, failed, unsent], capsys)
    assert "(reused)" in out
    assert "SENT EARLIER, NOT AGAIN" in out
    assert "failed: timeout" in out
    assert "no answer within 60 s" in out
    assert "of unknown price" in out
    assert "NOT SENT" in out
    assert out.strip().splitlines()[-1].startswith("1 sent, 1 answered from earlier ones")


def test_nothing_in_it_reaches_the_terminal_as_an_order(capsys: pytest.CaptureFixture[str]) -> None:
    from dataclasses import replace

    out = printed([replace(SENT, prompt="a\x1b[2Jb\u202ec", reply="\x1b]0;owned\x07d\re")], capsys)
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\x07" not in out


def test_no_call_at_all_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed([], capsys).strip() == NOTHING
