"""What is on the screen of a conversation: a list above, what is being said below, the keys in the last line. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from textwrap import wrap

from rich.text import Text

from compass.domain.disproof import Outcome
from compass.entrypoints.cli.conversation import meaning as m
from compass.entrypoints.cli.render.beside import documents, ordered, past, proposed, told_lines
from compass.entrypoints.cli.render.briefed import critical, known, work
from compass.entrypoints.cli.render.costs import spent_words
from compass.entrypoints.cli.render.live import LiveView
from compass.entrypoints.cli.render.page import Page, labelled
from compass.entrypoints.cli.render.screen import changes, claim_line, first_screen, headline, shares, what, where
from compass.entrypoints.cli.render.words import cut, lost_words
from compass.investigation.commanding import Desk
from compass.investigation.commanding.answer import open_requests
from compass.projections.view import AccountLine

MOST_ACCOUNTS = 9
LEAST_ABOVE = 6
"""Lines of the list that stay in sight whatever is said below."""
KEYS = (
    ("1-9", "test that account deeper"),
    ("r", "set an account aside: its number, and why in one line if you like"),
    ("u", "take that back"),
    ("t", "your own theory in one line: shown back, y adds it"),
    ("l  n", "look only at a part or a field · not there (“everywhere” ends it)"),
    ("w  e", "why an account has its share · its evidence, with the queries"),
    ("d", "give data that COMPASS asks for: paste, say what it shows"),
    ("x", "escalate: recorded, with a text to copy; COMPASS calls nobody"),
    ("p", "pause, and go on"),
    ("s", "stop: what was found stays (Ctrl-C does the same)"),
    (":", "say anything in plain words, also “help, everything is down”"),
    ("", "also timeline, cost, accounts, status managers, ask …: shown here"),
    ("Enter", "go on at a gate; leave after the end"),
    ("Esc", "back out of what you began; what you pasted is kept"),
    ("?", "these keys"),
)
_RUNNING = ("1-9 test", "r reject", "t theory", "w why", "e evidence", "p pause", "s stop", "? keys")
_ENDED = ("Enter: leave", "1-9 test deeper", "w why", "e evidence", ": say", "? keys")
_FIRST_OUT = (
    "e evidence",
    "p pause",
    "t theory",
    ": say",
    "w why",
    "r reject",
    "1-9 test deeper",
    "1-9 test",
    "s stop",
)
"""What is not named in the last line where it is too narrow for all, the first of them first: ? names every key."""
_PROMPTS = {
    m.Line.REASON: "why set aside? (Enter: no reason) ", m.Line.THEORY: "Your theory: ", m.Line.LOOK: "Look only at: ",
    m.Line.AVOID: "Do not look at: ", m.Line.ESCALATE: "To whom, and why (Enter: whoever is next on call): ",
    m.Line.SAY: ": ",
}  # fmt: skip
_NUMBERS = {
    m.Verb.REJECT: "Set which one aside? Its number: ", m.Verb.WHY: "Why which one? Its number: ",
    m.Verb.EVIDENCE: "The evidence of which one? Its number: ", m.Verb.ANSWER: "Answer which one? Its number: ",
}  # fmt: skip
_WORDS = {m.Verb.REJECT: "reject", m.Verb.WHY: "why", m.Verb.EVIDENCE: "evidence"}
_BACK = "Esc: back"
_IN_WORDS = re.compile(r"“(continue|restore)(?: [^”]*)?”")
_IN_KEYS = {"continue": "p", "restore": "u"}
_SHARE = re.compile(r"(?<=\d) (?=%)")
"""No line is broken within a share."""
WAITING = "WAITING for you: Enter goes on"


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `whole`: it is to be copied, and goes over the edge of the screen rather than being cut or broken."""

    text: Text
    whole: bool = False

    def height(self, width: int) -> int:
        return max(1, -(-len(self.text.plain) // width)) if self.whole else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that is painted from. `news`: the last thing that was committed, in words. `asked`: what the investigation
    asks (`question`), in words. `reading`: the lines of what is read. `leaves_s`: when an ended conversation closes by
    itself."""

    desk: Desk | None
    live: LiveView
    mode: m.Mode
    page: Page
    said: Sequence[str] = ()
    news: str = ""
    asked: str = ""
    question: m.Question = m.Question.NONE
    reading: Sequence[Text] = ()
    ended: bool = False
    leaves_s: float | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What is painted, and the lines of accounts in it as they stand there (None: no list is in sight)."""

    rows: tuple[Row, ...]
    shown: tuple[str, ...] | None


def frame(scene: Scene) -> Frame:
    """The whole screen, exactly as high as the page."""
    width, height = scene.page.width, scene.page.height
    if isinstance(scene.mode, m.Reading):
        return Frame(tuple(_narrowed(row, width) for row in _reading(scene, scene.mode)), None)
    below = _below(scene)
    while sum(row.height(width) for row in below) > max(1, height - LEAST_ABOVE) and len(below) > 2:
        below.pop(_least(scene.mode, len(below)))
    room = height - sum(row.height(width) for row in below)
    above = _above(scene, room)[:room]
    rows = [*map(Row, above), *(Row(Text("")) for _ in range(room - len(above))), *below]
    return Frame(tuple(_narrowed(row, width) for row in rows), _shown(scene, above))


def _least(mode: m.Mode, rows: int) -> int:
    """Which of the lines below goes first where there is no room for all: what was said first, while what was asked
    last and the keys stay. Of what is to be said yes to, its beginning says what it is and its end what it does."""
    return max(1, rows - 5) if isinstance(mode, m.Agreeing) and rows > 3 else 0


def in_keys(text: str) -> str:
    """The words for an order as the key that gives it here."""
    return _IN_WORDS.sub(lambda found: _IN_KEYS[found[1]], text)


def _narrowed(row: Row, width: int) -> Row:
    """Nothing but what is to be copied goes over the edge."""
    if row.whole or row.text.cell_len <= width:
        return row
    text = row.text.copy()
    text.truncate(width, overflow="ellipsis")
    return Row(text)


def reading_rows(page: Page) -> int:
    """How many lines of a long text are in sight."""
    return max(1, page.height - 1)


def keys_lines() -> tuple[Text, ...]:
    """Every key."""
    lines = (Text(f"{key:>5}  ", style="bold cyan").append(text, style="") for key, text in KEYS)
    return (Text("The keys. The investigation goes on meanwhile.", style="bold"), *lines)


# --- above ----------------------------------------------------------------------------------------------


def _above(scene: Scene, room: int) -> list[Text]:
    desk, page = scene.desk, scene.page
    if desk is None:
        return [Text("opening the investigation …")]
    if desk.board.posterior is None:
        head = [headline(desk.view, page), *_you(desk, page)]
        return [*head, *scene.live.table().split("\n")]
    if scene.ended:
        fitted = Page(width=page.width, height=room + 1, unicode=page.unicode)
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


def _shown(scene: Scene, above: Sequence[Text]) -> tuple[str, ...]:
    """The lines of accounts as they stand on the screen, from the first on."""
    if scene.desk is None:
        return ()
    painted = {line.plain for line in above}
    lines = (claim_line(account, scene.page).plain for account in scene.desk.listed)
    return tuple(line.strip() for line in takewhile(painted.__contains__, lines))


# --- below ----------------------------------------------------------------------------------------------


def _below(scene: Scene) -> list[Row]:
    mode, width = scene.mode, scene.page.width
    said = _wrapped(map(in_keys, scene.said), width, "bold")
    if isinstance(mode, m.Writing):
        prompt = f"{mode.about}: {_PROMPTS[mode.line]}" if mode.about else _PROMPTS[mode.line]
        return [*said, _typed(prompt, mode.text, width), _keys(f"Enter: done · {_BACK}")]
    if isinstance(mode, m.Numbering):
        asked = _wrapped(_requests(scene.desk), width, "") if mode.verb is m.Verb.ANSWER else []
        return [*asked, *said, _typed(_NUMBERS[mode.verb], "", width), _keys(f"{_BACK}{_beyond(scene, mode.verb)}")]
    if isinstance(mode, m.Choosing):
        rows = _wrapped(mode.choice.lines, width, "")
        if len(rows) >= scene.page.height - LEAST_ABOVE:  # every option has to be in sight
            rows = [Row(Text(cut(line, width - 1))) for line in mode.choice.lines]
        return [*rows, _keys(f"1-{len(mode.choice.options)}: that one · {_BACK}")]
    if isinstance(mode, m.Agreeing):
        return [*_wrapped(mode.lines, width, ""), _keys("y: add it · n: leave it")]
    if isinstance(mode, m.Pasting):
        return _pasting(mode, said, width)
    if isinstance(mode, m.Judging):
        count = len(mode.text.splitlines())
        told = f"{count} line{'s' * (count != 1)} taken. What does it show about {_theory(scene, mode)}?"
        return [*_wrapped([told], width, "bold"), _keys(f"s: supports · c: contradicts · n: settles nothing · {_BACK}")]
    asked = _wrapped([scene.asked] if scene.asked else [], width, "bold yellow")
    return [*said, *asked, _keys(_watching(scene, width - 1))]


def _watching(scene: Scene, width: int) -> str:
    """The keys in one line, as many as there is room for."""
    named = [*(_ENDED if scene.ended else _RUNNING)]
    tail = f" ({scene.leaves_s:.0f} s)" if scene.ended and scene.leaves_s is not None else ""
    for out in _FIRST_OUT:
        if len(" · ".join(named)) + len(tail) <= width:
            break
        if out in named:
            named.remove(out)
    return cut(f"{' · '.join(named)}{tail}", width)


def _beyond(scene: Scene, verb: m.Verb) -> str:
    """How to say a number of two digits: one key is one digit."""
    listed = len(scene.desk.listed) if scene.desk is not None else 0
    word = _WORDS.get(verb)
    return (
        f" · beyond {MOST_ACCOUNTS}: Esc, then :{word} {MOST_ACCOUNTS + 1}" if word and listed > MOST_ACCOUNTS else ""
    )


def _pasting(mode: m.Pasting, said: list[Row], width: int) -> list[Row]:
    one = mode.request
    rows = _wrapped([one.question], width, "bold")
    rows += [Row(Text(one.command, style="bold cyan"), whole=True)] if one.command else []
    rows += _wrapped([f"if it is so: {one.if_true}"] if one.if_true else [], width, "dim")
    rows += _wrapped([f"if not: {one.if_false}"] if one.if_false else [], width, "dim")
    rows += [Row(Text(cut(line, width))) for line in mode.lines[-3:]]
    return [
        *rows,
        *said,
        _typed("> ", mode.text, width),
        _keys(f"paste it; a line with only . or Ctrl-D ends it · {_BACK}"),
    ]


def _theory(scene: Scene, mode: m.Judging) -> str:
    hypothesis = scene.desk.board.hypotheses.get(mode.request.hypothesis) if scene.desk is not None else None
    return scene.desk.claim(hypothesis) if hypothesis is not None and scene.desk is not None else "the theory"


def _requests(desk: Desk | None) -> list[str]:
    return [f"{label.removeprefix('R')} {one.question}" for label, one in open_requests(desk)] if desk else []


def _wrapped(lines: Iterable[str], width: int, style: str) -> list[Row]:
    return [
        Row(Text(part.replace("\xa0", " "), style=style)) for line in lines
        for part in wrap(_SHARE.sub("\xa0", line), max(20, width - 1), subsequent_indent="  ") or [""]
    ]  # fmt: skip


def _typed(prompt: str, text: str, width: int) -> Row:
    """A prompt and the end of what was typed, with a cursor."""
    room = max(8, width - len(prompt) - 1)
    return Row(Text(prompt, style="bold").append(text[-room:], style="not bold").append(" ", style="reverse"))


def _keys(text: str) -> Row:
    return Row(Text(text, style="dim"))


# --- a long text ----------------------------------------------------------------------------------------


def _reading(scene: Scene, mode: m.Reading) -> tuple[Row, ...]:
    rows = reading_rows(scene.page)
    seen = list(scene.reading[mode.top : mode.top + rows])
    more = len(scene.reading) - mode.top - len(seen)
    keys = f"Space: on ({more} more lines) · b: back · Esc: the list" if more > 0 else "b: back · Esc: the list"
    blank = [Text("")] * (rows - len(seen))
    return (*map(Row, [*seen, *blank]), _keys(keys))


__all__ = ["Frame", "Row", "Scene", "frame", "keys_lines", "reading_rows"]
