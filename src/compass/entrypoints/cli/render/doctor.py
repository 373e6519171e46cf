"""What works, how fast, what was found, what is missing and what to do: a row for each thing that was checked."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import replace

from rich.text import Text

from compass.entrypoints.cli.render.page import Page
from compass.entrypoints.cli.render.words import cut
from compass.entrypoints.looking import Looked, State

STYLE = {State.OK: "green", State.LOST: "red", State.WRONG: "red", State.UNSET: "dim"}
SOURCE, PART, STATE, MS = 12, 10, 5, 6
_WORD = re.compile(r"[\w.]+")
BEFORE = SOURCE + PART + STATE + MS + 4


def doctor_lines(
    config: str | None, checks: Sequence[Looked], unconnected: Sequence[tuple[str, str]], page: Page
) -> list[Text]:  # fmt: skip
    """The whole screen."""
    lines = [Text(f"settings    {config}", style="dim")] if config is not None else []
    lines += [head_line(), *check_rows(checks, page)]
    lines += [wrapped for part, hides in unconnected for wrapped in _said(f"no {part} connected: {hides}", 0, page)]
    return [*lines, _verdict(checks)]


def head_line() -> Text:
    return Text(f"{'source':<{SOURCE}} {'part':<{PART}} {'state':<{STATE}} {'ms':>{MS}} found", style="bold")


def check_rows(checks: Sequence[Looked], page: Page) -> list[Text]:
    """A row each; what was said of the part above is not said again."""
    lines: list[Text] = []
    said: tuple[str, ...] = ()
    for check in checks:
        saying = (check.source, check.detail, *check.hints)
        again = check.state is not State.OK and saying == said
        lines += check_lines(replace(check, detail="the same", hints=()) if again else check, page)
        said = saying
    return lines


def check_lines(check: Looked, page: Page) -> list[Text]:
    """The row, and below it what to do. Nothing of that is ever cut: it is what the command is for."""
    ms = "" if check.ms is None else str(check.ms)
    state = "–" if check.state is State.UNSET and page.unicode else "-" if check.state is State.UNSET else check.state
    line = Text(f"{cut(check.source, SOURCE):<{SOURCE}} {check.part:<{PART}} ")
    line.append(f"{state:<{STATE}}", style=STYLE[check.state]).append(f" {ms:>{MS}} ", style="dim")
    first, *rest = _wrap(check.detail, BEFORE, page)
    lines = [line.append(first), *(Text(" " * BEFORE + more) for more in rest)]
    more = [f"{name} {value}" for name, value in check.figures.items() if value not in _WORD.findall(check.detail)]
    lines += [Text(text.plain, style="dim") for text in _said(" · ".join(more), SOURCE + 1, page) if more]
    arrow = "→" if page.unicode else "->"
    for hint in check.hints:
        lines += [Text(text.plain, style="yellow") for text in _said(f"{arrow} {hint}", SOURCE + 1, page)]
    return lines


def _said(text: str, indent: int, page: Page) -> list[Text]:
    return [Text(" " * indent + part) for part in _wrap(text, indent, page)]


def _wrap(text: str, indent: int, page: Page) -> list[str]:
    flat = " ".join(text.split())
    if page.uncut:
        return [flat]
    room = max(20, page.width - indent)
    # A path or a command stays whole: it is there to be copied.
    found = textwrap.wrap(flat, room, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return found or [""]


def _verdict(checks: Sequence[Looked]) -> Text:
    bad = [check for check in checks if check.state in (State.LOST, State.WRONG)]
    if not bad:
        done = all(check.state is State.OK for check in checks if check.source != "model")
        if not any(check.state is State.OK and check.type and check.source != "model" for check in checks):
            return Text("no server is connected", style="yellow")
        if any(check.hints for check in checks if check.type):
            # One that answers and has nothing is not yet of use.
            return Text("everything answers; what is said above after an arrow may hide something", style="yellow")
        return Text("everything works", style="green") if done else Text("what is set up works", style="yellow")
    names = ", ".join(dict.fromkeys(_name(one) for one in bad))
    asked = [check for check in checks if check.source != "model" or check.state is not State.UNSET]
    return Text(f"{len(bad)} of {len(asked)} do not work: {names}", style="red")


def _name(check: Looked) -> str:
    return check.source if check.part in ("", check.source) else f"{check.source} {check.part}"
