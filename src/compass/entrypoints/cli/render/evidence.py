"""The evidence of one account, each with the query to run it again."""

from __future__ import annotations

from urllib.parse import urlsplit

from rich.text import Text

from compass.analysis.wording import quantity
from compass.domain.observation import Observation
from compass.entrypoints.cli.render.briefed import aside_block
from compass.entrypoints.cli.render.page import Page, labelled
from compass.entrypoints.cli.render.screen import attempt_line, claim_line, distinct, headline, without_model
from compass.entrypoints.cli.render.sparkline import sparkline
from compass.entrypoints.cli.render.words import clock_time
from compass.projections.documents import source_words
from compass.projections.view import AccountLine, DocumentLine, Fact, ToldLine, View

SPARK_WIDTH = 48


def evidence_lines(view: View, account: AccountLine, page: Page, most_query: int | None = None) -> list[Text]:
    """For, against, and the attempts to refute. `most_query`: characters of each query that are shown; None: all."""
    lines = [headline(view, page), *without_model(view, page), claim_line(account, page)]
    labels = {fact.label for fact in (*account.evidence_for, *account.evidence_against)}
    for name in view.names:
        if name.label in labels:
            said = f"{name.label} reads like {name.meaning} (the model's reading, not evidence): {name.why}"
            lines.append(labelled("  model", page.fit(said), "magenta"))
    for title, facts in (("for", account.evidence_for), ("against", account.evidence_against)):
        lines.append(Text(f"{title} ({len(distinct(facts))})", style="bold"))
        for fact in distinct(facts):
            lines += fact_block(fact, page, most_query)
    lines.append(Text(f"attempts to refute ({len(account.attempts)})", style="bold"))
    for attempt in account.attempts:
        lines.append(labelled("  if true", page.fit(attempt.expectation, 10)))
        lines.append(attempt_line(attempt, page))
    if written := documents_of(view, account, page):
        lines += [Text(f"written by the team ({len(written)})", style="bold"), *written]
    return lines + aside_block(view, page)


def fact_block(fact: Fact, page: Page, most_query: int | None = None) -> list[Text]:
    """What was seen, its picture, the numbers, coverage and the query, at most so many characters of it."""
    o = fact.observation
    lines = [labelled(f"  {fact.label}", page.fit(fact.text))]
    if o.spark is not None:
        drawn = sparkline(o.spark.values, min(SPARK_WIDTH, page.width - 12), unicode=page.unicode)
        ends = f"{clock_time(o.spark.window.start_ns).split()[0]} to {clock_time(o.spark.window.end_ns).split()[0]}"
        lines.append(labelled("", Text(drawn, style="magenta").append(f"  {ends}", style="dim")))
    lines.append(labelled("", Text(page.fit(numbers(o)), style="dim")))
    query = page.fit(f"{o.query.language}: {o.query.text}")
    if most_query is not None and len(query) > most_query:
        query = f"{query[:most_query]} … (whole: evidence {fact.label})"
    lines.append(labelled("", Text(query, style="dim")))
    if o.query.url:
        # An address of some hundred characters helps nobody on a terminal, which can hide it behind a word.
        words = "open in Grafana Explore" if urlsplit(o.query.url).path.endswith("/explore") else "open in Grafana"
        shown = Text(o.query.url) if page.uncut else Text(words, style=f"link {o.query.url}")
        lines.append(labelled("", shown))
    return lines


def told_block(one: ToldLine, page: Page) -> list[Text]:
    """What a tool of the team's own says, whole, and how it was asked. Its text may say anything: it is shown as it is,
    without escapes and secrets."""
    lines = [labelled(f"  {one.label}", page.fit(f"{one.asked} says (its words, not evidence; nothing was weighed):"))]
    lines += [labelled("", Text(text)) for text in (one.text or "nothing").split("\n")]
    offered = f"offered to {', '.join(one.specialists) or 'all specialists'}"
    coverage = f"coverage partial: {', '.join(one.missing)}" if one.missing else "coverage complete"
    asked_at = f"asked at {clock_time(one.at_ns).split(' (')[0]}"
    lines.append(labelled("", Text(page.fit(f"{offered} · {asked_at} · {coverage}"), style="dim")))
    lines.append(labelled("", Text(page.fit(f"mcp: {one.tool} {one.arguments}"), style="dim")))
    return lines


def document_block(one: DocumentLine, page: Page) -> list[Text]:
    """A passage as it stands in the document, without escapes and secrets: what to do is the reader's to judge."""
    said = f"{one.kind} {one.place} (the team's words, not evidence; nothing was weighed):"
    lines = [labelled(f"  {one.label}", page.fit(said))]
    lines += [labelled("", Text(text)) for text in one.text.split("\n")]
    found = f"found for {', '.join(one.about) if one.about else 'the page and what is affected'}"
    source = source_words(one) or "its age is not known"
    lines.append(labelled("", Text(page.fit(f"{found} · {source}"), style="dim")))
    return lines


def documents_of(view: View, account: AccountLine, page: Page) -> list[Text]:
    """What the team's documents say of one account, a line each: where it stands, not what it says."""
    own = [one for one in view.documents if account.label in one.about]
    return [
        labelled(f"  {one.label}", page.fit(f"{one.place}: the team's words, weighs nothing"), "dim") for one in own
    ]


def numbers(o: Observation) -> str:
    """Value, baseline, score, since, quality, coverage."""
    parts = [f"{o.sign} at {o.entity}", f"{o.quality.value}"]
    if o.value is not None:
        parts.append(f"now {quantity(o.value.value, o.value.unit)}")
    if o.baseline is not None:
        parts.append(f"usually {quantity(o.baseline.value, o.baseline.unit)}")
    if o.stats is not None:
        parts.append(f"{o.stats.method} {o.stats.score:.1f} (n = {o.stats.samples}, before {o.stats.baseline_samples})")
    if o.since is not None:
        parts.append(f"since {clock_time(o.since.ns).split(' (')[0]}")
    parts.append("coverage complete" if o.coverage.complete else f"coverage partial: {_holes(o)}")
    return " · ".join(parts)


def _holes(o: Observation) -> str:
    said = list(o.coverage.missing[:3])
    if o.coverage.truncated:
        said.append("truncated")
    if not o.coverage.unsampled:
        said.append(f"{o.coverage.sampling:.0%} sampled")
    return ", ".join(said)
