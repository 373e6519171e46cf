"""The upper part of the screen: the agents, the list with what goes on, or the result. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from rich.text import Text

from compass.domain.disproof import Outcome
from compass.entrypoints.cli.conversation import modes as m
from compass.entrypoints.cli.conversation.scene import MOST_ACCOUNTS, Scene
from compass.entrypoints.cli.render.beside import documents, ordered, past, proposed, told_lines
from compass.entrypoints.cli.render.briefed import critical, known, work
from compass.entrypoints.cli.render.costs import spent_words
from compass.entrypoints.cli.render.page import Page, labelled
from compass.entrypoints.cli.render.screen import changes, claim_line, first_screen, headline, shares, what, where
from compass.entrypoints.cli.render.words import cut, lost_words
from compass.investigation.commanding import Desk
from compass.investigation.commanding.answer import open_requests
from compass.projections.view import AccountLine

WAITING = "WAITING for you: Enter goes on"


def above(scene: Scene, room: int) -> list[Text]:
    """What there is to say in about that many lines; whoever paints cuts what is more."""
    desk, page = scene.desk, scene.page
    if desk is None:
        return [Text("opening the investigation …")]
    if desk.board.posterior is None:
        head = [headline(desk.view, page), *_you(desk, page)]
        return [*head, *scene.live.table().split("\n")]
    if scene.ended:
        fitted = replace(page, height=room + 1)
        return first_screen(desk.view, fitted)[:-1]  # its last line names commands for a shell
    return _list(scene, desk, room)


def _list(scene: Scene, desk: Desk, room: int) -> list[Text]:
    view, page = desk.view, scene.page
    fixed = [headline(view, page), *critical(view, page)]
    working = _working(scene, desk)
    you = _you(desk, page)
    left = room - len(fixed) - len(working) - len(you) - 1  # 1: the shares
    accounts = _accounts(desk, max(1, min(MOST_ACCOUNTS, left)))
    # What matters less goes first on a small screen.
    found = [
        *known(view, page),
        *work(view, page),
        *what(view, page),
        *where(view, page)[:1],
        *changes(view, page),
        *past(view, page),
    ]
    beside = [*documents(view, page), *told_lines(view, page), *proposed(view, page)]
    extra = [*found, *beside][: max(0, left - len(accounts))]
    listed = [claim_line(account, page) for account in accounts]
    if not listed:
        listed = [labelled("WHY", page.fit(view.said or "no account could be stated so far"), "yellow")]
    return [*fixed, *extra, *working, *listed, shares(view, page, accounts), *you]


def _accounts(desk: Desk, most: int) -> list[AccountLine]:
    """The first of the list; what a person set aside stands at the end, wherever that is: it is not gone."""
    aside = [one for one in desk.listed[most:] if one.set_aside is not None][: max(0, most - 1)]
    return [*desk.listed[: most - len(aside)], *aside]


def _working(scene: Scene, desk: Desk) -> list[Text]:
    """What goes on, in two lines: the round with what came of attempts so far, and the last thing that was found."""
    live, board, width = scene.live, desk.board, scene.page.width
    lost = [Text(cut(lost_words(one), width), style="yellow") for one in live.gone[:1]]
    lost += [Text(cut(live.model_lost, width), style="yellow")] if live.model_lost else []
    outcomes = [attempt.outcome for attempt in board.attempts.values()]
    told = ", ".join(
        f"{outcomes.count(one)} {word}" for one, word in ((Outcome.REFUTED, "refuted"), (Outcome.SURVIVED, "survived"))
        if outcomes.count(one)
    )  # fmt: skip
    going = "PAUSED: p goes on" if board.orders.paused else WAITING if scene.question is m.Question.GATE else live.round
    words = f"{going} · attempts: {told}" if told else going
    if live.spending.calls:
        words += f" · {live.model}: {spent_words(live.spending, live.budget_usd)}"
    waits = board.orders.paused or scene.question is not m.Question.NONE
    return [*lost, Text(cut(words, width), style="bold yellow" if waits else "bold"),
            Text(cut(scene.news, width), style="dim")]  # fmt: skip


def _you(desk: Desk, page: Page) -> list[Text]:
    lines = ordered(desk.view, page)
    if open_requests(desk):
        lines.append(Text("          d: answer it", style="bold"))
    return lines


def shown(scene: Scene, lines: Sequence[Text]) -> tuple[str, ...]:
    """The lines of accounts among these as they stand on the screen, from the first on."""
    if scene.desk is None:
        return ()
    painted = {line.plain for line in lines}
    accounts = (claim_line(account, scene.page).plain for account in scene.desk.listed)
    return tuple(line.strip() for line in takewhile(painted.__contains__, accounts))
