"""Providers and chosen models as lines of a screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from compass.entrypoints.cli.render.costs import BILLED
from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.cli.render.words import cut
from compass.ports.language_model import ModelHealth

if TYPE_CHECKING:
    from compass.entrypoints.cli.modelling import Listed, Models, Use

MOST_MODELS = 6


def list_lines(found: Models, page: Page) -> list[Text]:
    """The whole screen of `compass llm list`."""
    lines = [Text("chosen", style="bold")]
    if not found.chosen:
        lines.append(Text("  no model is chosen: that is normal, nothing needs one"))
    lines += [Text(f"  {one.role:<10} {one.model:<40} {_price(one)}") for one in found.chosen]
    lines += [Text(""), Text("providers", style="bold")]
    for one in found.providers:
        lines += _provider(one, page)
    lines += [Text(""), Text("compass llm use PROVIDER:MODEL chooses; compass llm test asks one word.")]
    return [*lines, Text(found.note, style="dim"), Text(BILLED, style="dim")]


def check_lines(checks: Sequence[ModelHealth]) -> list[Text]:
    """A row for each role; what to do where it failed is never cut."""
    lines = []
    for one in checks:
        state, style = ("ok", "green") if one.ok else ("failed", "red")
        line = Text(f"{one.role.value:<5} {one.provider}:{one.model}  ")
        line.append(state, style=style).append(f"  {one.elapsed_ms:.0f} ms", style="dim")
        if one.usage.input or one.usage.output:
            counted = "" if one.usage.counted else " (estimated)"
            cost = "price not known" if one.cost_usd is None else f"{one.cost_usd:.6f} USD"
            line.append(f"  {one.usage.input} tokens in, {one.usage.output} out{counted}, {cost}")
        lines.append(line)
        if not one.ok:
            lines.append(Text(f"      {one.detail}", style="yellow"))
    return [*lines, Text(BILLED, style="dim")]


def _provider(one: Listed, page: Page) -> list[Text]:
    if one.retired:
        return [Text(f"  {one.id:<11} {cut(one.retired, max(40, page.width - 14))}", style="dim")]
    there = one.detected or "not detected"
    line = Text(f"  {one.id:<11} {one.title:<27} {there}", style="" if one.detected else "dim")
    more = []
    if one.missing:
        more.append(f"missing: {one.missing}")
    if one.models:
        names = ", ".join(one.models[:MOST_MODELS])
        more.append(names + (f" and {len(one.models) - MOST_MODELS} more" if len(one.models) > MOST_MODELS else ""))
    elif one.fast:
        more.append(f"to begin with: {one.id}:{one.fast} (fast), {one.id}:{one.deep} (deep)")
    else:
        more.append(f"models: {one.names}")
    return [line, *(Text(f"  {'':<11} {cut(text, max(40, page.width - 14))}", style="dim") for text in more)]


def _price(one: Use) -> str:
    if one.input_usd is None or one.output_usd is None:
        return "price not known"
    return f"{one.input_usd:g} in, {one.output_usd:g} out USD/M tokens"
