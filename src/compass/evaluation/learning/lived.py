"""Run one recording with what earlier ones taught, where no label of its own is known.

The process is given lessons of earlier incidents only; it gives back what a person would need to say what it was.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec

from compass.domain.board import Board
from compass.domain.chronicle import Attempted, Event, PlanRegistered, PosteriorUpdated, RoundStarted
from compass.domain.entity import EntityRef
from compass.domain.knowledge import Learned
from compass.domain.learned import Cause, Signature
from compass.domain.place import counted_as
from compass.domain.time import to_datetime
from compass.evaluation.answer import answer_of
from compass.evaluation.case import LEASE_S, CaseRun, Prepare, peak_mb, to_end, why
from compass.investigation.recorder import Recorder
from compass.investigation.runner import Means, investigate, open_investigation
from compass.projections.lessons import leading
from compass.sources.recording import RecordingSource
from compass.storage.embedding.wordllama import WordLlama
from compass.storage.memory import MemoryChronicle
from compass.storage.memory_knowledge import MemoryKnowledge


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """What was spent up to some moment: rounds, attempts to refute (each with queries of its own), what those cost in
    work units, and seconds."""

    rounds: int = 0
    attempts: int = 0
    work: float = 0.0
    seconds: float = 0.0


class Lived(msgspec.Struct, frozen=True, kw_only=True):
    """One run, and what it leaves behind. `theories`: cause and the entity it counts for, best first; `entities`: all
    that were known. `decided`: what was spent when the leading account first was as good as certain; None: it never
    was. `spent`: all that was.
    """

    run: CaseRun
    signature: Signature = Signature()
    at: datetime | None = None
    led: Cause | None = None
    theories: tuple[tuple[Cause, EntityRef], ...] = ()
    entities: tuple[EntityRef, ...] = ()
    decided: Effort | None = None
    spent: Effort = Effort()


class _Watch:
    """Counts what is spent, and notes when the posterior is decided."""

    def __init__(self, decided: float, began: float) -> None:
        self._decided = decided
        self._began = began
        self._costs: dict[str, float] = {}
        self._rounds = self._attempts = 0
        self._work = 0.0
        self.after: Effort | None = None

    def __call__(self, event: Event) -> None:
        match event.payload:
            case RoundStarted(number=number):
                self._rounds = number
            case PlanRegistered(plan=plan):
                self._costs[plan.id] = plan.cost
            case Attempted(attempt=attempt):
                self._attempts += 1
                self._work += self._costs.get(attempt.plan, 0.0)
            case PosteriorUpdated(posterior=posterior) if self.after is None:
                if max(posterior.accounts.values(), default=0.0) >= self._decided:
                    self.after = self.spent()

    def spent(self) -> Effort:
        """So far."""
        seconds = time.perf_counter() - self._began
        return Effort(rounds=self._rounds, attempts=self._attempts, work=self._work, seconds=seconds)


def live(folder: Path, prepare: Prepare, past: Sequence[Learned] | None) -> Lived:
    """Investigate one recording; `past` None: without any memory. What goes wrong is in the run: a miss."""
    began = time.perf_counter()
    watch: _Watch | None = None
    try:
        means = prepare(folder)
        watch = _Watch(means.limits.decided, began)
        board = to_end(_board(folder, means, past, watch))
    except Exception as error:  # noqa: BLE001  # the boundary of a case: one defect must not hide the other results
        spent = time.perf_counter() - began
        return Lived(run=CaseRun(id=folder.name, error=why(error), seconds=spent, peak_mb=peak_mb()))
    run = CaseRun(id=folder.name, answer=answer_of(board), seconds=time.perf_counter() - began, peak_mb=peak_mb())
    return _lived(run, board, watch)


async def _board(folder: Path, means: Means, past: Sequence[Learned] | None, watch: _Watch) -> Board:
    if past is not None:
        knowledge = MemoryKnowledge(lambda: (), WordLlama())
        await knowledge.learn(past)
        await knowledge.embed(len(past))
        means = replace(means, knowledge=knowledge, crew=replace(means.crew, memory=True))
    incident = RecordingSource.open(folder).incident()
    chronicle = MemoryChronicle(clock=means.clock)
    recorder = Recorder(chronicle, await chronicle.create(incident.title), "evaluation", watch)
    await recorder.claim(LEASE_S)
    await open_investigation(recorder, incident, means, source_uri=f"recording:{folder.name}")
    return await investigate(recorder, means)


def _lived(run: CaseRun, board: Board, watch: _Watch) -> Lived:
    from compass.analysis.signature import signature_of

    assert board.incident is not None
    heads = {account.id: board.hypotheses[account.head] for account in board.accounts}
    ranked = board.posterior.ranked() if board.posterior is not None else ()
    theories = tuple(
        (Cause(mechanism=heads[key].mechanism, entity=heads[key].entity),
         counted_as(heads[key].entity, board.containment))
        for key, _ in ranked if key in heads
    )  # fmt: skip
    return Lived(
        run=run, at=to_datetime(board.incident.detected_ns), led=leading(board), theories=theories,
        signature=board.memory.signature if board.memory is not None else signature_of(board),
        entities=board.entities, decided=watch.after, spent=watch.spent(),
    )  # fmt: skip
