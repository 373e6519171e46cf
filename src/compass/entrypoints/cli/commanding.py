"""Give one order from a terminal: to an investigation that runs in another, or to one that has ended."""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from compass.disproof import all_strategies
from compass.domain.board import Board
from compass.domain.commands import command
from compass.domain.failure import Status
from compass.entrypoints.cli import session
from compass.entrypoints.cli.asked import said_yes
from compass.entrypoints.cli.render.output import tell
from compass.entrypoints.settings import Settings
from compass.investigation.commanding import (
    Back,
    Choice,
    Desk,
    Option,
    Ordered,
    Parsed,
    desk_of,
    order_named,
    understand,
)
from compass.investigation.commanding.give import give, somebody
from compass.ports.chronicle import Chronicle
from compass.ports.errors import BadInputError

WORKS = frozenset({"test", "theory", "answer"})
"""Orders that need work: an investigation that has ended is taken up again for them."""
LIVING = frozenset({"pause", "continue", "stop"})
"""Orders that make sense only while it runs."""
Read = Callable[[Desk], Parsed]
CHANGED = "The list has changed since you saw it."
_SHARE = re.compile(r"\((?:<?\d+(?:\.\d+)?) %\)")


def owed(board: Board) -> bool:
    """Whether something was ordered that nobody worked on yet."""
    return len(board.asked) > board.deepened or bool(board.unweighed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was ordered: `lines` are said back. `counts` False: nothing was recorded; `unclear`: the words lacked what
    the order needs. `taken_up`: an investigation that had ended worked on it. `choices` are numbered where the words
    did not decide."""

    order: str
    lines: tuple[str, ...]
    counts: bool = True
    unclear: bool = False
    taken_up: bool = False
    choices: tuple[str, ...] = ()


def order(
    reference: str | None, name: str, words: str, *, reason: str = "", confidence: float | None = None,
    choose: int | None = None, yes: bool = False, read: Read | None = None,
) -> Given:  # fmt: skip
    """One order of a known kind, from words or by what reads them otherwise. Raises BadInputError where they give none
    (the lines say what would)."""
    given = ordered(
        reference, read or (lambda desk: order_named(name).parse(words, desk)), reason=reason, confidence=confidence,
        choose=choose, consent=(lambda _lines: True) if yes else _consent,
    )  # fmt: skip
    if given.choices:
        raise BadInputError("\n".join(given.lines), where=name, hint="say it again with --choose N")
    if not given.counts:
        kind = order_named(name)
        hint = "it needs your yes: --yes" if given.order and kind.asks else ""
        if given.unclear:
            hint = ", or ".join(command(one, reference or 0) for one in kind.typed)
        told = given.lines[-1:] if given.order else given.lines  # the rest was shown to be said yes to
        raise BadInputError("\n".join(told), where=name, hint=hint)
    return given


def ordered(
    reference: str | None, read: Read, *, reason: str = "", confidence: float | None = None, choose: int | None = None,
    shown: Sequence[str] = (), consent: Callable[[tuple[str, ...]], bool], took_s: float | None = None,
) -> Given:  # fmt: skip
    """Read an order on the board as it stands, show it back where it asks for that, commit it, and take the
    investigation up again where it has ended and the order needs work.

    `choose` is the number of an option; `shown` the options that the person saw when picking it. Where the board has
    moved on and the number means something else now, nothing is ordered and the choice is shown again."""
    chosen = session.settings()

    async def work() -> Given:
        async with session.open_chronicle(chosen) as chronicle:
            loaded = await session.load(chronicle, chosen, reference)
            table = desk(loaded, chosen)
            parsed = read(table)
            if choose is not None:
                parsed = _picked(parsed, table, choose, shown)
            if isinstance(parsed, Choice):
                return Given(order="", lines=parsed.lines, counts=False, choices=tuple(o.text for o in parsed.options))
            if isinstance(parsed, Back):
                return Given(order="", lines=parsed.lines, counts=False, unclear=parsed.unclear)
            return await _give(chronicle, chosen, loaded, parsed, reason, confidence, took_s, consent)

    return session.run(work)


def _picked(parsed: Parsed, table: Desk, choose: int, shown: Sequence[str]) -> Parsed:
    """The order of the option with that number, if it is still what was shown; else what the words mean by now."""
    if isinstance(parsed, Ordered) and shown:  # by now the words decide
        only = Option(text=parsed.show(table)[0], order=parsed)
        parsed = Choice(question="Now it can only mean this.", options=(only,))
    if not isinstance(parsed, Choice):
        return parsed
    option = parsed.options[choose - 1] if 0 < choose <= len(parsed.options) else None
    if option is not None and (not shown or _same(option.text, shown[choose - 1])):
        return option.order
    return replace(parsed, question=f"{CHANGED} {parsed.question}") if shown else parsed


def _same(one: str, other: str) -> bool:
    """Whether two options mean the same: the share in them moves while somebody reads."""
    return _SHARE.sub("", one) == _SHARE.sub("", other)


def desk(loaded: session.Loaded, chosen: Settings) -> Desk:
    """The desk of an investigation that was read."""
    strategies = {strategy.id: strategy for strategy in all_strategies()}
    mechanisms = session.mechanisms_for(chosen, loaded.board)
    return desk_of(loaded.board, mechanisms, strategies, id=str(loaded.id), number=loaded.number)


async def _give(
    chronicle: Chronicle, chosen: Settings, loaded: session.Loaded, parsed: Ordered, reason: str,
    confidence: float | None, took_s: float | None, consent: Callable[[tuple[str, ...]], bool],
) -> Given:  # fmt: skip
    table = desk(loaded, chosen)
    shown = parsed.show(table)
    running = loaded.board.status is Status.RUNNING
    if parsed.name in LIVING and not running:
        said = f"#{loaded.number} is not running (it is {loaded.board.status.value})"
        if loaded.board.status is Status.STOPPED:
            said += f"; compass resume {loaded.number} takes it up again"
        return Given(order=parsed.name, lines=(said,), counts=False)
    if parsed.asks and not consent(shown):
        return Given(order=parsed.name, lines=(*shown, "Nothing was added."), counts=False)
    who = somebody(reason=reason, confidence=confidence, took_s=took_s)
    from compass.entrypoints.cli.resuming import abandoned, reopened, unattended

    if parsed.asks:  # it may have ended while the person read
        loaded = await session.load(chronicle, chosen, str(loaded.id))
        running = loaded.board.status is Status.RUNNING
    order = parsed.apply(table, who)
    if running or parsed.name not in WORKS:
        await give(chronicle, loaded.id, parsed, table, who)
        if parsed.name in LIVING and await unattended(chronicle, loaded.id):
            number = loaded.number
            shown += (
                f"But nobody works on #{number}: compass resume {number} goes on, compass stop {number} ends it.",
            )
        if parsed.name not in WORKS or not await abandoned(chronicle, loaded.id):
            return Given(order=parsed.name, lines=shown)
        order = ()  # it is recorded, and nobody is left who would work on it
    result = await reopened(chronicle, chosen, loaded, order)
    return Given(order=parsed.name, lines=(*shown, f"It was taken up again. {result.view.said}".strip()), taken_up=True)


def _consent(lines: tuple[str, ...]) -> bool:
    """Shown back; one key on a terminal. Without one, nothing counts that nobody said yes to."""
    for line in lines:
        tell(line)
    if not sys.stdin.isatty():
        return False
    return said_yes("y to add, anything else leaves it: ")


def said(text: str) -> Read:
    """Free words."""
    return lambda table: understand(text, table)


Later = Callable[[], Awaitable[None]]
