"""Traces behind a fact, one a line, with what opens them."""

from __future__ import annotations

from rich.text import Text

from compass.analysis.wording import quantity
from compass.entrypoints.cli.render.page import Page, labelled
from compass.entrypoints.cli.render.words import clock_time
from compass.entrypoints.cli.tracing import TraceLine, Traces

HOW = {
    "exemplars": "exemplars of its series, the highest value first",
    "search": "no exemplars; traces by their slowest span that matches",
}


def trace_lines(found: Traces, page: Page) -> list[Text]:
    """The fact, how its traces were found, and each of them."""
    lines = [labelled(found.fact.label, page.fit(found.fact.text))]
    start, end = (clock_time(ns).split()[0] for ns in (found.window.start_ns, found.window.end_ns))
    if not found.traces:
        searched = "no trace matches" if found.how == "search" else "no source of traces is connected to search in"
        lines.append(labelled("", page.fit(f"no exemplars, and {searched}, {start} to {end}"), "yellow"))
        return [*lines, labelled("", Text(page.fit(f"{found.query.language}: {found.query.text}"), style="dim"))]
    lines.append(labelled("", Text(page.fit(f"{HOW[found.how]}, {start} to {end}"), style="dim")))
    for one in found.traces:
        lines += _line(one, page)
    return [*lines, labelled("", Text(page.fit(f"{found.query.language}: {found.query.text}"), style="dim"))]


def _line(one: TraceLine, page: Page) -> list[Text]:
    value = quantity(one.value, one.unit) if one.unit else f"{one.value:g}"
    head = f"{value:>9}  {clock_time(one.at_ns).split()[0]}  "
    line = Text(head).append(one.trace_id, style="bold")
    about = f"  {page.fit(one.about, len(head) + len(one.trace_id) + 2)}" if one.about else ""
    lines = [line.append(about, style="dim")]
    return [*lines, Text(f"{'':11}{one.url}", style="dim")] if one.url else lines
