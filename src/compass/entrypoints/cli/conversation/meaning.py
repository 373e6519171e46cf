"""What a key means, and what then: a state machine without a terminal, a clock or a database.

A `Mode` (see `modes`) is what the person is in the middle of. `press` takes one key in it, against the list exactly as
it was painted, and gives a `Turn`: the next mode, and what is to be done.
"""

from __future__ import annotations

from dataclasses import replace

from compass.entrypoints.cli.conversation import keys as k
from compass.entrypoints.cli.conversation.keys import Key
from compass.entrypoints.cli.conversation.modes import (
    Agreeing,
    Choosing,
    Judging,
    Line,
    Mode,
    Numbering,
    Pasting,
    Question,
    Reading,
    Table,
    Turn,
    Verb,
    Watching,
    Writing,
)
from compass.entrypoints.cli.conversation.pasting import KEPT, begun, draft, judging, pasting
from compass.entrypoints.cli.conversation.wanted import OWN, Show, elsewhere, wanted
from compass.investigation.commanding import Back, Choice, Desk, Parsed, order_named, understand
from compass.investigation.commanding.answer import open_requests

MOST_LINE = 500
NO_LIST = "No list yet: it comes by itself after the first look, in seconds."
NO_ACCOUNT = "There is no account: nothing that was seen suggests one."
MOVED = "The list just changed: press again."
_LINES = {"t": Line.THEORY, "l": Line.LOOK, "n": Line.AVOID, "x": Line.ESCALATE, ":": Line.SAY}
_VERBS = {"r": Verb.REJECT, "w": Verb.WHY, "e": Verb.EVIDENCE}
_PLAIN = {"p": "pause", "s": "stop", "u": "restore"}
_NAMES = {Line.THEORY: "theory", Line.LOOK: "look", Line.AVOID: "look", Line.ESCALATE: "escalate"}


def press(mode: Mode, key: Key, table: Table) -> Turn:
    """One key. Esc backs out of whatever was begun; what was pasted is kept."""
    if key.name == k.ESC:
        kept = draft(mode)
        return Turn(mode=Watching(), say=(KEPT,) if kept else (), kept=kept)
    if isinstance(mode, Reading):
        return _reading(mode, key, table)
    if key.text == "?" and isinstance(mode, Watching):
        return Turn(mode=Reading(Show("keys")), say=())
    desk = table.desk
    if desk is None:
        return Turn(mode=Watching(), say=("One moment: the investigation is being opened.",))
    if isinstance(mode, Writing):
        return _writing(mode, key, desk)
    if isinstance(mode, Pasting):
        return pasting(mode, key)
    if key.pasted:
        # Text that was copied is no row of orders.
        return Turn(mode=mode, say=("A paste is not taken as keys. Press : first, or d to answer a request.",))
    if isinstance(mode, Numbering):
        return _number(mode, key, table, desk)
    if isinstance(mode, Choosing):
        at = int(key.text) if key.text.isdecimal() else 0
        options = mode.choice.options
        return parsed(options[at - 1].order, desk) if 0 < at <= len(options) else Turn(mode=mode)
    if isinstance(mode, Agreeing):
        if key.text.lower() == "y":
            return Turn(mode=Watching(), order=mode.order)
        left = key.name == k.ENTER or key.text.lower() == "n"
        return Turn(mode=Watching(), say=("Nothing was added.",)) if left else Turn(mode=mode)
    if isinstance(mode, Judging):
        return judging(mode, key)
    return _watching(key, table, desk)


def parsed(found: Parsed, desk: Desk) -> Turn:
    """What an order that was read comes to: given, shown back first, a choice, or lines said back."""
    if isinstance(found, Choice):
        return Turn(mode=Choosing(found))
    if isinstance(found, Back):
        return Turn(mode=Watching(), say=_calm(found, desk) if found.panic else found.lines)
    if found.asks:
        return Turn(mode=Agreeing(found, found.show(desk)))
    return Turn(mode=Watching(), order=found)


def _calm(found: Back, desk: Desk) -> tuple[str, ...]:
    """What is known, and one key of this screen."""
    lead = desk.favoured
    if lead is None:
        return (found.lines[0], "Nothing to press now: the list comes by itself. x: text to get a colleague in.")
    return (found.lines[0], f"Press {lead.rank} to test it deeper; that changes nothing out there.",
            "Press x for a text to copy to a colleague.")  # fmt: skip


# --- nothing begun --------------------------------------------------------------------------------------


def _watching(key: Key, table: Table, desk: Desk) -> Turn:
    text, here = key.text, Watching()
    if table.question is not Question.NONE and (answer := _answer(key, table.question)) is not None:
        return Turn(mode=here, answer=answer, say=())
    if key.name:
        return Turn(mode=here, say=(), leave=table.ended and key.name in (k.ENTER, k.END))
    if text == "q":
        said = "It is still running, and ends by itself. s stops it."
        return Turn(mode=here, leave=True) if table.ended else Turn(mode=here, say=(said,))
    if not text.strip():
        return Turn(mode=here)
    if (text in "123456789" or text in _VERBS) and not desk.listed:
        return Turn(mode=here, say=(NO_LIST if desk.board.posterior is None else NO_ACCOUNT,))
    if text in "123456789":
        if int(text) in table.moved:
            return Turn(mode=here, say=(MOVED,))
        return parsed(order_named("test").parse(text, desk), desk)
    if text in _VERBS:
        return Turn(mode=Numbering(_VERBS[text]), say=())
    if text in _LINES:
        return Turn(mode=Writing(_LINES[text]), say=())
    if text == "d":
        return _asked(table, desk)
    if text == "p" and table.ended:
        return Turn(mode=here, say=("It has ended: there is nothing to pause.",))
    if text in _PLAIN:
        going_on = text == "p" and desk.board.orders.paused
        return parsed(order_named("continue" if going_on else _PLAIN[text]).parse("", desk), desk)
    # Whoever just types away means words.
    return Turn(mode=Writing(Line.SAY, text), say=())


def _answer(key: Key, question: Question) -> bool | None:
    if question is Question.GATE:
        return True if key.name == k.ENTER else False if key.text == "s" else None
    return True if key.text.lower() == "y" else False if key.name == k.ENTER else None


def _asked(table: Table, desk: Desk) -> Turn:
    waiting = open_requests(desk)
    if not waiting:
        return Turn(mode=Watching(), say=("COMPASS asks for no data now.",))
    if len(waiting) == 1:
        return Turn(mode=begun(waiting[0][1], table), say=())
    return Turn(mode=Numbering(Verb.ANSWER), say=())


def _number(mode: Numbering, key: Key, table: Table, desk: Desk) -> Turn:
    if not key.text.isdecimal():
        return Turn(mode=mode)
    if mode.verb is Verb.ANSWER:
        waiting = dict(open_requests(desk))
        request = waiting.get(f"R{key.text}")
        there = ", ".join(label.removeprefix("R") for label in waiting)
        return Turn(mode=begun(request, table)) if request else Turn(mode=mode, say=(f"There are: {there}.",))
    line = next((one for one in desk.listed if str(one.rank) == key.text), None)
    if line is None:
        return Turn(mode=mode, say=(f"There is no account {key.text}. There are 1 to {len(desk.listed)}.",))
    if mode.verb is Verb.REJECT:
        found = order_named("reject").parse(line.label, desk)
        return parsed(found, desk) if isinstance(found, Back) else Turn(mode=Writing(Line.REASON, about=line.label))
    return Turn(mode=Reading(Show(mode.verb.value, line.label)))


# --- a line, a paste, a long text -----------------------------------------------------------------------


def _writing(mode: Writing, key: Key, desk: Desk) -> Turn:
    if key.name in (k.ENTER, k.END):
        return _written(mode, desk)
    if key.name == k.BACK:
        # Taking back more than was typed leaves the line.
        return Turn(mode=replace(mode, text=mode.text[:-1]) if mode.text else Watching())
    if key.name == k.KILL:
        return Turn(mode=replace(mode, text=""))
    added = " ".join(key.text.split("\n")) if key.pasted else key.text
    return Turn(mode=replace(mode, text=(mode.text + added)[:MOST_LINE]))


def _written(mode: Writing, desk: Desk) -> Turn:
    text = mode.text.strip()
    if mode.line is Line.REASON:
        return parsed(order_named("reject").parse(f"{mode.about} {text}", desk), desk)
    if mode.line is Line.SAY:
        return _said(text, desk)
    if not text and mode.line is not Line.ESCALATE:
        return Turn(mode=Watching(), say=())
    words = f"not {text}" if mode.line is Line.AVOID else text
    return parsed(order_named(_NAMES[mode.line]).parse(words, desk), desk)


def _said(text: str, desk: Desk) -> Turn:
    """Free words. What reads is shown here; all else is an order, a choice, or lines said back."""
    if not text:
        return Turn(mode=Watching(), say=())
    if text.lower().rstrip(" .?") in ("help", "keys", ""):
        return Turn(mode=Reading(Show("keys")))
    show = wanted(text, desk)
    if show is not None:
        return Turn(mode=Watching(), say=show.lines) if show.what == "said" else Turn(mode=Reading(show))
    if own := elsewhere(text, desk.view.number):
        return Turn(mode=Watching(), say=(OWN.format(own),))
    return parsed(understand(text, desk), desk)


def _reading(mode: Reading, key: Key, table: Table) -> Turn:
    """Forwards and backwards by a page or a line; what lies beyond the end is for whoever paints to say."""
    step = max(1, table.rows - 1)
    if key.text in ("q", "?"):
        return Turn(mode=Watching())
    moves = {k.UP: -1, k.DOWN: 1, k.ENTER: 1, k.PAGE_UP: -step, k.PAGE_DOWN: step, k.BACK: -step}
    moved = moves.get(key.name, 0) or {" ": step, "b": -step, "j": 1, "k": -1}.get(key.text, 0)
    return Turn(mode=replace(mode, top=max(0, mode.top + moved)))
