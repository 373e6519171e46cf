"""A REPL over one investigation, while it runs and after: the orders, and the reading commands."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from shutil import get_terminal_size
from textwrap import wrap

from compass.entrypoints.cli import session
from compass.entrypoints.cli.asked import question
from compass.entrypoints.cli.commanding import Given, desk, ordered, said
from compass.entrypoints.cli.conversation.wanted import OWN, Show, elsewhere, reads, wanted
from compass.entrypoints.cli.render.output import NARROWEST, clean, say, tell
from compass.entrypoints.cli.stopped import StoppedError
from compass.ports.errors import CompassError

PROMPT = "compass> "
LEAVE = frozenset({"quit", "exit", "q", ":q", "bye"})
NONE = frozenset({"none", "neither", "no", "never mind", "nevermind", "cancel"})
"""None of what was asked."""
SEVERAL = "Several lines at once are only taken as an answer (“answer R1 …”): nothing was ordered. One order a line."
_ANSWERS = re.compile(r"\W*(?:answer|reply|d)\b", re.IGNORECASE)
Reading = Callable[[str, str], None]


@dataclass(slots=True)
class Shell:
    """What the next line is read with: choices that are still open, and where lines come from and go to."""

    reference: str
    say: Callable[[str], None] = print
    read: Callable[[str], str] = input
    choices: tuple[str, ...] = ()
    about: str = field(default="")

    def run(self) -> None:
        """Until the person leaves. An order that cannot be given is said, and ends nothing."""
        self.say("Say what you want in plain words; help lists the orders; quit leaves (the investigation goes on).")
        self.say("To read: why 1, evidence 1, accounts, timeline, status, cost, review, ask …")
        while True:
            shown_s = time.monotonic()
            try:
                line = self.read(PROMPT).strip()
            except EOFError:
                self._left()
                return
            except KeyboardInterrupt:
                self.say("")
                continue
            if line.lower() in LEAVE:
                self._left()
                return
            if line:
                self._heard(line, time.monotonic() - shown_s)

    def _heard(self, line: str, took_s: float) -> None:
        """One line. What it did not answer of an open choice is shown again: numbers on the screen that came in
        between (of accounts, of orders) are not those that count."""
        if self.choices and line.lower().strip(" .!") in NONE and self._picked(line) is None:
            self.choices, self.about = (), ""
            self.say("Nothing was ordered.")
            return
        before = self.choices
        try:
            self.one(line, took_s)
        except CompassError as error:
            tell(f"compass: {error}")
        if before and self.choices is before:
            self.say("Still open (or say none):")
            for number, option in enumerate(before, start=1):
                self.say(clean(f"  {number} {option}"))

    def one(self, line: str, took_s: float) -> None:
        """One line: a number picks of what was asked last, a reading command reads, all else is an order."""
        picked = self._picked(line)
        if picked is None and self.choices and line.isdecimal():
            # It was meant for what was asked: it is no account of that number.
            self.say(f"There are 1 to {len(self.choices)}.")
            return
        if picked is None and (show := self._wanted(line)) is not None:
            for one in show.lines:
                self.say(one)
            if show.what in READING:
                READING[show.what](self.reference, show.about)
            return
        if "\n" in line and _ANSWERS.match(line) is None:
            self.say(SEVERAL)
            return
        text = self.about if picked is not None else line
        given = ordered(
            self.reference, said(text), choose=picked, shown=self.choices, consent=self._consent, took_s=took_s
        )
        for one in given.lines if not (given.order and self._asked(given)) else given.lines[-1:]:
            self.say(clean(one))
        if given.order or given.choices:  # else it was no order, and what was asked before is as open as it was
            self.choices, self.about = given.choices, text if given.choices else ""

    def _wanted(self, line: str) -> Show | None:
        """What the line asks to read, or which command it is, as a conversation understands it."""
        if not reads(line):
            return None
        table = desk(session.read_one(self.reference), session.settings())
        if line.lower() == "ask":
            return Show("ask")
        own = elsewhere(line, table.view.number)
        return Show("said", lines=(OWN.format(own),)) if own else wanted(line, table)

    def _picked(self, line: str) -> int | None:
        """The option that a line picks: by its number, or by words that only one of them begins or ends with."""
        if line.isdecimal():
            return int(line) if 0 < int(line) <= len(self.choices) else None
        words = f" {line.lower().strip(' .!').removeprefix('it ')} "
        found = [
            number for number, one in enumerate(self.choices, start=1)
            if (own := f" {one.lower().removeprefix('it ')} ").startswith(words) or own.endswith(words)
        ]  # fmt: skip
        return found[0] if len(found) == 1 and words.strip() else None

    def _left(self) -> None:
        if self.choices:
            self.say("Nothing was recorded: what was asked last is still open.")

    def _asked(self, given: Given) -> bool:
        """Whether the lines were shown before, to be said yes to."""
        return given.order == "theory"

    def _consent(self, lines: tuple[str, ...]) -> bool:
        for one in lines:
            self.say(clean(one))
        try:
            with question():
                return self.read("y to add, anything else leaves it: ").strip().lower() in ("y", "yes")
        except StoppedError:
            return False


def _why(reference: str, about: str) -> None:
    from compass.entrypoints.cli.commands.why import why

    why(about, reference)


def _evidence(reference: str, about: str) -> None:
    from compass.entrypoints.cli.commands.evidence import evidence

    evidence(about, False, reference)


def _cost(reference: str, _about: str) -> None:
    from compass.entrypoints.cli.commands.cost import cost

    cost(reference)


def _review(reference: str, _about: str) -> None:
    from compass.entrypoints.cli.render.output import console, page, show
    from compass.entrypoints.cli.render.reviewed import decision_texts
    from compass.entrypoints.cli.reviewing import decision_lines

    board, out = session.read_one(reference).board, console()
    show(out, decision_texts(decision_lines(board, session.mechanisms_for(session.settings(), board)), page(out)))


def _timeline(reference: str, about: str) -> None:
    from compass.entrypoints.cli.commands.timeline import timeline

    timeline(reference, about == "all")


def _accounts(reference: str, about: str) -> None:
    from compass.entrypoints.cli.commands.accounts import accounts

    accounts(about or None, reference)


def _show(reference: str, _about: str) -> None:
    from compass.entrypoints.cli.commands.show import show_investigation

    show_investigation(reference, False, False)


def _ask(reference: str, about: str) -> None:
    from compass.entrypoints.cli.commands.ask import ask

    ask(about, reference, False)


def _status(reference: str, about: str) -> None:
    from compass.entrypoints.cli.commands.status import status

    status(reference, about or "engineers")


READING: dict[str, Reading] = {
    "why": _why, "evidence": _evidence, "timeline": _timeline, "accounts": _accounts, "show": _show, "ask": _ask,
    "status": _status, "cost": _cost, "review": _review,
}  # fmt: skip


def _say(text: str) -> None:
    """On a terminal no word is broken."""
    width = max(NARROWEST, get_terminal_size().columns) - 1
    indent = text[: len(text) - len(text.lstrip())] or "  "
    for line in wrap(text, width, subsequent_indent=indent) or [""]:
        say(line)


def run_shell(reference: str | None) -> None:
    """Open the shell on one investigation. Raises NotFoundError where there is none."""
    loaded = session.read_one(reference)
    if sys.stdin.isatty():
        import readline  # what was typed comes back with the arrow keys

        readline.set_history_length(500)
        if "libedit" not in (readline.__doc__ or ""):
            # A paste is one line with line ends in it: else each of its lines would be an order of its own.
            readline.parse_and_bind("set enable-bracketed-paste on")
        Shell(reference=str(loaded.id), say=_say).run()
    else:
        Shell(reference=str(loaded.id)).run()
