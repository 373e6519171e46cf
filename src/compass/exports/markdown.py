"""The post-mortem draft in Markdown (DESIGN §10), from the chronicle alone.

Every factual sentence ends in the number of the event it comes from, `[#45]`; the appendix says what those events
hold. Where there is no evidence the draft asks people instead of inventing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compass.domain import chronicle as c
from compass.domain.disproof import Outcome
from compass.domain.mechanism import Mechanism
from compass.domain.observation import Verdict
from compass.domain.time import Instant
from compass.exports.appendix import appendix
from compass.exports.causes import LEVELS, causes, normal_work
from compass.exports.deciding import decisions
from compass.exports.draft import Draft
from compass.exports.improvements import improvements
from compass.exports.journey import interaction, journey
from compass.exports.overview import ending, overview, timeline, title
from compass.exports.prose import clock, code, name, percent, plain, sentence
from compass.exports.sources_of_fact import cite, gap_key
from compass.exports.told import LEARNING, SECTIONS, ModelProse, Told, facts_of
from compass.exports.written_down import written_down
from compass.projections.board import fold_all
from compass.projections.build_view import build_view
from compass.projections.documents import said_words, source_words
from compass.projections.lost import follows_from, reason

FORMAT = "markdown"
MOST_TOLD = 600  # characters of what one tool said


def postmortem(
    events: Sequence[c.Event], mechanisms: Mapping[str, Mechanism], *, id: str, number: int,  # noqa: A002
    prose: ModelProse | None = None,
) -> str:  # fmt: skip
    """The whole draft, with what a model wrote in front of the facts where `prose` is given. Raises ValueError when the
    investigation never opened."""
    draft = _draft(events, mechanisms, id, number)
    sections = (
        title, overview, timeline, ending, normal_work, causes, journey, interaction, _similar, written_down, _written,
        _told,
        decisions, _unseen, _improvements, _learning, _questions, _cost,
    )  # fmt: skip
    names = {make: name for name, (make, _) in SECTIONS.items()} | {_learning: LEARNING}
    made: list[str] = []
    for section in sections:
        lines = section(draft)
        if not lines:
            continue
        if prose is not None and section in names:
            lines = [*lines[:2], *prose.before(names[section]), *lines[2:]]  # behind the heading
        elif prose is not None and section is _cost:
            lines = [*lines, *prose.cost(draft.cites.of("modelasked"))]
        made.append("\n".join(lines) + "\n")
    body = "\n".join(made)
    return body + "\n" + "\n".join(appendix(draft, body)) + "\n"


def prose_facts(
    events: Sequence[c.Event], mechanisms: Mapping[str, Mechanism], *, id: str, number: int  # noqa: A002
) -> tuple[Told, ...]:  # fmt: skip
    """What a model that writes prose for this draft is given."""
    return facts_of(_draft(events, mechanisms, id, number), _learning)


def _draft(events: Sequence[c.Event], mechanisms: Mapping[str, Mechanism], id: str, number: int) -> Draft:  # noqa: A002
    board = fold_all(events)
    view = build_view(board, mechanisms, id=id, number=number)
    return Draft(board=board, view=view, cites=cite(events), mechanisms=mechanisms)


PATTERN_SAID = {
    "validated": "a pattern that was validated", "rejected": "marked as no pattern",
    "pruned": "a pattern that was pruned",
}  # fmt: skip


def _similar(d: Draft) -> list[str]:
    lines, asked = ["## Similar incidents", ""], "Question: have you seen this before?"
    if d.view.past_searched is None:
        why = f"earlier incidents could not be asked ({d.view.past_lost})" if d.view.past_lost else ""
        return [*lines, f"- Not examined: {why or 'no earlier incidents were consulted'}. {asked}"]
    cited = d.cites.of("recalled")
    if not d.view.past:
        known = (
            f"None of {d.view.past_searched} earlier incidents was like this one"
            if d.view.past_searched
            else ("No earlier incident is known yet")
        )
        return [*lines, f"- {known}. {asked}{cited}"]
    for one in d.view.past:
        fix = f" It was resolved by: {one.fix}." if one.fix else ""
        both = f" Both show: {', '.join(one.because)}." if one.because else ""
        said = f" ({PATTERN_SAID[one.pattern]})" if one.pattern else ""
        lines.append(f"- #{one.number} of {one.on}, {one.similarity:.0%} alike: {one.was}{said}.{both}{fix}{cited}")
    return lines


def _written(d: Draft) -> list[str]:
    """What the team's documents say, as their words; no section where nothing was found."""
    if not d.view.documents:
        return []
    lines = ["## What the team's documents say", "", "- Quoted as they stand there. Nothing here rests on them."]
    for one in d.view.documents:
        about = f", found for {', '.join(one.about)}" if one.about else ""
        source = f" ({plain(said)})" if (said := source_words(one)) else ""
        words = code(said_words(one.text), MOST_TOLD)
        cited = d.cites.of("document", f"{one.document}:{one.first_line}")
        lines.append(f"- {one.label} {plain(one.kind)} {plain(one.place)}{source}{about}: {words}{cited}")
    lines.append("- Question: was it right, was it found in time, and what does it lack?")
    return lines


def _told(d: Draft) -> list[str]:
    """What the team's own tools said, as their words; no section where none was asked."""
    if not d.board.told:
        return []
    lines = ["## What the team's own tools said", "", "- Their words, quoted as they came. Nothing here rests on them."]
    for label, one in d.board.told.items():
        about = f" about {name(one.entity)}" if one.entity is not None else ""
        part = f" ({plain(', '.join(one.coverage.missing))})" if one.coverage.missing else ""
        lines.append(
            f"- {label} {code(one.tool)} of {plain(one.source)}{about}: {code(one.text or 'nothing', MOST_TOLD)}{part}"
            f"{d.cites.of('tool', one.id)}"
        )
    return lines


def _unseen(d: Draft) -> list[str]:
    """Each lost source once, whatever failed by it; each other gap once, with all that it hides."""
    lines = ["## What could not be observed", ""]
    for lost in d.view.lost:
        since = f" since {clock(Instant(ns=lost.since_ns))}" if lost.since_ns is not None else ""
        named = [gap for gap in d.board.gaps if gap[0].partition(": ")[0] in lost.parts]
        told = [gap_key(gap, hides) for gap, hides in named if follows_from(gap, (lost,))]
        sources = "".join(dict.fromkeys(d.cites.of("gap", key) for key in told))
        lines.append(
            f"- Lost: {plain(', '.join(lost.parts))} from {plain(lost.source)}{since}: {plain(reason(lost))}. "
            f"What that hides: {'; '.join(plain(hides) for hides in lost.hides)}.{sources}"
        )
    if d.view.model_lost:
        lines.append(f"- Without a language model: {sentence(d.view.model_lost)}{d.cites.of('modellost')}")
    hidden: dict[str, list[str]] = {}
    for gap, hides in d.view.gaps:
        hidden.setdefault(gap, []).append(hides)
    for gap, listed in hidden.items():
        sources = "".join(dict.fromkeys(d.cites.of("gap", gap_key(gap, hides)) for hides in listed))
        lines.append(
            f"- Not seen: {plain(gap)}. What that hides: {'; '.join(plain(hides) for hides in listed)}.{sources}"
        )
    lines.append("- Question: what else was not visible to those who worked on it?")
    return lines


def _improvements(d: Draft) -> list[str]:
    lines = ["## Improvements, strongest first", ""]
    for item in improvements(d.view):
        source = d.cites.of(*item.rests_on) if item.rests_on else ""
        lines.append(f"- **{item.strength}**: {sentence(item.text)}{source}")
    return lines


def _learning(d: Draft) -> list[str]:
    normal = sum(1 for o in d.board.observations.values() if o.verdict is Verdict.NORMAL)
    outcomes = [a.outcome for a in d.board.attempts.values()]
    open_ones = outcomes.count(Outcome.AMBIGUOUS) + outcomes.count(Outcome.NO_DATA)
    return [
        "## Learning points", "",
        f"- {len(d.board.anomalies())} signs were abnormal, and {normal} were measured and normal.{d.cites.up_to()}",
        f"- Of {len(outcomes)} attempts to refute, {outcomes.count(Outcome.REFUTED)} refuted, "
        f"{outcomes.count(Outcome.SURVIVED)} did not, and {open_ones} decided nothing.{d.cites.up_to()}",
        "- Question: what surprised those who took part, and what would they tell a colleague about it?",
    ]  # fmt: skip


def _questions(d: Draft) -> list[str]:
    lines = ["## Questions for the learning team", ""]
    for account in d.view.accounts[:2]:
        lines += [f"- {sentence(check)} (for {account.label})" for check in account.check]
    central = {f.observation.id: f.observation for account in d.view.accounts[:2] for f in account.central}
    lines += [f"- Already in the evidence: {said}" for said in d.facts(central.values())]
    if d.board.posterior is not None:
        lines.append(
            f"- {percent(d.view.not_listed)} of the belief is on nothing in this list. Question: who could know "
            f"something that COMPASS cannot observe?{d.cites.of('posteriorupdated')}"
        )
    if len(lines) == 2:
        lines.append("- Question: who could know something that COMPASS cannot observe?")
    return lines


def _cost(d: Draft) -> list[str]:
    attempts = len(d.board.attempts)
    screened = sum(1 for _agent, step in d.board.steps_done if step not in d.board.plans)
    took = f" took {d.view.elapsed_s:.1f} s and" if d.view.elapsed_s is not None else ""
    source = d.cites.of("timingmeasured") or d.cites.up_to()
    spending = d.board.advice.spending
    asked = "no language model was used"
    if spending.calls or spending.reused:
        asked = f"a language model was asked {spending.calls} times in all, for {spending.usd:.4f} USD"
    return [
        "## Cost", "",
        f"- The investigation{took} made {screened} screening steps and {attempts} attempts to refute; "
        f"{asked}.{source}",
    ]  # fmt: skip


__all__ = ["FORMAT", "LEVELS", "postmortem", "prose_facts"]
