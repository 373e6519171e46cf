"""What a team calls normal, or a false alarm: whether an observation is set aside by it.

Only what is abnormal can be set aside, and only where everything that an entry says of it surely holds: a value that is
not known lies within no range, a fact that may have outlasted a time does not lie within it. A critical error is never
set aside. What was measured to be normal stays, and refutes as it always does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from compass.analysis.units import to_base
from compass.domain.board import Board
from compass.domain.briefed import Discounted
from compass.domain.disproof import DisproofAttempt, Outcome
from compass.domain.observation import ALERT_SERIES, Observation, Verdict
from compass.domain.sign import CRITICAL, matches
from compass.domain.team import FalseAlarm, Matching, NormalBehaviour
from compass.domain.time import Window
from compass.projections.team.critical import critical_errors
from compass.projections.team.hours import all_within
from compass.projections.team.lines import contains
from compass.projections.team.reach import holding
from compass.projections.team.words import kind_of, where

A = TypeVar("A", NormalBehaviour, FalseAlarm)
_UNITLESS = frozenset({"", "1"})


def discounted(board: Board, o: Observation) -> Discounted | None:
    """The observation as the team's knowledge sets it aside; None where it counts."""
    team, incident = board.team, board.incident
    if team is None or incident is None or o.verdict is not Verdict.ANOMALY or o.sign == CRITICAL:
        return None
    if not team.normal and not team.false_alarms:
        return None
    if critical_errors(team.critical_errors, o, board.containment, incident.now_ns, masked=True):
        return None
    for entry in _holding(team.normal, o, board, incident.now_ns):
        if is_about(entry.matching, o) and _in_range(entry, o) and _at_its_time(entry, o, board):
            return Discounted(observation=o, entry=entry)
    for alarm in _holding(team.false_alarms, o, board, incident.now_ns):
        if is_about(alarm.matching, o):
            return Discounted(observation=o, entry=alarm)
    return None


def _holding(entries: tuple[A, ...], o: Observation, board: Board, now_ns: int) -> tuple[A, ...]:
    """Those that hold for the observation's entity, of the ids of which any is about it: most are about other things,
    and every event of an investigation comes by here."""
    wanted = {entry.id for entry in entries if is_about(entry.matching, o)}
    if not wanted:
        return ()
    return holding((entry for entry in entries if entry.id in wanted), o.entity, board.containment, now_ns)


def is_about(matching: Matching, o: Observation) -> bool:
    """Whether every part of `matching` that is given is met; none given meets nothing.

    What rests on several templates is about a line only where every one of them contains one that is named.
    """
    if not (matching.signs or matching.alerts or matching.lines or matching.kinds):
        return False
    if matching.signs and not any(matches(word, o.sign) for word in matching.signs):
        return False
    if matching.alerts and alert_of(o) not in matching.alerts:
        return False
    if matching.kinds and o.entity.kind not in matching.kinds:
        return False
    if not matching.lines:
        return True
    return bool(o.statements) and all(any(contains(said, line) for line in matching.lines) for said in o.statements)


def alert_of(o: Observation) -> str | None:
    """The name of the alert that says it; None where none does."""
    if not o.series.startswith(ALERT_SERIES):
        return None
    return o.series.removeprefix(ALERT_SERIES).rsplit(f"|{o.entity.key}", 1)[0]


def _in_range(entry: NormalBehaviour, o: Observation) -> bool:
    if entry.at_least is None and entry.at_most is None:
        return True
    value = _in_unit(o, entry.unit)
    if value is None:
        return False
    return (entry.at_least is None or value >= entry.at_least) and (entry.at_most is None or value <= entry.at_most)


def _in_unit(o: Observation, unit: str) -> float | None:
    """The observation's value in `unit`; None where it has none, or one of another dimension."""
    if o.value is None:
        return None
    if o.value.unit == unit or {o.value.unit, unit} <= _UNITLESS:
        return o.value.value
    (own, factor), (wanted, scale) = to_base(o.value.unit), to_base(unit)
    return o.value.value * factor / scale if own == wanted else None


def _at_its_time(entry: NormalBehaviour, o: Observation, board: Board) -> bool:
    """From when it may have begun until now: that it had ended before is not known."""
    if not entry.during:
        return True
    if board.incident is None or board.onset is None:
        return False
    began = o.since.earliest_ns if o.since is not None else board.during.start_ns
    now_ns = board.incident.now_ns
    return all_within(entry.during, Window(start_ns=min(began, now_ns), end_ns=now_ns))


def judged(board: Board, attempt: DisproofAttempt) -> DisproofAttempt:
    """The attempt as it counts: where nothing abnormal that it rests on counts, it says nothing (a person judges).

    What was refuted by something that was measured and is normal stays refuted.
    """
    if board.team is None or attempt.outcome not in (Outcome.REFUTED, Outcome.SURVIVED):
        return attempt
    seen = {o.id: o for o in attempt.observations}
    seen |= {key: board.known(key) for key in attempt.observed if key in board.observations or key in board.discounted}
    abnormal = [o for o in seen.values() if o.verdict is Verdict.ANOMALY]
    aside = [found for o in abnormal if (found := discounted(board, o)) is not None]
    if not aside or len(aside) < len(abnormal):
        return attempt
    if attempt.outcome is Outcome.REFUTED and any(o.verdict is Verdict.NORMAL for o in seen.values()):
        return attempt
    said = f"{attempt.found} (set aside: {named(aside[0])})"
    return replace(attempt, outcome=Outcome.AMBIGUOUS, decisive=False, found=said)


def named(aside: Discounted) -> str:
    """By what it was set aside, in a few words."""
    return f"{kind_of(aside.entry)} {aside.entry.id} ({where(aside.entry)})"
