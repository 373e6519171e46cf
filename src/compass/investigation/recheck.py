"""Measure the signals of an investigation again: its symptoms, what its leading account rests on, and its alerts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from statistics import median

import numpy as np

from compass.agents.screens import lines_again
from compass.agents.screens.lines_again import LinesNow, of_lines
from compass.agents.screens.series import graph_of
from compass.analysis import anomaly, wording
from compass.analysis.derived import with_ratios
from compass.analysis.findings import NEAR_LIMIT, subject
from compass.analysis.graph import ServiceGraph
from compass.analysis.recovery import judged, last_third, level, overall, share_recovered
from compass.disproof._again import LOGS, SPANS, count_again, counted
from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.incident import PART_OF
from compass.domain.observation import ALERT_SERIES, Observation, Spark, Verdict
from compass.domain.recheck import AlertNow, AlertState, Rechecked, Recovery, SignalNow
from compass.domain.telemetry import ObjectKind, ObjectQuery, SignalKind, SignalQuery
from compass.domain.time import Window
from compass.ports.clock import Deadline
from compass.ports.errors import SourceError
from compass.ports.telemetry import Telemetry
from compass.projections.view import Fact, View
from compass.redaction import bound, redact
from compass.tables.objects import Alert
from compass.tables.series import SeriesTable, empty_series, named

MOST_SIGNALS = 60
MOST_ALERTS = 20
MOST_TITLE = 500  # characters of a page's title that are kept
_OF_A_LIMIT = frozenset(sign for sign, _ in NEAR_LIMIT.values())
_COUNTED = "restarts.up"  # single events among empty steps: a mean tells of them, a median never
# The figures of such observations (growth, time added, a contrast of instances) are not levels of their series: those
# are read from its picture.
_NOT_A_LEVEL = ("memory.leak", "latency.own_up", "latency.waiting", "release.")
_KEY = re.compile(r"(?P<name>[^{|]*)\{(?P<labels>.*)\}$", re.DOTALL)
_LABEL = re.compile(r"([^,={]+)=(.*?)(?=,[^,=]+=|$)")
_TOLD = ("summary", "title", "message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An observation that may be measured again."""

    observation: Observation
    symptom: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Now:
    """The new window. `rows` has each row's number by its key, alone (where only one row has it) and after its
    entity's key, as observations name it. `counted`: levels of what strategies counted from spans and lines; `lines`:
    of what log screens read."""

    table: SeriesTable
    graph: ServiceGraph
    window: Window
    rows: Mapping[str, int]
    counted: Mapping[str, float] = field(default_factory=dict)
    lines: LinesNow = field(default_factory=LinesNow)


def parts_of(view: View) -> frozenset[str]:
    """Parts of a window that a recheck reads. Spans and lines are large: only where something was counted from them."""
    every = [one.observation for one in wanted(view)]
    series = [counted(o) for o in every]
    more = {part for part, begin in (("traces", SPANS), ("logs", LOGS)) if any(s.startswith(begin) for s in series)}
    more |= {"logs"} if any(map(of_lines, every)) else set()
    # Kubernetes and topology say what the labels of series mean.
    return frozenset({"metrics", "alerts", "kubernetes", "topology", *more})


async def recheck(telemetry: Telemetry, board: Board, view: View, window: Window, deadline: Deadline) -> Rechecked:
    """Everything as it stands at the end of `window`. Raises SourceError when nobody answered."""
    every = wanted(view)
    chosen = [one for one in every if _rests_on_series(one.observation) or of_lines(one.observation)]
    lost: list[SourceError] = []
    table = empty_series()
    try:
        query = SignalQuery(kinds=frozenset(SignalKind), window=window)
        table = (await telemetry.series(query, deadline=deadline)).data
    except SourceError as error:
        lost.append(error)
    board = replace(board, containment={**board.containment, **await _containment(telemetry, window, deadline)})
    now = _now(table, board, window)
    counting = [one.observation for one in chosen if counted(one.observation)]
    again = await count_again(telemetry, counting, board, now.graph, last_third(window), deadline)
    read = [one.observation for one in chosen if of_lines(one.observation)]
    lines = await lines_again.lines_again(telemetry, read, now.graph, last_third(window), deadline)
    lost += [*again.lost, *((lines.lost,) if lines.lost is not None else ())]
    signals = _signals(chosen, replace(now, counted=again.levels, lines=lines))
    answered, alerts = False, _unknown(board)
    try:
        answered, alerts = await _alerts(telemetry, board, now.graph, window, deadline)
    except SourceError as error:
        lost.append(error)
    if lost and not table.rows and not again.levels and not lines.levels and not answered:
        raise lost[0]
    return Rechecked(
        at_ns=window.end_ns, window=window, state=overall(signals, alerts), signals=signals, alerts=alerts,
        not_measured=len(every) - len(chosen), lost=tuple(str(error) for error in lost),
    )  # fmt: skip


async def _containment(telemetry: Telemetry, window: Window, deadline: Deadline) -> dict[EntityRef, EntityRef]:
    """What the labels of today say belongs to what: instances may be new. Nothing where that cannot be asked."""
    query = ObjectQuery(kind=ObjectKind.TOPOLOGY, window=window, api_kinds=frozenset({"containment"}))
    try:
        known = (await telemetry.objects(query, deadline=deadline)).data.dependencies
    except SourceError:  # the same servers are asked for series, and what is wrong with them is said there
        return {}
    return {one.caller: one.callee for one in known if one.kind == PART_OF}


def wanted(view: View) -> tuple[Wanted, ...]:
    """The symptoms, then what else is abnormal and speaks for the leading account.

    What an alert or the page told is no signal, and what was normal has nowhere to go back to.
    """
    account = view.accounts[0].evidence_for if view.accounts else ()
    found: dict[str, Wanted] = {}
    both: tuple[tuple[Iterable[Fact], bool], ...] = ((view.situation.symptoms, True), (account, False))
    for facts, symptom in both:
        for fact in facts:
            o = fact.observation
            if o.verdict is Verdict.ANOMALY and not o.told:
                found.setdefault(o.id, Wanted(observation=o, symptom=symptom))
    return tuple(found.values())


def _rests_on_series(o: Observation) -> bool:
    return _KEY.search(_series(o)) is not None


def _series(o: Observation) -> str:
    """What is measured again for it."""
    return counted(o) or o.series


def _now(table: SeriesTable, board: Board, window: Window) -> _Now:
    table = with_ratios(table) if table.rows else table
    rows: dict[str, int] = {}
    twice: set[str] = set()
    for number, row in enumerate(table.rows):
        if rows.setdefault(row.key, number) != number:
            twice.add(row.key)
    rows = {key: number for key, number in rows.items() if key not in twice}
    rows.update({f"{row.entity.key}|{row.key}": number for number, row in enumerate(table.rows)})
    return _Now(table=table, graph=graph_of(board, table), window=window, rows=rows)


def _signals(chosen: list[Wanted], now: _Now) -> tuple[SignalNow, ...]:
    """One a series and way of reading it, the first that names it."""
    found: dict[tuple[str, ...], SignalNow] = {}
    for one in chosen:
        o = one.observation
        match = _KEY.search(_series(o))
        key: tuple[str, ...] = (match[0] if match else _series(o), o.sign if o.sign in _OF_A_LIMIT else "")
        if of_lines(o):
            key = (o.series, o.sign, *o.statements)
        if key not in found and len(found) < MOST_SIGNALS:
            found[key] = _of_lines(one, now) if of_lines(o) else _signal(one, now)
    return tuple(found.values())


def _of_lines(wanted: Wanted, now: _Now) -> SignalNow:
    o = wanted.observation
    before, usual = lines_again.levels_of(o)
    value = now.lines.levels.get(o.id)
    state = judged(share_recovered(before, usual, value))
    note = now.lines.notes.get(o.id, "")
    if state is Recovery.UNKNOWN and not note:
        note = "no lines now" if value is None else "how it usually is was not measured"
    return SignalNow(
        observation=o.id, entity=o.entity, text=f"{lines_again.kind_of(o)} of {o.entity}", before=before, usual=usual,
        now=value, unit=lines_again.UNIT, state=state, symptom=wanted.symptom, note=note,
    )  # fmt: skip


def _signal(wanted: Wanted, now: _Now) -> SignalNow:
    o = wanted.observation
    rows, note = _rows_of(o, now)
    value = _value(o, rows, now) if rows else now.counted.get(counted(o))
    unit = o.value.unit if o.value is not None else "1"
    text = counted(o).removesuffix("{}") if counted(o) else f"{o.sign} at {o.entity}"
    if rows:
        signal = now.table.rows[rows[0]].signal
        of_limit = " against its limit" if o.sign in _OF_A_LIMIT else ""
        text = f"{wording.noun(signal)} of {o.entity}{of_limit}"
        unit = "1" if o.sign in _OF_A_LIMIT else signal.unit
    before, usual = _levels(o, unit)
    state = judged(share_recovered(before, usual, value))
    if state is Recovery.UNKNOWN:
        note = "no samples now" if value is None else "how it usually is was not measured"
    return SignalNow(
        observation=o.id, entity=o.entity, text=text, before=before, usual=usual, now=value, unit=unit, state=state,
        symptom=wanted.symptom, note=note,
    )  # fmt: skip


def _value(o: Observation, rows: list[int], now: _Now) -> float | None:
    late = last_third(now.window)
    if o.sign in _OF_A_LIMIT:
        shares = anomaly.limit_share(now.table, late)[rows]
        shares = shares[np.isfinite(shares)]
        return float(np.median(shares)) if shares.size else None
    return level(now.table.times_ns, now.table.values[rows], late, mean=o.sign == _COUNTED)


def _levels(o: Observation, unit: str) -> tuple[float | None, float | None]:
    """How bad it was and how it usually is, on the scale of its series (in `unit`)."""
    if o.sign.startswith(_NOT_A_LEVEL) or (o.value is not None and o.value.unit != unit):
        return _of_picture(o.spark) if o.spark is not None else (None, None)
    return (o.value.value if o.value else None), (o.baseline.value if o.baseline else None)


def _of_picture(spark: Spark) -> tuple[float | None, float | None]:
    if spark.split is None:
        return None, None
    before = [v for v in spark.values[spark.split :] if v is not None]
    usual = [v for v in spark.values[: spark.split] if v is not None]
    return (median(before) if before else None), (median(usual) if usual else None)


def _rows_of(o: Observation, now: _Now) -> tuple[list[int], str]:
    """The row an observation names; else the one whose labels agree as far as both have them (a server that sums adds
    fewer); else those of the same meaning at the same thing: after a relief, its instances are often new ones."""
    exact = named(_series(o), now.rows)
    if exact is not None:
        return [exact], ""
    match = _KEY.search(_series(o))
    if match is None:
        return [], ""
    labels = dict(_LABEL.findall(match["labels"]))
    there = [
        number for number, row in enumerate(now.table.rows)
        if row.name == match["name"] and row.labels.get("stat", "") == labels.get("stat", "")
        and subject(row, now.graph)[0] == o.entity
    ]  # fmt: skip
    alike = [
        number for number in there
        if all(labels.get(name, value) == value for name, value in now.table.rows[number].labels.items())
    ]  # fmt: skip
    if len(alike) == 1:
        return alike, ""
    return there, f"its own series is gone: {len(there)} of the same meaning at {o.entity}" if there else ""


def _known_alerts(board: Board) -> tuple[AlertNow, ...]:
    """Alerts that the investigation saw, as not known any more."""
    found: dict[tuple[str, str], AlertNow] = {}
    for o in board.observations.values():
        if o.series.startswith(ALERT_SERIES):
            name = o.series.removeprefix(ALERT_SERIES).rsplit(f"|{o.entity.key}", 1)[0]
            found.setdefault((name, o.entity.key), AlertNow(name=name, entity=o.entity, state=AlertState.UNKNOWN))
    return tuple(found.values())


def _unknown(board: Board) -> tuple[AlertNow, ...]:
    return _known_alerts(board)[:MOST_ALERTS]


async def _alerts(
    telemetry: Telemetry, board: Board, graph: ServiceGraph, window: Window, deadline: Deadline
) -> tuple[bool, tuple[AlertNow, ...]]:
    """Whether anybody was there to be asked, and the alerts: the one that paged first, then what still fires."""
    if ObjectKind.ALERTS not in telemetry.capabilities:
        return False, _unknown(board)
    answer = await telemetry.objects(ObjectQuery(kind=ObjectKind.ALERTS, window=window), deadline=deadline)
    title = board.incident.title if board.incident is not None else ""
    found: dict[tuple[str, str], AlertNow] = {}
    for alert in sorted(answer.data.alerts, key=lambda a: (a.starts_ns, a.name)):
        one = _alert(alert, graph, title, window)
        before = found.get(_key(one))
        if before is None or before.state is not AlertState.FIRING:
            found[_key(one)] = one
    known = _known_alerts(board)
    # What is not listed fires no more, where everybody who could list it was heard.
    silent = AlertState.RESOLVED if not answer.coverage.missing else AlertState.UNKNOWN
    told = [found.get(_key(one)) or replace(one, state=silent) for one in known]
    told += [one for one in found.values() if one.paged and one not in told]
    told.sort(key=lambda one: (not one.paged, one.state is not AlertState.FIRING, one.name, str(one.entity)))
    return True, tuple(told[:MOST_ALERTS])


def _key(alert: AlertNow) -> tuple[str, str]:
    return alert.name, alert.entity.key if alert.entity is not None else ""


def _alert(alert: Alert, graph: ServiceGraph, title: str, window: Window) -> AlertNow:
    entity = graph.owner(alert.entity) if alert.entity is not None else None
    over = alert.status == "resolved" or (alert.ends_ns is not None and alert.ends_ns <= window.end_ns)
    return AlertNow(
        name=alert.name, entity=entity, state=AlertState.RESOLVED if over else AlertState.FIRING,
        paged=_paged(alert, title), since_ns=alert.starts_ns, ended_ns=alert.ends_ns if over else None,
    )  # fmt: skip


def _paged(alert: Alert, title: str) -> bool:
    """Whether the title of the incident was made from this alert's words."""
    if not title:
        return False
    words = [alert.annotations.get(key, "") for key in _TOLD]
    kept = (bound(redact(" ".join(text.split())), MOST_TITLE) for text in words if text)
    return title in (alert.name, *kept) or title.startswith(f"{alert.name}: ")
