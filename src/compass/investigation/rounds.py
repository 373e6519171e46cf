"""One round: every specialist works at the same time over one snapshot of the board."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.disproof import DisproofAttempt, Outcome
from compass.domain.scope import looked_into, worked_on
from compass.investigation.moves import DECIDE, budget_of
from compass.investigation.pausing import rest
from compass.investigation.recorder import Recorder
from compass.investigation.settings import Crew, Limits
from compass.investigation.told import said_of
from compass.ports.clock import Clock, Deadline
from compass.ports.errors import StorageError
from compass.ports.specialist import Budget, Look, Shared, Specialist, Step, StepResult, Stop
from compass.ports.telemetry import Telemetry
from compass.ports.tools import Tools

ACTOR = "operations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Where a round is played: telemetry, shared results, the clock; and the team's own tools, while they are to be
    asked. `pause_s` is the longest that a pause holds."""

    telemetry: Telemetry
    shared: Shared
    clock: Clock
    tools: Tools | None = None
    pause_s: float = Limits().pause_s


async def run_round(
    recorder: Recorder, crew: Crew, limits: Limits, field: Field, busy_s: dict[str, float] | None = None
) -> None:
    """Run what is left of the open round and close it. Agents that fail or are late are events, not errors.

    `busy_s` collects wall seconds by agent.
    """
    snapshot = await recorder.snapshot(recorder.board.round_seq)
    number = snapshot.round
    budget = budget_of(snapshot, crew, limits)
    busy = busy_s if busy_s is not None else {}
    tasks = {
        s.name: asyncio.create_task(_timed(s, snapshot, budget, recorder, field, busy), name=s.name)
        for s in crew.specialists
    }
    try:
        missed = await _await_all(tasks, limits.soft_deadline_s)
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    await recorder.append(
        (f"round/{number}/finished", c.RoundFinished(number=number, missed=tuple(sorted(missed)))), actor=ACTOR
    )


async def _await_all(tasks: dict[str, asyncio.Task[None]], soft_deadline_s: float | None) -> set[str]:
    _done, late = await asyncio.wait(tasks.values(), timeout=soft_deadline_s)
    for task in tasks.values():
        if task not in late and task.exception() is not None:
            raise task.exception()  # type: ignore[misc]  # only storage errors and defects get here
    return {task.get_name() for task in late}


async def _timed(
    specialist: Specialist, board: Board, budget: Budget, recorder: Recorder, field: Field, busy: dict[str, float]
) -> None:
    started = field.clock.monotonic_s()
    try:
        await _work(specialist, board, budget, recorder, field)
    finally:
        busy[specialist.name] = busy.get(specialist.name, 0.0) + field.clock.monotonic_s() - started


async def _work(specialist: Specialist, board: Board, budget: Budget, recorder: Recorder, field: Field) -> None:
    started = field.clock.monotonic_s()
    prefix = f"round/{board.round}/{specialist.name}"
    try:
        decision = specialist.decide(board, budget)
    except Exception as error:  # noqa: BLE001  # as below: a defect in one agent must not end the others' work
        step = Step(id=DECIDE, text="deciding what to ask")
        failed = _failure(f"{prefix}/{DECIDE}", specialist.name, step, board.round, error)
        await recorder.append(*failed, actor=specialist.name)
        return
    if isinstance(decision, Stop):
        await recorder.append(
            (f"{prefix}/stopped", c.AgentStopped(agent=specialist.name, reason=decision.reason, work=0, elapsed_ms=0)),
            actor=specialist.name,
        )
        return
    done = recorder.board.steps_done
    work, unasked = 0.0, list[str]()
    for step in decision:
        if (specialist.name, step.id) not in done:
            await rest(recorder, field.clock, field.pause_s)
            if _dropped(step, specialist.name, recorder.board):
                unasked += [step.text] if step.plan is None else []
                continue
            await _step(specialist, step, board, recorder, field)
        work += step.cost
    reason = "round done"
    elapsed = (field.clock.monotonic_s() - started) * 1000
    await recorder.append(
        *_left_out(prefix, specialist.name, unasked),
        (f"{prefix}/stopped", c.AgentStopped(agent=specialist.name, reason=reason, work=work, elapsed_ms=elapsed)),
        actor=specialist.name,
    )


def _dropped(step: Step, agent: str, board: Board) -> bool:
    """Whether a person set aside, or bounded away, what the step would test, or the field that it screens, since the
    round began."""
    if step.plan is None:
        return not step.orients and not looked_into(agent, board)
    hypothesis = board.hypotheses.get(step.plan.hypothesis)
    return hypothesis is not None and not worked_on(hypothesis, agent, board)


def _left_out(prefix: str, agent: str, unasked: list[str]) -> list[tuple[str, c.Payload]]:
    """What was not looked at by a person's order is not seen, and is told like everything that is not."""
    if not unasked:
        return []
    gap = c.GapNamed(gap=f"{agent}: left out by a person", hides=f"not asked: {'; '.join(unasked)}")
    return [(f"{prefix}/left_out", gap)]


async def _step(specialist: Specialist, step: Step, board: Board, recorder: Recorder, field: Field) -> None:
    """Record the expectation, act, record what came of it; all results of one step are committed together."""
    name, number = specialist.name, board.round
    key = f"round/{number}/{name}/{step.id}"
    before: list[tuple[str, c.Payload]] = []
    if step.plan is not None:
        before.append((f"plan/{step.plan.id}", c.PlanRegistered(plan=step.plan)))
    before.append((f"{key}/started", c.StepStarted(agent=name, step=step.id, text=step.text, round=number)))
    await recorder.append(*before, actor=name)
    started = field.clock.monotonic_s()
    look = Look(board=board, telemetry=field.telemetry, shared=field.shared, deadline=Deadline())
    try:
        result = await specialist.perform(step, look)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001  # the outermost boundary of an agent: it degrades, the others go on
        await recorder.append(*_failure(key, name, step, number, error), actor=name)
        return
    elapsed = (field.clock.monotonic_s() - started) * 1000
    seen = [replace(o, query=field.telemetry.native(o)) for o in result.observations]
    result = replace(result, observations=tuple(seen))
    await recorder.append(*_results(key, name, step, number, result, elapsed), actor=name)


def _results(
    key: str, name: str, step: Step, number: int, result: StepResult, elapsed_ms: float
) -> list[tuple[str, c.Payload]]:
    anomalies = sum(1 for o in result.observations if o.verdict.value == "anomaly")
    normals = sum(1 for o in result.observations if o.verdict.value == "normal")
    payloads: list[tuple[str, c.Payload]] = [
        (f"{key}/o/{i}", c.Observed(observation=o)) for i, o in enumerate(result.observations)
    ]
    if result.attempt is not None:
        payloads.append((f"attempt/{step.id}", c.Attempted(attempt=result.attempt)))
    payloads.extend((f"{key}/gap/{i}", c.GapNamed(gap=gap, hides=hides)) for i, (gap, hides) in enumerate(result.gaps))
    finished = c.StepFinished(
        agent=name, step=step.id, round=number, found=result.found, anomalies=anomalies, normals=normals,
        work=result.work, elapsed_ms=elapsed_ms,
    )  # fmt: skip
    return [*payloads, (f"{key}/finished", finished)]


def _failure(key: str, name: str, step: Step, number: int, error: Exception) -> list[tuple[str, c.Payload]]:
    said = said_of(error)
    failed = c.AgentFailed(
        agent=name, step=step.id, round=number, error=said, hides=f"what {name} would have seen ({step.text})"
    )
    payloads: list[tuple[str, c.Payload]] = [(f"{key}/failed", failed)]
    if step.plan is not None:
        attempt = DisproofAttempt(
            plan=step.plan.id, hypothesis=step.plan.hypothesis, strategy=step.plan.strategy,
            outcome=Outcome.NO_DATA, found=f"the attempt failed: {said[:200]}",
        )  # fmt: skip
        payloads.insert(0, (f"attempt/{step.plan.id}", c.Attempted(attempt=attempt)))
    return payloads
