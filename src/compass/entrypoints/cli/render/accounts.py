"""Every account in full."""

from __future__ import annotations

from rich.text import Text

from compass.entrypoints.cli.render.screen import (
    Page,
    claim_line,
    headline,
    labelled,
    leading_details,
    notes,
    shares,
)
from compass.entrypoints.cli.render.words import clock_time, percent
from compass.projections.view import AccountLine, View

FOLD_BELOW = 0.01


def all_accounts(view: View, page: Page) -> list[Text]:
    """The living accounts, then what was refuted with the evidence that did it."""
    lines: list[Text] = [headline(view, page)]
    for account in view.accounts:
        if account.confidence >= FOLD_BELOW or account.rank <= 5:
            lines += [*account_block(account, page), Text("")]
    folded = [a for a in view.accounts if a.confidence < FOLD_BELOW and a.rank > 5]
    if folded:
        lines.append(Text(f"below {percent(FOLD_BELOW)} each (compass accounts N shows one in full)", style="bold"))
        lines += [*(claim_line(account, page) for account in folded), Text("")]
    if view.refuted:
        lines.append(Text("refuted", style="bold"))
        lines += [line for account in view.refuted for line in account_block(account, page)]
        lines.append(Text(""))
    if not view.accounts and not view.refuted:
        lines.append(labelled("WHY", view.said or "no account could be stated"))
    lines.append(shares(view, page))
    return lines + [labelled("note", note, "yellow") for note in notes(view)]


def account_block(account: AccountLine, page: Page) -> list[Text]:
    """One account: claim, mechanism and family, since when, what it explains, evidence, attempts, checks, relief."""
    lines = [claim_line(account, page)]
    where = f"{account.mechanism} ({account.family}) at {account.entity}"
    lines.append(labelled("", f"{where}, since {clock_time(account.onset_ns)}"))
    if account.explains:
        lines.append(labelled("  so", f"explains {'; '.join(account.explains)}"))
    return lines + leading_details(account, page)
