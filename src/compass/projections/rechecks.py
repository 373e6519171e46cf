"""Signals that were measured again, in words and as lines."""

from __future__ import annotations

from compass.domain.board import Board
from compass.domain.recheck import AlertNow, AlertState, Rechecked, Recovery
from compass.projections.view import AlertLine, RecheckLine, SignalLine

_BACK = (Recovery.RECOVERED, Recovery.RECOVERING)
_SINCE = {
    Recovery.RECOVERED: "recovered", Recovery.RECOVERING: "recovering since the page",
    Recovery.UNCHANGED: "unchanged since the page", Recovery.WORSE: "worse than at the page",
}  # fmt: skip


def recheck_lines(board: Board) -> tuple[RecheckLine, ...]:
    """All of them, in the order they were made."""
    return tuple(_line(board, one) for one in board.rechecks)


def _line(board: Board, one: Rechecked) -> RecheckLine:
    signals = tuple(
        SignalLine(
            label=board.observation_labels.get(s.observation, "E?"), entity=s.entity, text=s.text, before=s.before,
            usual=s.usual, now=s.now, unit=s.unit, state=s.state, symptom=s.symptom, note=s.note,
        )
        for s in one.signals
    )  # fmt: skip
    alerts = tuple(
        AlertLine(name=a.name, entity=a.entity, state=a.state, paged=a.paged, since_ns=a.since_ns, ended_ns=a.ended_ns)
        for a in one.alerts
    )
    return RecheckLine(
        at_ns=one.at_ns, window_s=one.window.seconds, state=one.state, said=said_of(one), signals=signals,
        alerts=alerts, not_measured=one.not_measured, lost=one.lost,
    )  # fmt: skip


def said_of(one: Rechecked) -> str:
    """One sentence without a full stop: the state, how many signals show it, and the alert that matters most."""
    known = [s for s in one.signals if s.state is not Recovery.UNKNOWN]
    of = f"of {len(known)} signal{'' if len(known) == 1 else 's'}"
    match one.state:
        case Recovery.UNKNOWN:
            counted = "not known: no signal could be measured again"
        case Recovery.WORSE:
            worse = sum(s.state is Recovery.WORSE for s in known)
            counted = f"{_SINCE[one.state]}: {worse} {of} further from usual"
        case Recovery.RECOVERED:
            counted = f"{_SINCE[one.state]}: {len(known)} {of} back at usual"
        case _:
            counted = f"{_SINCE[one.state]}: {sum(s.state in _BACK for s in known)} {of} back towards usual"
    return counted + _alert(one.alerts)


def _alert(alerts: tuple[AlertNow, ...]) -> str:
    """The alert that paged; without it, how many of those known still fire."""
    paged = next((a for a in alerts if a.paged), None)
    if paged is not None and paged.state is not AlertState.UNKNOWN:
        return f"; alert {paged.name} {'still fires' if paged.state is AlertState.FIRING else 'is resolved'}"
    known = [a for a in alerts if a.state is not AlertState.UNKNOWN]
    firing = sum(a.state is AlertState.FIRING for a in known)
    return f"; {firing} of {len(known)} alerts still fire" if known else ""
