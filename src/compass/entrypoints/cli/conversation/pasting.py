"""An answer to a request for data: pasted or typed in lines, ended, judged; kept where backed out of. Pure."""

from __future__ import annotations

from dataclasses import replace

from compass.domain.commanded import Bearing, DataRequested
from compass.entrypoints.cli.conversation import keys as k
from compass.entrypoints.cli.conversation.keys import Key
from compass.entrypoints.cli.conversation.modes import Judging, Mode, Pasting, Table, Turn, Watching
from compass.investigation.commanding import Ordered, order_named
from compass.investigation.commanding.answer import Answer

MOST_PASTE = 64_000
KEPT = "Kept, not sent: d goes on with it."
CUT = f"Only the first {MOST_PASTE} characters are taken. A line with . ends it."
BEARINGS = {"s": Bearing.SUPPORTS, "c": Bearing.CONTRADICTS, "n": Bearing.SETTLES_NOTHING}


def begun(request: DataRequested, table: Table) -> Pasting:
    """The answer to a request as far as it got."""
    return table.drafts.get(request.id) or Pasting(request)


def draft(mode: Mode) -> Pasting | None:
    """What would be lost by backing out of it."""
    if isinstance(mode, Judging):
        return Pasting(mode.request, tuple(mode.text.split("\n"))) if mode.text else None
    return mode if isinstance(mode, Pasting) and (mode.lines or mode.text) else None


def judging(mode: Judging, key: Key) -> Turn:
    """What it shows, in one key."""
    bearing = BEARINGS.get(key.text.lower())
    if bearing is None:
        return Turn(mode=mode)
    value = Answer(request=mode.request, bearing=bearing, text=mode.text)
    # Kept until it is recorded: what cannot be stored now is not pasted twice.
    return Turn(mode=Watching(), order=Ordered(kind=order_named("answer"), value=value), kept=draft(mode))


def pasting(mode: Pasting, key: Key) -> Turn:
    """Lines until one that holds only a dot (of a paste the last one), or Ctrl-D."""
    if key.name == k.END:
        return Turn(mode=_judged(mode, (*mode.lines, mode.text) if mode.text else mode.lines))
    if key.name == k.BACK:
        return Turn(mode=replace(mode, text=mode.text[:-1]))
    if key.name == k.KILL:
        return Turn(mode=replace(mode, text=""))
    taken = mode.taken if mode.taken is not None else sum(len(line) + 1 for line in mode.lines)
    text = mode.text + ("\n" if key.name == k.ENTER else key.text)
    # However much was taken, the line that ends it can be typed.
    ending = not key.pasted and (text == "." or (key.name == k.ENTER and mode.text != ""))
    most = len(text) if ending else max(len(mode.text), MOST_PASTE - taken)
    # Cut before it is looked at: the work is bounded by what may be taken, whatever came.
    *whole, rest = text[:most].split("\n")
    for at, line in enumerate(whole):
        # Within a paste a dot with more below it is a line of what was copied.
        if line.strip() == "." and not (key.pasted and "".join((*whole[at + 1 :], rest)).strip()):
            return Turn(mode=_judged(mode, (*mode.lines, *whole[:at])))
    lines = (*mode.lines, *whole) if whole else mode.lines
    taken += sum(len(line) + 1 for line in whole)
    say = (CUT,) if most < len(text) else None
    return Turn(mode=replace(mode, lines=lines, text=rest, taken=taken), say=say)


def _judged(mode: Pasting, lines: tuple[str, ...]) -> Judging:
    # The first line keeps what it is set in by: columns of a table stay under each other.
    return Judging(mode.request, "\n".join(lines).rstrip().lstrip("\n"))
