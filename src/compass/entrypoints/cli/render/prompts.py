"""Exactly what was sent to a language model and what came back, call by call."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from compass.domain.advice import ModelCall
from compass.entrypoints.cli.render.costs import BILLED, money
from compass.entrypoints.cli.render.words import duration

NOTHING = "Nothing was sent to a language model."


def prompt_lines(calls: Sequence[ModelCall]) -> list[Text]:
    """Each call: for whom and at what cost, what left, what came. Every line is whole: it is read to check the gate."""
    if not calls:
        return [Text(NOTHING)]
    lines: list[Text] = []
    for number, call in enumerate(calls, start=1):
        lines += [Text(_head(number, call), style="bold"), Text(_cost(call), style="dim")]
        sent = "SENT EARLIER, NOT AGAIN" if call.reused else "SENT" if call.tries else "NOT SENT"
        lines += [Text(f"--- {sent}", style="dim"), *map(Text, call.prompt.split("\n"))]
        lines.append(Text("--- CAME BACK", style="dim"))
        lines += [Text(line) for line in call.reply.split("\n")] if call.reply else [Text(call.said or "nothing")]
        if call.reply and call.said:
            lines.append(Text(f"--- {call.said}", style="yellow"))
        lines.append(Text(""))
    sent_calls = sum(not call.reused and call.tries > 0 for call in calls)
    lines.append(Text(f"{sent_calls} sent, {sum(call.reused for call in calls)} answered from earlier ones. {BILLED}"))
    return lines


def _head(number: int, call: ModelCall) -> str:
    who = " ".join(word for word in (call.agent, call.phase, call.hypothesis) if word)
    reused = "  (reused)" if call.reused else ""
    failed = f"  failed: {call.failure.value}" if call.failure is not None else ""
    model = f"{call.provider}:{call.model} ({call.role.value})"
    return f"=== {number}  {call.task.value}  {who or '-'}  {model}{reused}{failed}"


def _cost(call: ModelCall) -> str:
    about = "" if call.usage.counted else "about "
    cost = "of unknown price" if call.cost_usd is None else money(call.cost_usd)
    cached = f" ({call.usage.cached:,} cached)" if call.usage.cached else ""
    return (
        f"prompt {call.prompt_version}; {about}{call.usage.input:,} tokens in{cached}, {call.usage.output:,} out; "
        f"{cost}; {duration(call.elapsed_ms / 1000)}; {call.tries} {'try' if call.tries == 1 else 'tries'}; "
        f"{call.dropped} claims dropped"
    )
