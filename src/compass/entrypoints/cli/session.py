"""What the reading commands share: open the chronicle, find the investigation, fold it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from compass.domain.board import Board
from compass.domain.chronicle import Event, Tombstone
from compass.domain.commands import command
from compass.domain.mechanism import Mechanism
from compass.entrypoints.settings import Settings, read_settings
from compass.ports.chronicle import Chronicle
from compass.ports.errors import NotFoundError
from compass.projections.board import fold_all
from compass.projections.build_view import build_view, fact
from compass.projections.view import AccountLine, DocumentLine, Fact, ProposalLine, ToldLine, View

R = TypeVar("R")
ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""Asked to end, the terminal went away, Ctrl-\\."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """One investigation, read. `of` is what commands about it must name (see `must_name`)."""

    id: UUID
    number: int
    of: int
    events: tuple[Event, ...]
    board: Board
    view: View


def settings() -> Settings:
    return read_settings(os.environ)


def run(work: Callable[[], Awaitable[R]]) -> R:
    """Run one command's coroutine. What ends others (ENDINGS) ends it with the same exit code (SIGTERM: 143), but not
    before it has cleaned up: the terminal, connections, children and the folder that gathered telemetry lies in."""
    ended: signal.Signals | None = None
    found: list[R] = []

    async def main() -> None:
        """`work` in a task that a signal cancels once; the handlers stand only as long as it runs."""
        this, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert this is not None

        def end(by: signal.Signals) -> None:
            nonlocal ended
            ended = by
            this.cancel()

        heard = [one for one in ENDINGS if signal.getsignal(one) is not signal.SIG_IGN]  # nohup has it ignored
        for one in heard:
            loop.add_signal_handler(one, end, one)
        try:
            # Not returned: when `asyncio.run` gives SIGINT back, Python writes out its task with all that it returned.
            found.append(await work())
        finally:
            for one in heard:
                loop.remove_signal_handler(one)

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        if ended is not None:
            if sys.stderr.isatty():
                from compass.entrypoints.cli.render.output import tell

                tell(f"ended by {ended.name}; an investigation goes on with `compass resume N` (see `compass list`)")
            raise SystemExit(128 + ended) from None
        raise
    return found[0]


@asynccontextmanager
async def open_chronicle(chosen: Settings) -> AsyncIterator[Chronicle]:
    """The chronicle, closed again at the end."""
    from compass.entrypoints.storage import chronicle_of

    chronicle = await chronicle_of(chosen)
    try:
        yield chronicle
    finally:
        await chronicle.close()


def mechanisms_of(chosen: Settings) -> dict[str, Mechanism]:
    from compass.mechanisms.loader import load_catalogue

    return {mechanism.id: mechanism for mechanism in load_catalogue(chosen.mechanisms).mechanisms}


def mechanisms_for(chosen: Settings, board: Board) -> dict[str, Mechanism]:
    """The same with those of the team that the investigation was told of."""
    if board.team is None or not board.team.mechanisms:
        return mechanisms_of(chosen)
    from compass.entrypoints import briefed

    return briefed.mechanisms_for(chosen, board)


async def load(chronicle: Chronicle, chosen: Settings, reference: str | None) -> Loaded:
    """Read and fold one investigation. Raises NotFoundError with what to do when there is none."""
    investigation = await chronicle.find(reference)
    events = await chronicle.read(investigation)
    board = fold_all(events)
    if events and all(isinstance(event.payload, Tombstone) for event in events):
        raise NotFoundError("it was forgotten: nothing of it is kept", where=str(investigation), hint="compass list")
    if board.incident is None:
        raise NotFoundError("this investigation holds no events yet", hint="compass list")
    number = await chronicle.number(investigation)
    view = build_view(board, mechanisms_for(chosen, board), id=str(investigation), number=number)
    of = await must_name(chronicle, investigation)
    return Loaded(id=investigation, number=number, of=of, events=events, board=board, view=view)


async def must_name(chronicle: Chronicle, investigation: UUID) -> int:
    """Its number, which a command must name to mean it; 0 where it is the latest, which is what one without means."""
    latest = await chronicle.find(None)
    return 0 if latest == investigation else await chronicle.number(investigation)


def read_one(reference: str | None) -> Loaded:
    """Open, load, close: what most reading commands do."""
    chosen = settings()

    async def work() -> Loaded:
        async with open_chronicle(chosen) as chronicle:
            return await load(chronicle, chosen, reference)

    return run(work)


def pick_fact(board: Board, label: str) -> Fact:
    """The fact of a label (E14). Raises NotFoundError saying how many there are."""
    for key, known in board.observation_labels.items():
        if known.lower() == label.lower():
            return fact(board, board.known(key))
    raise NotFoundError(f"no fact {label.upper()}", hint=f"there are E1 to E{len(board.observation_labels)}")


def pick_document(view: View, label: str) -> DocumentLine:
    """A passage of the team's documents, by its label (D2). Raises NotFoundError saying how many there are."""
    for line in view.documents:
        if line.label == label.upper():
            return line
    there = f"there are D1 to D{len(view.documents)}" if view.documents else "no document speaks of this incident"
    raise NotFoundError(f"no passage {label.upper()}", hint=there)


def pick_told(view: View, label: str) -> ToldLine:
    """What a tool said, by its label (X2). Raises NotFoundError saying how many there are."""
    for line in view.told:
        if line.label.lower() == label.lower():
            return line
    there = f"there are X1 to X{len(view.told)}" if view.told else "no tool was asked (docs/sources.md, mcp)"
    raise NotFoundError(f"no answer of a tool {label.upper()}", hint=there)


def pick_any(view: View, wanted: str) -> AccountLine | ProposalLine:
    """The account a person means, or the proposal that has none. Raises NotFoundError naming what there is."""
    proposal = pick_proposal(view, wanted)
    if proposal is None or any(line.label == proposal.label for line in (*view.accounts, *view.refuted)):
        return pick(view, wanted)
    return proposal


def pick_proposal(view: View, wanted: str) -> ProposalLine | None:
    """What a language model proposed, by its label (H7)."""
    return next((one for one in view.proposals if one.label.lower() == wanted.lower()), None)


def pick(view: View, wanted: str) -> AccountLine:
    """The account a person means by number (its rank) or label (H3). Raises NotFoundError naming what there is."""
    lines = (*view.accounts, *view.refuted)
    for line in lines:
        if wanted.lower() in (str(line.rank), line.label.lower()):
            return line
    proposal = pick_proposal(view, wanted)
    if proposal is not None:
        said = f"{proposal.label} was proposed by {proposal.by} and has no probability of its own ({proposal.said})"
        shown = command(f"accounts {proposal.label}", view.number)
        raise NotFoundError(said, hint=f"{shown} shows it; {command(f'test {proposal.label}', view.number)}")
    there = ", ".join(f"{line.rank} ({line.label})" for line in lines[:9]) or "none"
    raise NotFoundError(f"no account {wanted}", hint=f"there are: {there}")
