"""Patterns as lines: what came back, whether being reminded of it helped, what may go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

from compass.analysis.effectiveness import Effect, PatternEffect, Prunable
from compass.analysis.patterns import PatternCount
from compass.domain.knowledge import Judgement
from compass.domain.learned import Cause, PatternVerdict
from compass.domain.mechanism import Mechanism
from compass.entrypoints.cli.judging import Judged
from compass.entrypoints.cli.remembered import Past
from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.cli.render.past import columns, day
from compass.projections.past import cause_words

MARKS = {PatternVerdict.VALIDATED: "validated", PatternVerdict.REJECTED: "no pattern", PatternVerdict.PRUNED: "pruned"}
EFFECTS = {Effect.HELPS: "helps", Effect.MISLEADS: "misleads", Effect.UNKNOWN: "too few to say"}
Mechanisms = Mapping[str, Mechanism]


def pattern_lines(past: Past, mechanisms: Mechanisms, page: Page, *, everything: bool = False) -> list[Text]:
    """What came back: how often it was it, how often it was put first in vain, when last, what fixed it.

    What people put away is only counted, unless all are wanted."""
    if not past.patterns:
        return [Text(f"no pattern yet: of {past.incidents} incidents nobody has said what they were (compass resolve)")]
    shown = [one for one in past.patterns if everything or not one.put_away]
    away = len(past.patterns) - len(shown)
    lines = [Text("   N  was it  was not  last seen   marked      what", style="dim")]
    for one in shown:
        fix = f"; fixed by: {one.fixes[0]}" if one.fixes else ""
        mark = MARKS[one.judgement.verdict] if one.judgement is not None else ""
        before = f"{one.number:>4}  {one.right:>6}  {one.wrong:>7}  {day(one.last)}  {mark:<10}  "
        lines.append(columns(before, f"{named(one, mechanisms)}{fix}", page))
        if one.judgement is not None:
            lines.append(columns(f"{'':>35}", _who(one.judgement), page))
    if away:
        lines.append(Text(f"{away} put away: compass patterns --all", style="dim"))
    return [*lines, Text("yours to say: compass patterns validate N · reject N · unmark N", style="dim")]


def named(pattern: PatternCount, mechanisms: Mechanisms) -> str:
    """A pattern as one phrase."""
    return cause_words(Cause(mechanism=pattern.mechanism, entity=pattern.entity), mechanisms)


SAID = {
    PatternVerdict.OPEN: "marked as nothing any more: it counts and proposes as any other",
    PatternVerdict.VALIDATED: "validated; it is shown as such where it proposes",
    PatternVerdict.REJECTED: "marked as no pattern: it proposes and counts no more",
    PatternVerdict.PRUNED: "pruned",
}


def judged_lines(judged: Judged, mechanisms: Mechanisms) -> list[str]:
    """What was recorded, where, and how to take it back."""
    pattern = judged.pattern
    verdict = pattern.judgement.verdict if pattern.judgement is not None else PatternVerdict.OPEN
    lines = [f"{named(pattern, mechanisms)}: {SAID[verdict]}", f"recorded in #{judged.recorded_in}"]
    if verdict is PatternVerdict.OPEN:
        return lines
    name = f"{pattern.mechanism}@{pattern.entity.name}"
    return [*lines, f"to take it back: compass patterns unmark {name}"]


def _who(one: Judgement) -> str:
    of = f" of {one.source}" if one.source else ""
    return f"by {one.by}{of} on {day(one.at)}{f': {one.reason}' if one.reason else ''}"


def effect_lines(effects: Sequence[PatternEffect], mechanisms: Mechanisms, page: Page) -> list[Text]:
    """Each pattern's record, with how far it can be trusted."""
    if not effects:
        return [Text("no pattern yet (compass resolve says what an incident was)")]
    head = "   N  recalled  proposed  judged  it was it  misled  share of right (95 %)  so far          what"
    lines = [Text(head, style="dim")]
    for one in effects:
        share = f"{one.share:.0%} ({one.low:.0%} to {one.high:.0%})" if one.share is not None else "nobody has said"
        before = (
            f"{one.pattern.number:>4}  {one.recalled:>8}  {one.proposed:>8}  {one.judged:>6}  {one.right:>9}  "
            f"{one.misled:>6}  {share:<22}  {EFFECTS[one.effect]:<14}  "
        )
        lines.append(columns(before, named(one.pattern, mechanisms), page))
    return [*lines, Text("misled: it led and was not it; too few to say: the interval holds a toss-up", style="dim")]


def prune_lines(found: Sequence[Prunable], mechanisms: Mechanisms, page: Page, *, applied: bool) -> list[Text]:
    """What may go, or went, and why."""
    if not found:
        return [Text("nothing to prune: no pattern is stale, surely misleads, or was never met again")]
    lines = []
    for one in found:
        lines.append(columns(f"{one.pattern.number:>4}  ", named(one.pattern, mechanisms), page))
        lines += [columns(f"{'':>8}", why, page) for why in one.because]
    if applied:
        said = f"{len(found)} pruned: they propose and count no more until seen again; unmark N brings one back"
    else:
        said = f"{len(found)} would go; nothing was changed: --apply does it"
    return [*lines, Text(said, style="dim")]
