"""The same signals now: all of them in one line, then the alert that paged, then one row each."""

from __future__ import annotations

from rich.text import Text

from compass.analysis.wording import quantity
from compass.domain.commands import command
from compass.domain.recheck import AlertState
from compass.entrypoints.cli.render.page import Page, labelled
from compass.entrypoints.cli.render.screen import RECOVERY_STYLE, headline, without_model
from compass.entrypoints.cli.render.words import clock_time, duration
from compass.projections.view import AlertLine, RecheckLine, SignalLine, View

FIGURE, STATE = 9, 10  # columns
ON_TERMINAL = 12  # signals: the rest is in a pipe or in --json


def recheck_screen(view: View, one: RecheckLine, page: Page) -> list[Text]:
    """Everything about one recheck."""
    at = f"{clock_time(one.at_ns)}, over the last {duration(one.window_s)}"
    lines = [
        headline(view, page),
        *without_model(view, page),
        labelled("NOW", page.fit(one.said), RECOVERY_STYLE[one.state]),
        labelled("", page.fit(at)),
    ]
    lines += [_alert("ALERT" if i == 0 else "", alert, page) for i, alert in enumerate(one.alerts)]
    shown = one.signals[: page.most(ON_TERMINAL, len(one.signals))]
    if shown:
        head = f"{'now':>{FIGURE}}{'before':>{FIGURE}}{'usual':>{FIGURE}}"
        lines.append(Text(f"{'state':<{STATE}}{head}  signal", style="bold"))
    lines += [_row(signal, page) for signal in shown]
    if len(one.signals) > len(shown):
        left = len(one.signals) - len(shown)
        lines.append(Text(f"and {left} more: {command('recheck', page.of)} | cat", style="dim"))
    if one.not_measured:
        many = f"{one.not_measured} facts rest" if one.not_measured > 1 else "1 fact rests"
        lines.append(labelled("note", page.fit(f"{many} on no series (lines, traces, objects): not measured again")))
    return lines + [labelled("note", page.fit(f"not asked: {text}"), "yellow") for text in one.lost]


def _row(signal: SignalLine, page: Page) -> Text:
    figures = (signal.now, signal.before, signal.usual)
    told = "".join(f"{_figure(value, signal.unit):>{FIGURE}}" for value in figures)
    head = f"{signal.state.value:<{STATE}}"
    line = Text(head, style=RECOVERY_STYLE[signal.state]).append(told)
    note = f" ({signal.note})" if signal.note else ""
    return line.append("  ").append(page.fit(f"{signal.label} {signal.text}{note}", len(head) + len(told) + 2))


def _figure(value: float | None, unit: str) -> str:
    return "–" if value is None else quantity(value, unit)


def _alert(label: str, alert: AlertLine, page: Page) -> Text:
    where = f" on {alert.entity}" if alert.entity is not None else ""
    paged = ", the alert that paged" if alert.paged else ""
    match alert.state:
        case AlertState.FIRING:
            since = f" (since {clock_time(alert.since_ns).split(' (')[0]})" if alert.since_ns is not None else ""
            state, style = f"still fires{since}", "red"
        case AlertState.RESOLVED:
            ended = f" since {clock_time(alert.ended_ns).split(' (')[0]}" if alert.ended_ns is not None else ""
            state, style = f"does not fire{ended}", "green"
        case AlertState.UNKNOWN:
            state, style = "not known: no source of alerts answered for it", "dim"
    return labelled(label, page.fit(f"{alert.name}{where}{paged}: {state}"), style)
