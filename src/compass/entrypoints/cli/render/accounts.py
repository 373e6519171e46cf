"""Every account in full."""

from __future__ import annotations

from rich.text import Text

from compass.domain.commands import command
from compass.entrypoints.cli.render.page import Page, labelled
from compass.entrypoints.cli.render.screen import (
    SOURCE,
    attempt_line,
    claim_line,
    headline,
    leading_details,
    notes,
    shares,
)
from compass.entrypoints.cli.render.words import clock_time, percent
from compass.projections.view import AccountLine, ProposalLine, UnreadLine, View

FOLD_BELOW = 0.01


def all_accounts(view: View, page: Page) -> list[Text]:
    """The living accounts, then what was refuted with the evidence that did it."""
    lines: list[Text] = [headline(view, page)]
    for account in view.accounts:
        if account.confidence >= FOLD_BELOW or account.rank <= 5:
            lines += [*account_block(account, page), Text("")]
    folded = [a for a in view.accounts if a.confidence < FOLD_BELOW and a.rank > 5]
    if folded:
        one = command("accounts N", page.of)
        lines.append(Text(f"below {percent(FOLD_BELOW)} each ({one} shows one in full)", style="bold"))
        lines += [*(claim_line(account, page) for account in folded), Text("")]
    if view.refuted:
        lines.append(Text("refuted", style="bold"))
        lines += [line for account in view.refuted for line in account_block(account, page)]
        lines.append(Text(""))
    if view.proposals:
        authors = dict.fromkeys(AUTHORS.get(one.author, one.author) for one in view.proposals)
        lines.append(Text(f"proposed by {' and '.join(authors)}", style="bold magenta"))
        lines += [line for one in view.proposals for line in proposal_block(one, page)]
        lines.append(Text(""))
    if view.unread is not None and view.unread.most:
        lines.append(Text("moved, and the signal catalogue does not know what they are", style="bold"))
        lines += [line for one in view.unread.most for line in unread_block(one, page)]
        lines.append(Text(""))
    if not view.accounts and not view.refuted:
        lines.append(labelled("WHY", view.said or "no account could be stated"))
    lines.append(shares(view, page))
    return lines + [labelled("note", note, "yellow") for note in notes(view)]


AUTHORS = {"model": "a language model", "human": "a person"}


def proposal_block(one: ProposalLine, page: Page) -> list[Text]:
    """One proposal: the claim, what became of it, why it was proposed, what would disprove it, what was tried."""
    lines = proposal_head(one, page)
    if one.reasoning:
        cited = f" [{', '.join(one.cites)}]" if one.cites else ""
        lines.append(labelled("  it says", page.fit(f"“{one.reasoning}”{cited}")))
    if one.would_disprove:
        lines.append(labelled("  not if", page.fit(f"“{one.would_disprove}”")))
    lines += [labelled("  needs" if i == 0 else "", page.fit(text)) for i, text in enumerate(one.needs)]
    return lines + [attempt_line(attempt, page) for attempt in one.attempts]


def unread_block(one: UnreadLine, page: Page) -> list[Text]:
    """How it moved, and what a model makes of its name."""
    lines = [labelled(f"  {one.label}", page.fit(one.text))]
    if one.rejected:
        lines.append(labelled("", page.fit("a model's reading of it was rejected by people"), "magenta"))
    elif one.meaning:
        sign = f", which would be {one.sign}" if one.sign else ""
        said = f"read as {one.meaning} by {one.by}{sign} (the model's reading, not evidence): {one.why}"
        lines.append(labelled("  model", page.fit(said), "magenta"))
    return lines


def proposal_head(one: ProposalLine, page: Page) -> list[Text]:
    """The claim, whose it is and where it stands."""
    head = f"{one.label} "
    lines = [Text(head, style="dim").append(page.fit(one.claim, len(head)))]
    aside = "" if one.set_aside is None else f"; set aside by you: {one.set_aside or 'no reason given'}"
    said = page.fit(f"{one.by}; {one.said}{aside}")
    return [*lines, labelled(f"  {SOURCE.get(one.author, 'by')}", said, "magenta")]


def block(line: AccountLine | ProposalLine, page: Page) -> list[Text]:
    """One account, or one proposal that is none."""
    return account_block(line, page) if isinstance(line, AccountLine) else proposal_block(line, page)


def account_block(account: AccountLine, page: Page) -> list[Text]:
    """One account: claim, mechanism and family, since when, what it explains, evidence, attempts, checks, relief."""
    lines = [claim_line(account, page)]
    where = f"{account.mechanism} ({account.family}) at {account.entity}"
    lines.append(labelled("", f"{where}, since {clock_time(account.onset_ns)}"))
    if account.explains:
        lines.append(labelled("  so", f"explains {'; '.join(account.explains)}"))
    return lines + leading_details(account, page)
