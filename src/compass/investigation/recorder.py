"""The only writer of a running investigation: commits events, folds them, then shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

from compass.domain.advice import ModelCall
from compass.domain.advised import ModelAsked
from compass.domain.board import Board
from compass.domain.chronicle import Event, NewEvent, Payload
from compass.ports.chronicle import Chronicle
from compass.projections.board import fold, fold_all

Listener = Callable[[Event], None]


def show_nothing(_event: Event) -> None:
    """A listener for runs that nobody watches."""


class Recorder:
    """Appends under the lease and keeps the board folded. Nothing is shown before it is committed."""

    def __init__(self, chronicle: Chronicle, investigation: UUID, runner: str, listener: Listener) -> None:
        self._chronicle = chronicle
        self._listener = listener
        self._lock = asyncio.Lock()
        self._epoch = 0
        self.runner = runner
        self.investigation = investigation
        self.board = Board()

    async def claim(self, ttl_s: float) -> None:
        """Take or renew the lease. Raises StaleRunnerError while another runner holds it. Where it had been given up or
        lost, something may have been erased meanwhile: what is known is folded anew."""
        epoch = await self._chronicle.claim(self.investigation, self.runner, ttl_s)
        if epoch != self._epoch and self.board.seq:
            async with self._lock:
                events = await self._chronicle.read(self.investigation)
                self.board = fold_all(event for event in events if event.seq <= self.board.seq)
        self._epoch = epoch

    async def release(self) -> None:
        await self._chronicle.release(self.investigation, self.runner)

    async def catch_up(self, *, shown: bool = False) -> Board:
        """Fold what others committed (commands of people, or everything after a resume). `shown`: whoever watches is
        told of it, too."""
        async with self._lock:
            for event in await self._chronicle.read(self.investigation, after=self.board.seq):
                self.board = fold(self.board, event)
                if shown:
                    self._listener(event)
        return self.board

    async def snapshot(self, seq: int) -> Board:
        """The board as it was after event `seq`."""
        if self.board.seq == seq:
            return self.board
        events = await self._chronicle.read(self.investigation)
        return fold_all(event for event in events if event.seq <= seq)

    async def calls(self) -> tuple[ModelCall, ...]:
        """The calls to a language model that were committed so far."""
        events = await self._chronicle.read(self.investigation)
        return tuple(event.payload.call for event in events if isinstance(event.payload, ModelAsked))

    async def append(self, *payloads: tuple[str, Payload], actor: str) -> None:
        """Commit (key, payload) pairs together, then fold and show those that are new."""
        if not payloads:
            return
        news = [NewEvent(key=key, payload=payload, actor=actor) for key, payload in payloads]
        async with self._lock:
            stored = await self._chronicle.append(self.investigation, self._epoch, news)
            fresh = sorted((e for e in stored if e.seq > self.board.seq), key=lambda e: e.seq)
            if fresh and fresh[-1].seq > self.board.seq + len(fresh):  # somebody's command came in between
                known = {event.seq for event in fresh}
                between = await self._chronicle.read(self.investigation, after=self.board.seq)
                fresh = sorted((*(e for e in between if e.seq not in known), *fresh), key=lambda e: e.seq)
            for event in fresh:
                self.board = fold(self.board, event)
                self._listener(event)
