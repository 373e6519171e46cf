"""Figures as text for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.base import Figure, Result

HEAD = """# Benchmarks

Written by `python -m benchmarks --markdown docs/benchmarks.md`, one run by hand{quick}.
Machine: {machine}.

It is shared with other work, which slows everything down and not evenly: compare ratios rather than seconds of
different runs, and slopes with care where the load is above the number of cores. Figures that are compared with each
other come from one run in which the things compared took turns; each is the median of the rounds. Aims that were missed
are listed as missed.
"""


def text(summary: str, result: Result) -> str:
    """A few lines."""
    width = max(len(figure.name) for figure in result.figures)
    rows = [f"  {figure.name:{width}}  {_value(figure)}  {_aim(figure)}".rstrip() for figure in result.figures]
    notes = [f"  note: {note}" for note in result.notes]
    return "\n".join([f"{result.benchmark}: {summary}", f"  on {result.measured}", *rows, *notes, ""])


def markdown(results: Sequence[tuple[str, Result]], machine: str, *, quick: bool) -> str:
    """The whole report."""
    parts = [HEAD.format(machine=machine, quick=" with `--quick`" if quick else "")]
    for summary, result in results:
        rows = [f"| {figure.name} | {_value(figure)} | {_aim(figure)} |" for figure in result.figures]
        notes = [f"- {note}" for note in result.notes]
        about = f"{summary} Measured on {result.measured}."
        table = ["| figure | value | aim |", "|---|---:|---|", *rows, *(["", *notes] if notes else [])]
        parts.append("\n".join([f"## {result.benchmark}", "", about, "", *table, ""]))
    return "\n".join(parts)


def _value(figure: Figure) -> str:
    value = figure.value
    shown = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return f"{shown} {figure.unit}".rstrip()


def _aim(figure: Figure) -> str:
    if not figure.aim:
        return ""
    return figure.aim + ("" if figure.met is None else ": met" if figure.met else ": **missed**")
