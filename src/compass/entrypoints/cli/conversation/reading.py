"""What is read within a conversation: why, evidence, and what the reading commands show, in lines that fit."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace

from rich.console import Console
from rich.text import Text

from compass.domain.chronicle import Event
from compass.domain.time import to_datetime
from compass.entrypoints.cli import session
from compass.entrypoints.cli.conversation.named import keys_lines
from compass.entrypoints.cli.conversation.wanted import Show
from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.clock import SystemClock
from compass.entrypoints.money import month_begins
from compass.investigation.commanding import Desk
from compass.ports.chronicle import Chronicle

MOST_QUERY = 240
"""Characters of a query in sight where the evidence of a whole account is read; one fact alone shows all of it."""
_COLUMN = re.compile(r"^.{0,34}\s{2,}(?=\S)")
_LEAST_BESIDE = 24
"""Columns that what hangs below its label must have; with less of them it begins at the edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What there is to read from: the board as it was painted, and the chronicle behind it."""

    desk: Desk
    chronicle: Chronicle
    page: Page

    async def events(self) -> tuple[Event, ...]:
        return await self.chronicle.read(await self.chronicle.find(self.desk.view.id))


def at_once(show: Show, shelf: Shelf) -> list[Text] | None:
    """What the words ask to read; None where it has to be fetched. Raises NotFoundError where it names what is not
    there."""
    reads = _AT_ONCE.get(show.what)
    return reads(show, shelf) if reads is not None else None


async def fetched(show: Show, shelf: Shelf) -> list[Text]:
    """What has to be fetched. Raises NotFoundError and StorageError."""
    return await _FETCHED[show.what](show, shelf)


def wrapped(lines: Iterable[Text], width: int) -> tuple[Text, ...]:
    """Lines no wider than that. What goes on stands below the text that it goes on from, not below the label."""
    return tuple(part for parts in parted(lines, width) for part in parts)


def parted(lines: Iterable[Text], width: int) -> list[tuple[Text, ...]]:
    """The same for each of the lines by itself."""
    fitted = Console(width=width)
    return [_hung(line, width, fitted) for line in lines]


def _hung(line: Text, width: int, fitted: Console) -> tuple[Text, ...]:
    if line.cell_len <= width:
        return (line,)
    column = _COLUMN.match(line.plain)
    own = len(line.plain) - len(line.plain.lstrip())
    at = column.end() if column is not None else own
    if width - at < _LEAST_BESIDE:
        at = min(own, 4)
    head, rest = line[:at], line[at:]
    first, *more = rest.wrap(fitted, width - at)
    return (head.append_text(first), *(Text(" " * at).append_text(one) for one in more))


# --- what is there ----------------------------------------------------------------------------------------


def _why(show: Show, shelf: Shelf) -> list[Text]:
    from compass.entrypoints.cli.render.why import why_lines

    desk = shelf.desk
    return why_lines(desk.board, desk.view, session.pick(desk.view, show.about), shelf.page)


def _evidence(show: Show, shelf: Shelf) -> list[Text]:
    from compass.entrypoints.cli.render.evidence import document_block, evidence_lines, fact_block, told_block

    desk, about = shelf.desk, show.about
    if about[:1] in "Ee" and about[1:].isdigit():
        return fact_block(session.pick_fact(desk.board, about), shelf.page)
    if about[:1] in "Xx" and about[1:].isdigit():
        return told_block(session.pick_told(desk.view, about), shelf.page)
    if about[:1] in "Dd" and about[1:].isdigit():
        return document_block(session.pick_document(desk.view, about), shelf.page)
    return evidence_lines(desk.view, session.pick(desk.view, about), shelf.page, most_query=MOST_QUERY)


def _accounts(show: Show, shelf: Shelf) -> list[Text]:
    from compass.entrypoints.cli.render.accounts import all_accounts, block

    view = shelf.desk.view
    return block(session.pick_any(view, show.about), shelf.page) if show.about else all_accounts(view, shelf.page)


def _status(show: Show, shelf: Shelf) -> list[Text]:
    from compass.entrypoints.cli.render.told import briefing_lines
    from compass.projections.briefing import Audience, briefing

    audience = Audience(show.about or Audience.ENGINEERS)
    return briefing_lines(briefing(shelf.desk.board, shelf.desk.view, audience, SystemClock().now_ns()))


def _review(_show: Show, shelf: Shelf) -> list[Text]:
    from compass.entrypoints.cli.render.reviewed import decision_texts
    from compass.entrypoints.cli.reviewing import decision_lines

    made = decision_lines(shelf.desk.board, shelf.desk.mechanisms)
    return decision_texts(made, shelf.page) or [Text("Nothing was decided yet.")]


def _first_screen(_show: Show, shelf: Shelf) -> list[Text]:
    from compass.entrypoints.cli.render.screen import first_screen

    return first_screen(shelf.desk.view, replace(shelf.page, full=False, uncut=True))


# --- what is fetched --------------------------------------------------------------------------------------


async def _timeline(show: Show, shelf: Shelf) -> list[Text]:
    from compass.entrypoints.cli.render.timeline import timeline_lines
    from compass.projections.timeline import moments

    desk = shelf.desk
    listed = moments(await shelf.events(), desk.board)
    return timeline_lines(desk.view, listed, shelf.page, every=show.about == "all", more=": timeline all")


async def _cost(_show: Show, shelf: Shelf) -> list[Text]:
    from compass.entrypoints.cli.render.costs import cost_lines
    from compass.projections.costs import costs_of

    desk = shelf.desk
    costs = costs_of(await shelf.events(), desk.board, id=desk.view.id, number=desk.view.number)
    spent = await shelf.chronicle.spent(month_begins(to_datetime(SystemClock().now_ns())))
    return cost_lines(costs, spent.team, shelf.page)


async def _ask(show: Show, shelf: Shelf) -> list[Text]:
    """From the evidence alone: a model takes its time, and a test is ordered by its number."""
    from compass.entrypoints.cli.asking import answered
    from compass.entrypoints.cli.consulting import no_model
    from compass.entrypoints.cli.render.answer import answer_lines

    id_, chosen = shelf.desk.view.id, session.settings()
    answer = await answered(shelf.chronicle, chosen, id_, show.about, no_model, tests=False)
    return answer_lines(answer, replace(shelf.page, full=False))


_AT_ONCE: dict[str, Callable[[Show, Shelf], list[Text]]] = {
    "why": _why, "evidence": _evidence, "accounts": _accounts, "status": _status, "review": _review,
    "show": _first_screen, "keys": lambda _show, _shelf: list(keys_lines()),
    "said": lambda show, _shelf: [Text(line) for line in show.lines],
}  # fmt: skip
_FETCHED: dict[str, Callable[[Show, Shelf], Awaitable[list[Text]]]] = {
    "timeline": _timeline, "cost": _cost, "ask": _ask,
}  # fmt: skip
READS = frozenset(_AT_ONCE) | frozenset(_FETCHED)

__all__ = ["MOST_QUERY", "READS", "Shelf", "at_once", "fetched", "parted", "wrapped"]
