"""Why an account has its confidence: every term, in log units and as a factor."""

from __future__ import annotations

import math

from rich.text import Text

from compass.domain.board import Board
from compass.domain.commands import command
from compass.domain.posterior import Term
from compass.entrypoints.cli.render.evidence import documents_of
from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.cli.render.screen import headline, without_model
from compass.entrypoints.cli.render.words import percent
from compass.projections.view import AccountLine, View

HOW_TO_READ = "Each line multiplies the odds by its factor (logs add up); [E14]: {}"

PROPOSED = "What suggested it counts for nothing, its tests and what speaks against it do: proposed by "


def terms_of(board: Board, account: str) -> list[Term]:
    """The terms of one account: the prior first, then the largest."""
    if board.posterior is None:
        return []
    own = [term for term in board.posterior.terms if term.account == account]
    return own[:1] + sorted(own[1:], key=lambda term: (-abs(term.log_score), term.group))


def why_lines(board: Board, view: View, account: AccountLine, page: Page) -> list[Text]:
    """A line a term, their sum, and what it is compared with."""
    terms = terms_of(board, account.id)
    lines = [
        headline(view, page),
        *without_model(view, page),
        Text(f"Why {account.label} has {percent(account.confidence)}: ", style="bold").append(
            page.fit(account.claim, 24)
        ),
        *([Text(page.fit(f"{PROPOSED}{account.proposed_by}", 0), style="magenta")] if account.proposed_by else []),
        Text(
            page.fit(HOW_TO_READ.format(command("evidence E14", page.of)), 0),
            style="dim",
        ),
        Text(f"{'log':>7} {'factor':>9}  what moved it", style="dim"),
    ]
    for term in terms:
        style = "green" if term.log_score > 0 else "red"
        lines.append(Text(f"{term.log_score:>+7.2f} {_factor(term.log_score):>9}  ", style=style).append(
            page.fit(_with_labels(term, board), 19), style=""
        ))  # fmt: skip
    total = math.fsum(term.log_score for term in terms)
    lines.append(Text(f"{total:>+7.2f}            total; compared with:", style="bold"))
    for name, share in _others(view, account):
        lines.append(Text(f"{'':>19}{percent(share):>7}  {page.fit(name, 28)}", style="dim"))
    lines += documents_of(view, account, page)
    lines.append(Text(f"engine {view.engine}, table {view.table_sha256[:12]}", style="dim"))
    return lines


def _factor(log_score: float) -> str:
    factor = math.exp(min(50.0, abs(log_score)))
    shown = f"{factor:.1f}" if factor < 100 else f"{factor:,.0f}" if factor < 1e6 else f"{factor:.0e}"
    return f"×{shown}" if log_score >= 0 else f"÷{shown}"


def _with_labels(term: Term, board: Board) -> str:
    rests: list[str] = []
    for item in board.evidence:
        if item.id in term.because:
            rests += [board.observation_labels[key] for key in item.rests_on if key in board.observation_labels]
    known = list(dict.fromkeys(rests))
    labels = ", ".join(known[:3]) + (f" +{len(known) - 3}" if len(known) > 3 else "")
    return f"[{labels}] {term.text}" if labels else term.text


def _others(view: View, account: AccountLine) -> list[tuple[str, float]]:
    rows = [(f"{a.label} {a.claim}", a.confidence) for a in view.accounts if a.id != account.id][:4]
    return [*rows, ("not on this list", view.not_listed), ("no incident", view.no_incident)]
