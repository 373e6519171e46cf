"""Screens over logs. Lines are loaded, mined for templates and joined with spans once; screens judge the result."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from compass.agents.observe import observe, spark_of, strength_of
from compass.agents.screens.series import gap_unless_named, graph_of, objects_of, whole_window
from compass.agents.screens.traces import SPLIT_UNCERTAINTY_NS, select, summary, trace_study
from compass.analysis.dependencies import known_names
from compass.analysis.log_level import ERROR_LEVELS, structured
from compass.analysis.log_meaning import Meanings, load_meanings
from compass.analysis.log_rates import MINUTE_NS, Lines
from compass.analysis.rewording import reworded
from compass.analysis.spans import Bools, Floats, Ints, SpanIndex
from compass.analysis.splits import Split, candidate_splits
from compass.analysis.statement import statement
from compass.analysis.templates import Templates, mine
from compass.analysis.visits import Events
from compass.domain.entity import EntityKind, EntityRef
from compass.domain.observation import LINES_SERIES, Observation, Quality, Quantity, Stats, Verdict
from compass.domain.telemetry import Answer, LogQuery, ObjectKind
from compass.domain.time import NS_PER_S, Instant
from compass.ports.errors import SourceError
from compass.ports.specialist import Look, StepResult
from compass.redaction import bound, redact
from compass.tables.logs import LogTable
from compass.tables.objects import KubeObject
from compass.tables.spans import unpacked

FACTORS = {"error": 4.0, "fatal": 4.0, "warn": 2.0}
"""How much more an event of this severity weighs (EVIDENCE, "Logs")."""
MIN_LINES = 20
_IDS = re.compile(r"(?i)\b(?:trace|span|request|correlation)[_-]?id\W{1,4}[\w-]+,?\s?|^\S*\d\d:\d\d:\d\d\S*\s+")
MOST_STATEMENTS = 4
JOINED = 0.5  # share of lines with trace ids from which visits are the unit of work


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStudy:
    """The lines, their templates, and what they can be joined with.

    `event_rows` are the rows of `events` (None: too few lines carry trace ids). `splits` leave lines on both sides,
    the given onset first where it does; empty when there is nothing to compare with.
    """

    answer: Answer[LogTable]
    templates: Templates
    lines: Lines
    events: Events | None
    event_rows: Ints
    splits: tuple[Split, ...]
    given: Split
    detected_ns: int
    meanings: Meanings
    known: Mapping[str, EntityRef]
    addresses: Mapping[str, EntityRef]

    @property
    def comparable(self) -> bool:
        """Whether there are lines on both sides of the given onset: rates scan no other split, because where lines
        begin only with the incident every later split would look like a change."""
        return bool(self.splits) and self.splits[0].given

    @property
    def table(self) -> LogTable:
        return self.answer.data

    def statements(self, row: int) -> tuple[str, ...]:
        """What identifies the event of this line among lines that are mined another time: its templates, and those
        that it replaced where a change reworded it."""
        event = self.lines.event[row]
        ids = np.unique(self.templates.ids[(self.lines.event == event) & (self.lines.group == self.lines.group[row])])
        texts = (statement(redact(self.templates.texts[k])) for k in ids[:MOST_STATEMENTS])
        return tuple(dict.fromkeys(text for text in texts if text))

    def example(self, row: int, limit: int = 220) -> str:
        """What one line says (of structured lines the message, without trace ids), redacted and bounded."""
        line = str(self.table.line[row])
        inside = structured(line)
        said = " ".join(_IDS.sub("", inside[0] if inside else line)[: 4 * limit].split())
        return bound(redact(said), limit)


Judge = Callable[[LogStudy, str], list[Observation]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogScreen:
    """One screening question over logs; `judges` are pure and `signs`, when given, filters what they found."""

    agent: str
    id: str
    text: str
    judges: tuple[Judge, ...]
    hides: str
    signs: frozenset[str] = frozenset()
    cost: float = 1.0
    limit: int = 100

    async def run(self, look: Look) -> StepResult:
        """Raises SourceError from the port."""
        study = await log_study(look)
        gaps: tuple[tuple[str, str], ...] = ()
        if len(study.table) == 0:
            return StepResult(
                gaps=gap_unless_named(look.board, "logs", "no logs", self.hides), found="no logs", work=self.cost
            )
        if not study.comparable and (study.events is None or not study.splits):
            gaps = (("logs only on one side of the onset: nothing to compare with", self.hides),)

        def judged() -> list[Observation]:
            found = [seen for judge in self.judges for seen in judge(study, self.agent)]
            return [seen for seen in found if not self.signs or seen.sign in self.signs]

        observations = select(await asyncio.to_thread(judged), self.limit)
        return StepResult(observations=observations, gaps=gaps, found=summary(observations), work=self.cost)


async def logs_of(look: Look) -> Answer[LogTable]:
    """All lines of the whole window, shared."""
    window = whole_window(look.board)

    async def ask() -> Answer[LogTable]:
        return await look.telemetry.logs(LogQuery(window=window), deadline=look.deadline)

    return await look.shared.get("logs", ask)


async def log_study(look: Look) -> LogStudy:
    """The study of this board's onset, shared by all log screens."""

    async def make() -> LogStudy:
        answer = await logs_of(look)
        index, addresses, changed = None, {}, {}
        if len(answer.data):
            addresses, changed = await _addresses(look), await _changed(look, answer.data)
            if (answer.data.trace_id != "").any():
                index = await _index(look)
        return await asyncio.to_thread(partial(_study, look, answer, index, addresses, changed))

    return await look.shared.get(f"logs.study:{look.board.during.start_ns}", make)


async def _index(look: Look) -> SpanIndex | None:
    try:
        return (await trace_study(look)).index
    except SourceError:
        return None  # the trace screens report the loss; lines are then joined by trace id alone


async def _changed(look: Look, table: LogTable) -> dict[int, list[int]]:
    """Service (its number in the table) → when it was changed (ns), as far as changes are recorded."""
    try:
        answer = await objects_of(look, ObjectKind.CHANGES)
    except SourceError:
        return {}  # the change screens report the loss
    graph = graph_of(look.board)
    times: dict[EntityRef, list[int]] = {}
    for change in answer.data.changes or look.board.changes:
        if change.entity is not None:
            times.setdefault(graph.owner(change.entity), []).append(change.at.ns)
    owners = [graph.owner(entity) for entity in table.entities]
    return {k: times[owner] for k, owner in enumerate(owners) if owner in times}


async def _addresses(look: Look) -> dict[str, EntityRef]:
    """IP address → service or pod, from Kubernetes objects where there are any."""
    try:
        answer = await objects_of(look, ObjectKind.KUBERNETES)
    except SourceError:
        return {}
    found: dict[str, EntityRef] = {}
    for item in sorted(answer.data.kubernetes, key=lambda item: (item.kind != "Service", item.namespace, item.name)):
        if item.kind == "Service":
            for address in _texts(item, "spec", "clusterIP", "clusterIPs"):
                found.setdefault(address, EntityRef(kind=EntityKind.SERVICE, name=item.name, namespace=item.namespace))
        elif item.kind == "Pod":
            for address in _texts(item, "status", "podIP"):
                found.setdefault(address, EntityRef(kind=EntityKind.POD, name=item.name, namespace=item.namespace))
    return found


def _texts(item: KubeObject, part: str, *names: str) -> list[str]:
    section = item.body.get(part)
    if not isinstance(section, dict):
        return []
    values = [section.get(name) for name in names]
    flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return [one for one in flat if isinstance(one, str) and one not in ("", "None")]


def _study(
    look: Look, answer: Answer[LogTable], index: SpanIndex | None, addresses: dict[str, EntityRef],
    changed: dict[int, list[int]],
) -> LogStudy:  # fmt: skip
    table, board = answer.data, look.board
    detected = board.incident.detected_ns if board.incident else board.during.start_ns
    templates = mine(table.line)
    factor = np.array([FACTORS.get(level, 1.0) for level in templates.levels])
    group = table.service.astype(np.int64)
    lines = Lines(
        times_ns=table.times_ns, group=group,
        event=reworded(templates, table.line, table.times_ns, group, changed),
        weight=table.weight, factor=factor[templates.ids] if len(table) else np.empty(0),
    )  # fmt: skip
    rows, events = _events(table, templates, lines, index)
    candidates = candidate_splits(board.baseline, board.during, detected)
    known = known_names([*board.entities, *table.entities, *(index.table.entities if index else ())])
    by_name = {address: known.get(e.name.lower(), e) for address, e in addresses.items()}
    return LogStudy(
        answer=answer, templates=templates, lines=lines, events=events, event_rows=rows, given=candidates[0],
        splits=tuple(s for s in candidates if _both_sides(s, table.times_ns)), detected_ns=detected,
        meanings=load_meanings(), known=known, addresses=by_name,
    )  # fmt: skip


def _both_sides(split: Split, times_ns: Ints) -> bool:
    return int(split.before(times_ns).sum()) >= MIN_LINES and int(split.now(times_ns).sum()) >= 1


def _events(table: LogTable, templates: Templates, lines: Lines, index: SpanIndex | None) -> tuple[Ints, Events | None]:
    """Lines as events of visits: by span id where the span is known, else by trace id and service."""
    traced = table.trace_id != ""
    if len(table) == 0 or traced.mean() < JOINED:
        return np.empty(0, dtype=np.int64), None
    rows = np.flatnonzero(traced & ~np.array(templates.continuation)[templates.ids])
    number: dict[str, int] = {}
    request = np.array([number.setdefault(trace, len(number)) for trace in table.trace_id[rows]], dtype=np.int64)
    del number  # as large as the lines themselves
    service = table.service[rows].astype(np.int64)
    visit, kind = request * len(table.entities) + service, service.copy()
    if index is not None and len(index):
        written = table.span_id[rows].tolist()
        wanted = set(written)  # a table holds many more spans than lines speak of
        row_of = {span: row for row, span in enumerate(unpacked(index.table.span_ids)) if span in wanted}
        span = np.array([row_of.get(one, -1) for one in written], dtype=np.int64)
        hit = np.flatnonzero(span >= 0)
        visit[hit] = -1 - index.visit[span[hit]]
        kind[hit] = len(table.entities) + index.op[index.visit[span[hit]]]
    events = Events(
        times_ns=table.times_ns[rows], request=request,
        visit=np.unique(visit, return_inverse=True)[1].astype(np.int64), kind=kind, group=service,
        event=lines.event[rows], factor=lines.factor[rows],
    )  # fmt: skip
    return rows, events


def is_error(study: LogStudy) -> Bools:
    """bool [lines]: stated as error or worse."""
    errors = np.array([level in ERROR_LEVELS for level in study.templates.levels], dtype=bool)
    return errors[study.templates.ids]


def log_anomaly(
    study: LogStudy, agent: str, sign: str, entity: EntityRef, split: Split, text: str, *, score: float, half: float,
    value: float, baseline: float, samples: tuple[int, int], method: str, first_ns: int | None = None,
    peer: EntityRef | None = None, quality: Quality = Quality.DIRECT, rows: Ints | None = None,
    statements: tuple[str, ...] = (),
) -> Observation:  # fmt: skip
    """An ANOMALY over lines; `rows` are the lines to draw per minute. What one service wrote is one piece of evidence,
    however many signs are read from it."""
    since = Instant(ns=first_ns or split.at_ns, uncertainty_ns=0 if first_ns else SPLIT_UNCERTAINTY_NS)
    curve = _per_minute(study, rows) if rows is not None and rows.size else None
    return observe(
        agent=agent, sign=sign, entity=entity, verdict=Verdict.ANOMALY, text=text, answer=study.answer,
        series=f"{LINES_SERIES}{entity.key}", statements=statements,
        strength=strength_of(score, half), since=since, value=Quantity(value=round(value, 4)), peer=peer,
        baseline=Quantity(value=round(baseline, 4)), quality=quality,
        stats=Stats(method=method, score=round(score, 4), samples=samples[0], baseline_samples=samples[1]),
        spark=spark_of(*curve, split.at_ns) if curve else None,
    )  # fmt: skip


def _per_minute(study: LogStudy, rows: Ints) -> tuple[Ints, Floats]:
    """Lines per minute among `rows`, over the minutes in which anything was logged."""
    minutes = np.unique(study.table.times_ns // MINUTE_NS)
    at = np.searchsorted(minutes, study.table.times_ns[rows] // MINUTE_NS)
    counts = np.bincount(at, weights=study.table.weight[rows], minlength=minutes.size)
    return (minutes + 1) * MINUTE_NS, counts.astype(np.float64)


def log_normal(
    study: LogStudy, agent: str, signs: Iterable[str], entity: EntityRef, text: str, samples: tuple[int, int]
) -> list[Observation]:
    """NORMAL for each sign, or nothing where coverage or counts make absence meaningless."""
    if not study.answer.coverage.complete or min(samples) < MIN_LINES:
        return []
    stats = Stats(method="lines", score=0.0, samples=samples[0], baseline_samples=samples[1])
    return [
        observe(
            agent=agent, sign=sign, entity=entity, verdict=Verdict.NORMAL, text=text, answer=study.answer, stats=stats
        )
        for sign in signs
    ]


def until(study: LogStudy, split: Split) -> str:
    """In words, what "before" means here."""
    if split.given:
        return "before the onset"
    return f"until {(study.detected_ns - split.at_ns) / NS_PER_S:.0f} s before the page"
