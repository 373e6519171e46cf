"""The calls of a team's own tools: made once, when it is known what is affected; their answers are shown, not weighed.

What is called, and the names of its arguments, are the team's alone (compass.toml). Telemetry gives values: names of
affected services, which must look like names, and the title of the page.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from compass.domain import chronicle as c
from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.ids import id_of
from compass.domain.incident import Incident
from compass.domain.telemetry import Coverage, Loss
from compass.domain.time import NS_PER_S, Window, rfc3339
from compass.domain.told import TOOLS, ToolAnswered, ToolsAsked, ToolsConsulted
from compass.investigation.recorder import Recorder
from compass.investigation.told import kept, said_of
from compass.ports.clock import Clock, Deadline
from compass.ports.errors import SourceError, SourceRefusedError, SourceUnavailableError
from compass.ports.tools import Ask, Heard, Tools
from compass.projections.situation import paged, situation
from compass.redaction import bound, redact
from compass.tables.objects import Json

ACTOR = "planning"
MOST_SERVICES, MOST_CALLS, AT_ONCE = 4, 12, 4
CONSULT_S = 10.0
"""What no tool has said by then is not heard: nothing waits for it any longer."""
FAILURES_TO_OPEN = 3
MOST_TEXT = 4_000  # characters of one answer that are kept
MOST_VALUE = 200
_BRACES = re.compile(r"\{(\w+)\}")
_NAME = re.compile(r"[\w./:@+ -]{1,200}")
_MARKS = re.compile(r"[\"'`\\{}$;|<>]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call with its arguments filled in. `about`: what is asked about, in a word; `entity` where it is known."""

    ask: Ask
    arguments: Mapping[str, Json]
    about: str = ""
    entity: EntityRef | None = None

    @property
    def sent(self) -> str:
        return json.dumps(dict(self.arguments), ensure_ascii=False)

    @property
    def id(self) -> str:
        return id_of("t", self.ask.source, self.ask.tool, json.dumps(dict(self.arguments), sort_keys=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is called, in the team's order, and (gap, what it hides) for what is not."""

    calls: tuple[Call, ...]
    gaps: tuple[tuple[str, str], ...] = ()


def plan_of(asks: Sequence[Ask], board: Board) -> Plan:
    """Every call once for each affected service where it names one, else once; at most MOST_CALLS. Pure."""
    incident = board.incident
    if incident is None:
        raise ValueError("nothing was opened yet")
    services, gaps = _services(board, incident), list[tuple[str, str]]()
    common, found = _values(board, incident), dict[str, Call]()
    for ask in asks:
        wanted = {word for text in _texts(dict(ask.arguments)) for word in _BRACES.findall(text)}
        each = bool(wanted & {"service", "namespace"})
        hides = f"what {ask.tool} of {ask.source} would say"
        for name, entity in services if each else ((None, None),):
            if name is not None and not _NAME.fullmatch(name):
                gaps.append((f"{TOOLS}: a service has a name that is not given to tools", hides))
                continue
            space = entity.namespace if entity is not None else ""
            values = {**common, "service": name or "", "namespace": space}
            arguments = {
                key: _filled(value, values) for key, value in ask.arguments.items() if not _empty(value, values)
            }
            call = Call(ask=ask, arguments=arguments, about=name or "", entity=entity)
            found.setdefault(call.id, call)
        if each and not services:
            gaps.append((f"{TOOLS}: no service is known to ask about", hides))
    calls = tuple(found.values())
    if len(calls) > MOST_CALLS:
        left = len(calls) - MOST_CALLS
        gaps.append((f"{TOOLS}: {MOST_CALLS} calls are made, {left} more are not", "what these would say"))
    return Plan(calls=calls[:MOST_CALLS], gaps=tuple(dict.fromkeys(gaps)))


def _services(board: Board, incident: Incident) -> tuple[tuple[str, EntityRef | None], ...]:
    """The paged service and the affected ones, the weightiest first; of one name and namespace the first."""
    told = situation(board)
    first = paged(board)
    named = [(incident.service, first)] if incident.service else []
    found: dict[tuple[str, str], tuple[str, EntityRef | None]] = {}
    for name, entity in (*named, *((e.name, e) for e in (*told.affected, *told.strained))):
        found.setdefault((name, entity.namespace if entity is not None else ""), (name, entity))
    return tuple(found.values())[:MOST_SERVICES]


def _values(board: Board, incident: Incident) -> dict[str, str]:
    title = _MARKS.sub(" ", redact(bound(incident.title, 4 * MOST_VALUE)))
    return {
        "from": _second(incident.window.start_ns), "to": _second(incident.now_ns),
        "onset": _second(board.onset.instant.ns) if board.onset is not None else "",
        "alert": bound(" ".join(title.split()), MOST_VALUE),
    }  # fmt: skip


def _second(ns: int) -> str:
    """To the second: what other people's tools read of a time is rarely more."""
    return rfc3339(ns // NS_PER_S * NS_PER_S)


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _filled(value: Json, values: Mapping[str, str]) -> Json:
    """The value with every placeholder replaced, once; an argument that is nothing but one without a value is left
    out."""
    if isinstance(value, str):
        return _BRACES.sub(lambda found: values.get(found[1], found[0]), value)
    if isinstance(value, list):
        return [_filled(one, values) for one in value if not _empty(one, values)]
    if isinstance(value, dict):
        return {key: _filled(one, values) for key, one in value.items() if not _empty(one, values)}
    return value


def _empty(value: Json, values: Mapping[str, str]) -> bool:
    found = _BRACES.fullmatch(value) if isinstance(value, str) else None
    return found is not None and not values.get(found[1], "")


# --- making them ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Server:
    """How one server is asked: a few calls at once, and no more after some that failed in passing."""

    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    failures: int = 0


async def consult(recorder: Recorder, asks: Sequence[Ask], tools: Tools | None, clock: Clock) -> None:
    """Make the calls, all within CONSULT_S, and commit what came of them together."""
    if tools is None:
        raise ValueError("there are calls of tools, and nothing to make them with")
    plan = plan_of(asks, recorder.board)
    began_ns, deadline = clock.now_ns(), Deadline(at_s=clock.monotonic_s() + CONSULT_S)
    sources = tuple(dict.fromkeys(call.ask.source for call in plan.calls))
    await recorder.append(("tools/asked", ToolsAsked(calls=len(plan.calls), sources=sources)), actor=ACTOR)
    servers = {call.ask.source: _Server() for call in plan.calls}
    came = await asyncio.gather(*(_made(call, tools, servers[call.ask.source], deadline) for call in plan.calls))
    tools.end()
    board = recorder.board
    results = tuple(zip(plan.calls, came, strict=True))
    answered = [(call, one) for call, one in results if isinstance(one, Heard)]
    failed = [(call, one) for call, one in results if isinstance(one, SourceError)]
    payloads: list[tuple[str, c.Payload]] = []
    for call, heard in answered:
        payloads.append((f"tool/{call.id}", _answer(call, heard, board, clock.now_ns())))
    losses = _losses(failed, {call.ask.source for call, _ in answered}, began_ns)
    gaps = [*plan.gaps, *_gaps(failed, {loss.source for loss in losses})]
    gaps += [(f"{TOOLS}: {loss.why}", loss.hides) for loss in losses]
    payloads += [(f"gap/tools/{i}", c.GapNamed(gap=gap, hides=hides)) for i, (gap, hides) in enumerate(gaps)]
    if tools.asked:
        payloads.append((f"asked/{recorder.runner}/tools", c.ServersAsked(requests=tools.asked)))
    payloads.append(("tools", ToolsConsulted(asked=len(results), failed=len(failed), lost=losses)))
    await recorder.append(*payloads, actor=ACTOR)


async def _made(call: Call, tools: Tools, server: _Server, deadline: Deadline) -> Heard | SourceError:
    ask = call.ask
    async with server.room:
        if server.failures >= FAILURES_TO_OPEN:
            return SourceUnavailableError("is not asked again: it failed too often", where=ask.source)
        try:
            return await tools.ask(ask.source, ask.tool, call.arguments, deadline=deadline)
        except SourceUnavailableError as error:
            server.failures += 1
            return error
        except SourceRefusedError as error:
            return error


def _answer(call: Call, heard: Heard, board: Board, now_ns: int) -> ToolAnswered:
    # Twice: a secret can be broken by escape sequences that are only then taken out.
    text = bound(redact(bound(redact(heard.text[: 5 * MOST_TEXT]), 4 * MOST_TEXT)), MOST_TEXT).strip()
    cut = len(heard.text) > MOST_TEXT
    missing = [f"shown: {MOST_TEXT} of {len(heard.text)} characters"] if cut else []
    missing += [f"{heard.left_out} parts that are no text"] if heard.left_out else []
    incident = board.incident
    start, end = (incident.window.start_ns, incident.now_ns) if incident is not None else (0, now_ns)
    window = Window(start_ns=start, end_ns=end)
    return ToolAnswered(
        id=call.id, source=call.ask.source, tool=call.ask.tool, arguments=kept(call.sent),
        specialists=call.ask.specialists, entity=call.entity, text=text, at_ns=now_ns,
        coverage=Coverage(requested=window, received=window, truncated=cut, missing=tuple(missing)),
    )  # fmt: skip


Failed = Sequence[tuple[Call, SourceError]]


def _losses(failed: Failed, answering: set[str], since_ns: int) -> tuple[Loss, ...]:
    """Servers that answered nothing and may pass: lost."""
    passing = {call.ask.source for call, error in failed if isinstance(error, SourceUnavailableError)} - answering
    return tuple(
        Loss(source=source, why=why, hides=hides, since_ns=since_ns)
        for source, why, hides in _reasons(failed) if source in passing
    )  # fmt: skip


def _gaps(failed: Failed, lost: set[str]) -> list[tuple[str, str]]:
    return [(f"{TOOLS}: {why}", hides) for source, why, hides in _reasons(failed) if source not in lost]


def _reasons(failed: Failed) -> list[tuple[str, str, str]]:
    """(source, why, what it hides), one a tool and sort of error: two that were late by other milliseconds are one."""
    found: dict[tuple[str, str, type[SourceError]], tuple[str, list[Call]]] = {}
    for call, error in failed:
        _, calls = found.setdefault((call.ask.source, call.ask.tool, type(error)), (said_of(error), []))
        calls.append(call)
    return [(source, why, _hidden(calls)) for (source, _, _), (why, calls) in found.items()]


def _hidden(calls: Sequence[Call]) -> str:
    tools = ", ".join(dict.fromkeys(call.ask.tool for call in calls))
    about = ", ".join(dict.fromkeys(call.about for call in calls if call.about))
    return f"what {tools} would say" + (f" of {about}" if about else "")
