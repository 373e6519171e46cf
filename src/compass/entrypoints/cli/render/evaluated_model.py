"""What a scripted model did and would have cost, as a part of the screen of `compass eval`."""

from __future__ import annotations

from rich.text import Text

from compass.domain.proposed import Standing
from compass.entrypoints.cli.render.tables import table
from compass.evaluation.report import Report

_STANDINGS = (Standing.STANDS, Standing.REFUTED, Standing.UNTESTABLE)


def model_lines(report: Report) -> list[Text]:
    """Nothing where no model took part."""
    found = {name: s.model for name, s in report.sets.items() if s.model is not None}
    if not found:
        return []
    head = (
        f"model: {report.model}", "suggested", "entered", "shared", *(s.value for s in _STANDINGS), "open", "dropped",
        "calls", "reused", "failed", "tokens in", "out", "median", "most",
    )  # fmt: skip
    rows, costs = [], []
    for name, one in found.items():
        r, total = one.record, one.record.total
        named = [r.standings.get(s.value, 0) for s in _STANDINGS]
        left = sum(r.standings.values()) - sum(named)
        counts = (r.suggested, r.entered, r.shared, *named, left, r.dropped, r.calls, r.reused, r.failed)
        sizes = (total.input, total.output, round(one.median_tokens), one.most_tokens)
        rows.append((name, *(f"{value:,}" for value in (*counts, *sizes))))
        n = report.sets[name].n
        costs += [(f"{name} {models}", f"{usd:.3f}", f"{usd / n:.4f}") for models, usd in one.usd.items()]
    asked = "everything after every round, nothing reused" if report.every_call else "as in an investigation"
    said = Text(f"the model was asked {asked}; tokens are estimated, medians and most are of one incident")
    return [*table(head, rows), said, Text(), *table(("listed prices, USD", "all", "an incident"), costs), Text()]
