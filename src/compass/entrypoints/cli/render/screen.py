"""The first screen: what, where, recent changes, the ranked accounts. It fits 24 lines of 80 columns.

Everything behind a line is one command away; the last line says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from compass.domain.commands import command
from compass.domain.disproof import Outcome
from compass.domain.failure import FailureMode, Status
from compass.domain.hypothesis import NO_CHANGE
from compass.domain.recheck import Recovery
from compass.entrypoints.cli.render.beside import documents, ordered, past, proposed, told_lines, unread
from compass.entrypoints.cli.render.briefed import aside, call, critical, known, stated, work
from compass.entrypoints.cli.render.page import LABEL, Page, labelled
from compass.entrypoints.cli.render.sparkline import sparkline
from compass.entrypoints.cli.render.words import clock_time, duration, lost_words, names, offset, percent
from compass.projections.view import AccountLine, AttemptLine, ChangeLine, Fact, RecheckLine, View

OUTCOME_STYLE = {
    Outcome.REFUTED: "red", Outcome.SURVIVED: "green", Outcome.AMBIGUOUS: "yellow", Outcome.NO_DATA: "dim",
}  # fmt: skip
OUTCOME_WORD = {
    Outcome.REFUTED: "refuted", Outcome.SURVIVED: "survived", Outcome.AMBIGUOUS: "ambiguous",
    Outcome.NO_DATA: "no data",
}  # fmt: skip
RECOVERY_STYLE = {
    Recovery.RECOVERED: "green", Recovery.RECOVERING: "yellow", Recovery.UNCHANGED: "red", Recovery.WORSE: "bold red",
    Recovery.UNKNOWN: "dim",
}  # fmt: skip
NO_CHANGES = {
    "ok": "none recorded", "degraded": "none recorded, in a record that is not complete",
    "lost": "not known: their source could not be read",
}  # fmt: skip
SPARK = 12
SOURCE = {"model": "model", "human": "person"}
SECOND = "   and"
NOT_FOUND = ("page time", "")
WORTH_A_LINE = 0.01  # beside the answer that nothing is wrong
SAYS = {"model": "model's theory: ", "human": "your theory: "}
ACT_FROM = 0.3  # below this, or when "not on this list" leads, a command that changes something is no relief


@dataclass(frozen=True, slots=True)
class _Row:
    """A line and when it may go on a small screen: 0 never, the largest number first."""

    text: Text
    drop: int = 0


def first_screen(view: View, page: Page) -> list[Text]:
    """The whole first screen as lines; on a terminal at most as many as fit, the prompt's own line left over."""
    rows = [_Row(headline(view, page)), *map(_Row, critical(view, page))]
    rows += [_Row(line, drop=3 if i == 2 else 0) for i, line in enumerate(what(view, page))]
    rows += [_Row(line, drop=2 if i else 0) for i, line in enumerate(where(view, page))]
    rows += [_Row(line) for line in (*stated(view, page), *changes(view, page))]
    rows += [_Row(line, drop=3 if i else 1) for i, line in enumerate(work(view, page))]
    rows += [_Row(line, drop=3 if i > 1 else 1) for i, line in enumerate(known(view, page))]
    rows.append(_Row(Text(""), drop=6))
    rows += _account_rows(view, page)
    rows.append(_Row(shares(view, page)))
    rows += [_Row(line, drop=4 if i else 0) for i, line in enumerate(past(view, page))]
    rows += [_Row(line, drop=4) for line in proposed(view, page)]
    rows += [_Row(line, drop=6) for line in ordered(view, page)]
    rows += [_Row(line, drop=5) for line in unread(view, page)]
    rows += [_Row(line, drop=4 if i else 2) for i, line in enumerate(documents(view, page))]
    rows += [_Row(line, drop=4) for line in told_lines(view, page)]
    rows += [_Row(line, drop=5) for line in aside(view, page)]
    rows += [_Row(line, drop=5 if i else 2) for i, line in enumerate(call(view, page))]
    said = [labelled("note", page.fit(note), "yellow") for note in notes(view)[: page.most(1, 20)]]
    rows += [_Row(line, drop=5) for line in said]
    rows.append(_Row(footer(view, page)))
    return _squeeze(rows, page)


def _squeeze(rows: list[_Row], page: Page) -> list[Text]:
    if page.full or page.uncut:
        return [row.text for row in rows]
    while len(rows) > page.height - 1:
        last = max(rows, key=lambda row: row.drop)
        if last.drop == 0:
            break
        rows = [row for row in rows if row is not last]
    return [row.text for row in rows]


def headline(view: View, page: Page) -> Text:
    # "done" alone would read as if the incident were over.
    state = "investigating" if view.status is Status.RUNNING else f"investigation {view.status.value}"
    tail = f"  #{view.number} · {state}"
    return Text(page.fit(view.title, len(tail)), style="bold").append(tail, style="dim")


def without_model(view: View, page: Page) -> list[Text]:
    """That the language model was lost, for whatever shows a part of an investigation; nothing where it was not."""
    return [labelled("note", page.fit(view.model_lost), "yellow")] if view.model_lost else []


def what(view: View, page: Page) -> list[Text]:
    """When it began and was paged, the clearest symptoms, one an entity, the runbook's first steps, and the last
    recheck."""
    paged_at = f"paged {clock_time(view.detected_ns).split(' (')[0]}"
    lines = [labelled("WHAT", page.fit(f"{since(view)}; {paged_at}"))]
    quoted = page.uncut and bool(view.symptom)
    if quoted:
        lines.append(labelled("", f"the page said: {view.symptom}"))
    shown = _one_per_entity(view.situation.symptoms)[: page.most(2, 5)]
    lines += [fact_line("", fact, page) for fact in shown]
    if not shown:
        nothing = "no symptom is visible in the telemetry"
        lines.append(labelled("", page.fit(nothing if quoted else view.symptom or nothing)))
    if view.runbook:
        lines.append(labelled("", page.fit(f"runbook: {view.runbook}")))
        steps = enumerate(view.runbook_steps[: page.most(1, 12)], start=1)
        lines += [labelled("", page.fit(f"  {number}. {step}")) for number, step in steps]
    if view.rechecks:
        lines.append(now_line(view.rechecks[-1], page))
    return lines


def now_line(one: RecheckLine, page: Page) -> Text:
    """One line for the first screen; the time is never cut."""
    tail = f" ({clock_time(one.at_ns)[:5]})"
    said = page.fit(f"now: {one.said}", LABEL + len(tail))
    return labelled("", Text(f"{said}{tail}", style=RECOVERY_STYLE[one.state]))


def since(view: View) -> str:
    """The onset with its uncertainty; a page time that had to stand in for it is not called an onset."""
    if view.onset_ns is None or view.onset_method in NOT_FOUND:
        return "since: not found"
    doubt = f" ± {duration(view.onset_uncertainty_ns / 1e9)}" if view.onset_uncertainty_ns else ""
    return f"since {clock_time(view.onset_ns)}{doubt}"


def _one_per_entity(facts: tuple[Fact, ...]) -> list[Fact]:
    seen: dict[str, Fact] = {}
    for fact in facts:
        seen.setdefault(fact.observation.entity.key, fact)
    return list(seen.values())


def fact_line(label: str, fact: Fact, page: Page) -> Text:
    """`E4 text ▁▁▇▇`: the sparkline stands at the right, where the eye compares."""
    spark = fact.observation.spark
    drawn = sparkline(spark.values, SPARK, unicode=page.unicode) if spark and page.width >= 60 else ""
    room = LABEL + len(fact.label) + 1 + (len(drawn) + 1 if drawn else 0)
    line = labelled(label, Text(f"{fact.label} ", style="dim"))
    line.append(page.fit(fact.text, room))
    return line.append(f" {drawn}", style="magenta") if drawn else line


def where(view: View, page: Page) -> list[Text]:
    """Who is affected and who is not, and the likeliest places of its beginning with their shares. A full screen also
    says who notices and what is not measured."""
    most = page.most(4, 99) or 99
    s = view.situation
    inside = f"abnormal inside: {names(s.strained, most)}"
    hit = f"affected: {names(s.affected, most, marked=view.service)}" if s.affected or not s.strained else inside
    lines = [labelled("WHERE", page.fit(f"{hit} · normal: {names(s.unaffected, most - 2)}"))]
    begins = ", ".join(f"{place.entity} {percent(place.confidence)}" for place in view.places[:most])
    lines += [labelled("", page.fit(f"began at: {begins}"))] if begins and not nothing_wrong(view) else []
    if page.full or page.uncut:
        rows = (("who notices", s.notices), ("not measured", s.unmeasured))
        lines += [labelled("", f"{what}: {names(entities, most)}") for what, entities in rows if entities]
        lines += [labelled("", inside)] if s.strained and s.affected else []
    return lines


def changes(view: View, page: Page) -> list[Text]:
    """The weightiest possible triggers. Where there is none, whether none was recorded or nothing records any."""
    if not view.changes:
        status = next((status for part, status, _ in view.sources if part == "changes"), "")
        return [labelled("CHANGES", NO_CHANGES.get(status, "not known: no source of changes is connected"))]
    # Possible triggers by weight, then what was refuted: the nearest to the onset is the one that people suspect.
    ranked = sorted(
        view.changes, key=lambda c: (c.refuted is not None, 0 if c.refuted else -c.weight, abs(c.offset_s), c.id)
    )
    shown = ranked[: page.most(2, 10)]
    lines = [change_line("CHANGES" if i == 0 else "", change, page) for i, change in enumerate(shown)]
    if len(view.changes) > len(shown):
        lines[-1].append(f" (+{len(view.changes) - len(shown)})", style="dim")
    return lines


def change_line(label: str, change: ChangeLine, page: Page) -> Text:
    """What was refuted says why, what was not says what it did: the reason is what is looked for."""
    style = "red" if change.refuted else "green" if change.weight >= 0.3 else "dim"
    word = "refuted " if change.refuted else f"{change.verdict} "
    line = labelled(label, Text(word, style=style))
    said = change.refuted or change.summary
    if change.refuted and (page.full or page.uncut):
        said = f"{change.summary}; {change.refuted}"
    when = "at about the onset" if change.order == "unclear" else offset(change.offset_s)
    if change.read is not None and (page.full or page.uncut):
        said += (
            f" [the model reads its diff: {'could' if change.read.could else 'could not'} do this: {change.read.why}]"
        )
    rest = f"{change.id}, {when}: {said}"
    return line.append(page.fit(rest, LABEL + len(word) + 5))


def nothing_wrong(view: View) -> bool:
    """Whether the answer is that no incident is visible: then it comes before any account."""
    return view.failure is FailureMode.NO_INCIDENT


def _account_rows(view: View, page: Page) -> list[_Row]:
    """The leading account in some lines, the next ones in one or two."""
    if not view.accounts:
        said = [_Row(labelled("WHY", page.fit(view.said or "no account could be stated"), "yellow"))]
        return said + [_Row(labelled("  look at", page.fit(text)), drop=2) for text in view.look_at[: page.most(8, 20)]]
    if nothing_wrong(view) and not page.full:
        said = [_Row(labelled("WHY", page.fit(f"{percent(view.no_incident)}  {view.said}"), "bold green"))]
        worth = [account for account in view.accounts if account.confidence >= WORTH_A_LINE]
        return said + [_Row(claim_line(account, page), drop=7) for account in worth[: page.most(4, 5)]]
    rows: list[_Row] = []
    for place, account in enumerate(view.accounts[: page.most(4, 5)]):
        rows.append(_Row(claim_line(account, page), drop=7 if place == 3 else 0))
        if place == 0 or page.full:
            details = leading_details(account, page)
            rows += [_Row(line, drop=4 if line.plain.startswith(SECOND) else 0) for line in details]
        elif account.best_attempt is not None:
            rows.append(_Row(attempt_line(account.best_attempt, page), drop=7 + place))
    # What a person set aside stands at the end, wherever that is: it is not gone.
    last = [account for account in view.accounts[page.most(4, 5) :] if account.set_aside is not None]
    return rows + [_Row(claim_line(account, page), drop=3) for account in last[: page.most(2, 5)]]


def claim_line(account: AccountLine, page: Page) -> Text:
    head = f"{account.rank} {percent(account.confidence):>7}  "
    aside = account.set_aside is not None
    line = Text(head, style="dim" if aside else "bold green" if account.rank == 1 else "bold")
    line.append(f"{account.label} ", style="dim")
    claim = f"{SAYS.get(account.author, '')}{account.claim}"
    if aside:
        reason = f": {account.set_aside}" if account.set_aside else ""
        claim = f"set aside by you{reason} | {claim}"
    return line.append(page.fit(claim, len(head) + len(account.label) + 1), style="dim" if aside else "bold")


def leading_details(account: AccountLine, page: Page) -> list[Text]:
    """What stands below the claim of one account, as many lines as `page` has room for: trigger, evidence, attempts,
    checks, relief. A relief is a change: below ACT_FROM it is shown on full pages only."""
    lines = []
    if account.proposed_by:
        said = f"proposed by {account.proposed_by}; stands by its tests, by nothing it was made from"
        lines.append(labelled(f"  {SOURCE.get(account.author, 'by')}", page.fit(said), "magenta"))
    if account.trigger is not None:
        lines.append(labelled("  set off", page.fit(trigger_text(account), LABEL + 1)))
    supporting = distinct(account.evidence_for)[: page.most(2, 4)]
    lines += [fact_line("  for" if i == 0 else SECOND, fact, page) for i, fact in enumerate(supporting)]
    against = distinct(account.evidence_against)[: page.most(1, 3)]
    lines += [fact_line("  against", fact, page) for fact in against]
    if (page.full or page.uncut) and not against:
        lines.append(labelled("  against", "nothing measured speaks against it", "dim"))
    if page.full or account.best_attempt is None:
        lines += [attempt_line(attempt, page) for attempt in account.attempts]
    else:
        lines.append(attempt_line(account.best_attempt, page, f"{tally(account)}; "))
    checks = account.check[: page.most(1, 3)]
    lines += [labelled("  check", page.fit(text)) for text in checks]
    if account.mitigation is not None and (account.confidence >= ACT_FROM or page.full):
        lines += mitigation_lines(account, page)
    elif account.mitigation is not None:
        said = f"too uncertain to act on: check first ({command(f'accounts {account.rank}', page.of)} has one)"
        lines.append(labelled("  relief", page.fit(said), "dim"))
    return lines


def distinct(facts: tuple[Fact, ...]) -> list[Fact]:
    """Facts that read differently: two attempts may have measured the same thing."""
    return list({fact.text: fact for fact in reversed(facts)}.values())[::-1]


def trigger_text(account: AccountLine) -> str:
    trigger = account.trigger
    if trigger is None or trigger.change == NO_CHANGE:
        return "by no recorded change"
    # What it changed says more than what its author called it.
    did = account.central[0] if account.central else None
    said = f"{did.label} {did.text}" if did is not None else trigger.summary
    return f"by {trigger.change} ({percent(trigger.weight)}): {said}"


def tally(account: AccountLine) -> str:
    """How many attempts on the account itself came out how: "survived" alone would hide that most had no data."""
    own = [a.attempt.outcome for a in account.attempts if a.attempt.trigger is None]
    return ", ".join(f"{own.count(o)} {OUTCOME_WORD[o]}" for o in OUTCOME_WORD if own.count(o))


def attempt_line(attempt: AttemptLine, page: Page, before: str = "") -> Text:
    word = OUTCOME_WORD[attempt.attempt.outcome]
    line = labelled("  tried", before)
    line.append(f"{word} ", style=OUTCOME_STYLE[attempt.attempt.outcome])
    about = f", {attempt.attempt.trigger} as trigger" if attempt.attempt.trigger else ""
    text = f"({attempt.strategy.replace('_', ' ')}{about}) {attempt.attempt.found}"
    return line.append(page.fit(text, LABEL + len(before) + len(word) + 1))


def mitigation_lines(account: AccountLine, page: Page) -> list[Text]:
    m = account.mitigation
    if m is None:
        return []
    lines = [labelled("  relief", page.fit(m.text))]
    if m.command:
        lines.append(labelled("", Text(page.fit(m.command), style="bold")))
    if m.risk:
        lines.append(labelled("  risk", page.fit(m.risk)))
    if (page.full or page.uncut) and m.recovery:
        lines.append(labelled("", f"recovery looks like: {m.recovery}", "dim"))
    return lines


def shares(view: View, page: Page, listed: Sequence[AccountLine] | None = None) -> Text:
    """What the list does not hold. `listed`: the accounts that stand on it, where they are not usual for the page."""
    if not view.engine:
        said = f"no theory has been weighed; `{command('resume', page.of)}` goes on from here"
        return Text(page.fit(said, 0), style="yellow")
    text = f"not on this list {percent(view.not_listed)} · no incident {percent(view.no_incident)}"
    if view.team is not None and view.team.aside:
        text += f" · {len(view.team.aside)} set aside (team)"
    most = page.most(4, 5)
    folded = view.accounts[most:] if most else ()
    if listed is not None:
        folded = tuple(one for one in view.accounts if one not in listed)
    if folded:
        text += f" · {len(folded)} others {percent(sum(a.confidence for a in folded))}"
    if view.refuted:
        text += f" · {len(view.refuted)} refuted"
    if view.elapsed_s is not None:
        text += f" · took {duration(view.elapsed_s)}"
    if view.sequential_s and view.parallel_s:
        ratio = view.sequential_s / view.parallel_s
        apart = f"{duration(view.sequential_s)} one after another"
        text += f" · {duration(view.parallel_s)} in parallel, {apart} ({ratio:.1f}×)"
    return Text(page.fit(text, 0), style="dim")


def notes(view: View) -> list[str]:
    """Remarks, the weightiest first: what was lost of models and sources, the outcome in words, a page time that cannot
    be right, advice, and last what could not be seen."""
    said = list(view.advice)
    if view.onset_ns is not None and view.onset_ns - view.onset_uncertainty_ns > view.detected_ns:
        late = duration((view.onset_ns - view.detected_ns) / 1e9)
        said.insert(0, f"the trouble begins {late} after the page time that was given: is that time right?")
    told = view.failure is FailureMode.SOURCE_LOST and bool(
        view.lost
    )  # a line of its own says which, and what it hides
    if view.failure is not None and view.said and view.accounts and not nothing_wrong(view) and not told:
        said.insert(0, view.said)
    said[:0] = [text for text in (view.note, view.model_lost, *map(lost_words, view.lost)) if text]
    said += [f"not seen: {gap} ({hides})" for gap, hides in view.gaps]
    return said


def footer(view: View, page: Page) -> Text:
    """What to type next. Where each names its investigation, what does not fit is left out from the end: cut off before
    the number, it would mean another one."""
    names = ["show", "timeline", "postmortem"]
    if view.accounts:
        first = view.accounts[0].rank
        names = ["accounts", f"why {first}", f"evidence {first}", f"test {first}", "timeline", "postmortem"]
    named = [command(one, page.of).removeprefix("compass ") for one in names]
    while page.of and len(named) > 1 and not (page.full or page.uncut) and len(_more(named)) > page.width:
        named.pop()
    return Text(page.fit(_more(named), 0), style="dim")


def _more(names: Sequence[str]) -> str:
    return f"more: compass {' · '.join(names)}"
