"""The lower part of the screen: what was said, what is asked, what is typed, and the keys in the last line. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import wrap

from rich.text import Text

from compass.entrypoints.cli.conversation import modes as m
from compass.entrypoints.cli.conversation.named import ENDED, RUNNING, in_one_line
from compass.entrypoints.cli.conversation.scene import LEAST_ABOVE, MOST_ACCOUNTS, Row, Scene
from compass.entrypoints.cli.render.words import cut
from compass.investigation.commanding import Desk
from compass.investigation.commanding.answer import open_requests

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


def below(scene: Scene) -> list[Row]:
    """All of it, the last line last; whoever paints leaves out what there is no room for."""
    mode, width = scene.mode, scene.page.width
    said = _wrapped(map(in_keys, scene.said), width, "bold")
    if isinstance(mode, m.Writing):
        prompt = f"{mode.about}: {_PROMPTS[mode.line]}" if mode.about else _PROMPTS[mode.line]
        return [*said, _typed(prompt, mode.text, width), keys_row(f"Enter: done · {_BACK}")]
    if isinstance(mode, m.Numbering):
        asked = _wrapped(_requests(scene.desk), width, "") if mode.verb is m.Verb.ANSWER else []
        return [*asked, *said, _typed(_NUMBERS[mode.verb], "", width), keys_row(f"{_BACK}{_beyond(scene, mode.verb)}")]
    if isinstance(mode, m.Choosing):
        rows = _wrapped(mode.choice.lines, width, "")
        if len(rows) >= scene.page.height - LEAST_ABOVE:  # every option has to be in sight
            rows = [Row(Text(cut(line, width - 1))) for line in mode.choice.lines]
        return [*rows, keys_row(f"1-{len(mode.choice.options)}: that one · {_BACK}")]
    if isinstance(mode, m.Agreeing):
        return [*_wrapped(mode.lines, width, ""), keys_row("y: add it · n: leave it")]
    if isinstance(mode, m.Pasting):
        return _pasting(mode, said, width)
    if isinstance(mode, m.Judging):
        count = len(mode.text.splitlines())
        told = f"{count} line{'s' * (count != 1)} taken. What does it show about {_theory(scene, mode)}?"
        keys = f"s: supports · c: contradicts · n: settles nothing · {_BACK}"
        return [*_wrapped([told], width, "bold"), keys_row(keys)]
    asked = _wrapped([scene.asked] if scene.asked else [], width, "bold yellow")
    return [*said, *asked, keys_row(_watching(scene, width - 1))]


def _watching(scene: Scene, width: int) -> str:
    tail = f" ({scene.leaves_s:.0f} s)" if scene.ended and scene.leaves_s is not None else ""
    return in_one_line(ENDED if scene.ended else RUNNING, tail, width)


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
        keys_row(f"paste it; a line with only . or Ctrl-D ends it · {_BACK}"),
    ]


def _theory(scene: Scene, mode: m.Judging) -> str:
    hypothesis = scene.desk.board.hypotheses.get(mode.request.hypothesis) if scene.desk is not None else None
    return scene.desk.claim(hypothesis) if hypothesis is not None and scene.desk is not None else "the theory"


def _requests(desk: Desk | None) -> list[str]:
    return [f"{label.removeprefix('R')} {one.question}" for label, one in open_requests(desk)] if desk else []


def _wrapped(lines: Iterable[str], width: int, style: str) -> list[Row]:
    return [
        Row(Text(part.replace("\xa0", " "), style=style)) for line in lines
        for part in wrap(_SHARE.sub("\xa0", line), max(10, width - 1), subsequent_indent="  ") or [""]
    ]  # fmt: skip


def _typed(prompt: str, text: str, width: int) -> Row:
    """A prompt and the end of what was typed, with a cursor."""
    room = max(8, width - len(prompt) - 1)
    return Row(Text(prompt, style="bold").append(text[-room:], style="not bold").append(" ", style="reverse"))


def keys_row(text: str) -> Row:
    """The last line: what can be pressed."""
    return Row(Text(text, style="dim"))


def in_keys(text: str) -> str:
    """The words for an order as the key that gives it here."""
    return _IN_WORDS.sub(lambda found: _IN_KEYS[found[1]], text)
