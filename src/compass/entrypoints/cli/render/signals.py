"""What is understood of a service, kind by kind, then what is ignored and why. The summary fits 24 lines of 80."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from compass.domain.entity import EntityKind
from compass.domain.telemetry import Direction, SignalKind, Temporality
from compass.entrypoints.cli.render.page import LABEL, Page, labelled
from compass.entrypoints.cli.render.words import clock_time, cut
from compass.entrypoints.cli.unread import Reading
from compass.sources.recording.signals import Ignored, ServiceSignals, Understood

if TYPE_CHECKING:
    from compass.entrypoints.cli.understanding import Signals

KIND, SERIES, TYPE, UNIT = 15, 6, 7, 12
BEFORE = KIND + SERIES + TYPE + UNIT + 4
EXPECTED = (SignalKind.LATENCY, SignalKind.TRAFFIC, SignalKind.ERRORS, SignalKind.CPU, SignalKind.MEMORY)
"""What nearly every service tells of itself: a gap here is the first thing to look at."""
FEWEST_KINDS = 4
HOW = {"count": "its count", "status": "by its status label"}
CALLS = {"received": "calls from", "made": "calls to"}


def signal_lines(report: Signals, page: Page) -> list[Text]:
    """The summary on a terminal; every name in a pipe or with `--all`."""
    found = report.signals
    head = [_headline(found, report.origin, page), *_identity(found, page)]
    tail = [*_logs(found, page), *_spans(found, page), *_gaps(found, page), *_ignored(found, page)]
    tail += [*_unread(report, page), *_readings(report, page)]
    room = page.height - 1 - len(head) - len(tail) - 2 if not page.full and not page.uncut else None
    return [*head, *_table(found.understood, page, room), *tail, *_footer(page)]


def _headline(found: ServiceSignals, origin: str, page: Page) -> Text:
    start, end = (clock_time(ns).split(" ")[0] for ns in (found.window.start_ns, found.window.end_ns))
    tail = f"  {origin}, {start} to {end} UTC"
    where = f" in {found.service.namespace}" if found.service.namespace else ""
    name = f"{found.service.kind.value} {found.service.name}{where}"
    return Text(page.fit(name, len(tail)), style="bold").append(tail, style="dim")


def _identity(found: ServiceSignals, page: Page) -> list[Text]:
    node = dict(found.runs_on)
    pods = [e for e in found.parts if e.kind is EntityKind.POD]
    said = [str(e) for e in found.parts if e.kind is not EntityKind.POD]
    shown = [f"{e.name} on {node[e].name}" if e in node else e.name for e in pods]
    said += [f"{_some(len(pods), 'pod')}: {', '.join(shown)}"] if pods else ["no pod is known"]
    lines = [labelled("HOLDS", page.fit("; ".join(said)))]
    return [*lines, labelled("", page.fit(f"also called {', '.join(found.aliases)}"))] if found.aliases else lines


def _table(understood: Sequence[Understood], page: Page, room: int | None) -> list[Text]:
    series = sum(one.series for one in understood if one.how in ("value", "histogram"))
    kinds = len({one.kind for one in understood})
    if not understood:
        return [labelled("SIGNALS", "nothing is understood", "red")]
    wide = _widths(understood, page)
    columns = f"{f'{kinds} kinds':<{wide[0]}} {'series':>{SERIES}} {'type':<{TYPE}} {'worse, unit':<{wide[1]}} name"
    lines = [Text(columns, style="bold")]
    rows = _by_kind(understood) if room is not None else [(one, ()) for one in understood]
    kept = rows if room is None or len(rows) <= room else rows[: max(FEWEST_KINDS, room - 1)]
    lines += [_row(one, others, wide, page) for one, others in kept]
    rest = ", ".join(one.kind.value for one, _ in rows[len(kept) :])
    lines += [Text(page.fit(f"and {len(rows) - len(kept)} kinds more: {rest}", 0), style="dim")] if rest else []
    return lines if series else [*lines, labelled("", "no series at all", "red")]


def _by_kind(understood: Sequence[Understood]) -> list[tuple[Understood, tuple[Understood, ...]]]:
    """One of each kind, the one with most samples, the service's own before what others measure; and the others."""
    kinds: dict[SignalKind, list[Understood]] = {}
    for one in understood:
        kinds.setdefault(one.kind, []).append(one)
    rows = []
    for some in kinds.values():
        first, *others = sorted(some, key=lambda one: (one.samples == 0, one.calls != "", -one.samples, one.name))
        rows.append((first, tuple(others)))
    return rows


def _widths(understood: Sequence[Understood], page: Page) -> tuple[int, int]:
    """Of the columns of kinds and units: as wide as they need to be where nothing is cut."""
    if not page.full and not page.uncut:
        return KIND, UNIT
    kinds = max(len(one.kind.value) for one in understood)
    return max(KIND, kinds), max(UNIT, *(len(_worse(one, page) + _unit(one.unit)) + 1 for one in understood))


def _row(one: Understood, others: Sequence[Understood], wide: tuple[int, int], page: Page) -> Text:
    kind, unit = wide
    line = Text(f"{cut(one.kind.value, kind):<{kind}} ", style="cyan")
    line.append(f"{one.series:>{SERIES}} {_type(one):<{TYPE}} ")
    line.append(f"{cut(f'{_worse(one, page)} {_unit(one.unit)}', unit):<{unit}} ", style="dim")
    if not one.samples:
        line.append("no samples  ", style="red")
    more = f" (+{len(others)})" if others else ""
    said = [one.name, HOW.get(one.how, ""), f"{CALLS[one.calls]} {', '.join(one.peers)}" if one.calls else ""]
    by = f"by {', '.join(one.by)}" if one.by and (page.full or page.uncut) else ""
    count = f"{one.samples} samples" if page.full or page.uncut else ""
    text = ", ".join(part for part in (*said, by, count) if part)
    room = BEFORE + len(more) + (0 if one.samples else 12)
    return line.append(page.fit(text, room)).append(more, style="dim")


def _type(one: Understood) -> str:
    if one.how == "histogram":
        return "buckets"
    return "counter" if one.temporality is Temporality.CUMULATIVE else one.temporality.value


def _worse(one: Understood, page: Page) -> str:
    signs = {Direction.UP: "↑", Direction.DOWN: "↓", Direction.EITHER: "↕"} if page.unicode else {}
    return signs.get(one.worse, one.worse.value)


def _some(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _unit(unit: str) -> str:
    return unit.replace("{", "").replace("}", "")


def _logs(found: ServiceSignals, page: Page) -> list[Text]:
    if not found.streams:
        return []
    lines = sum(stream.lines for stream in found.streams)
    levels = ", ".join(sorted({stream.level or "no level" for stream in found.streams}))
    heads = [labelled("LOGS", page.fit(f"{lines} lines of {_some(len(found.streams), 'stream')}: {levels}"))]
    if found.fields:
        heads.append(labelled("", page.fit(f"fields of its lines (values): {', '.join(found.fields)}")))
    if page.full or page.uncut:
        heads += [labelled("", page.fit(f"{stream.lines} lines {_labels(stream.labels)}")) for stream in found.streams]
    return heads


def _spans(found: ServiceSignals, page: Page) -> list[Text]:
    said = [f"{one.spans} of {one.operations} operations as {one.name}" for one in found.senders]
    by = [f"{text} ({one.entity})" for text, one in zip(said, found.senders, strict=True)]
    return [labelled("SPANS", page.fit("; ".join(by if page.full or page.uncut else said)))] if said else []


def _gaps(found: ServiceSignals, page: Page) -> list[Text]:
    """What one would expect and nothing shows."""
    seen = {one.kind for one in found.understood if one.samples}
    serves = found.service.kind in (EntityKind.SERVICE, EntityKind.WORKLOAD)
    gone = [kind.value for kind in EXPECTED if serves and kind not in seen]
    gone += ["logs"] if not any(stream.lines for stream in found.streams) else []
    gone += ["spans"] if serves and not found.senders else []
    lines = [labelled("NOT SEEN", page.fit(", ".join(gone)), "yellow")] if gone else []
    most = page.most(2, 99)
    return [*lines, *(labelled("", page.fit(note), "yellow") for note in found.missing[:most])]


def _ignored(found: ServiceSignals, page: Page) -> list[Text]:
    """A line a reason on a terminal; a line a name in a pipe."""
    lines: list[Text] = []
    for what, own, reason in dict.fromkeys((one.what, one.own, one.reason) for one in found.ignored):
        some = [one for one in found.ignored if (one.what, one.own, one.reason) == (what, own, reason)]
        count = sum(one.count for one in some)
        whose = "" if own else " of all services"
        counted = f"{count} series" if what == "series" else _some(count, what)
        lines.append(labelled("" if lines else "IGNORED", page.fit(f"{counted}{whose}: {reason}")))
        if page.full or page.uncut:
            lines += [_one_ignored(one, page) for one in some]
        else:
            lines.append(Text(" " * (LABEL + 2) + page.fit(_names(some), LABEL + 2), style="dim"))
    return lines or [labelled("IGNORED", "nothing", "green")]


def _unread(report: Signals, page: Page) -> list[Text]:
    """Of what no rule fits: what moved, where an engineer would look next."""
    unread = report.unread
    if unread is None:
        return []
    since = f" since {clock_time(report.since_ns).split(' ')[0]}" if report.since_ns is not None else ""
    names = [one.name for one in unread.most]
    shown = ", ".join(names[: page.most(3, 20)]) + (", …" if unread.moved > len(names[: page.most(3, 20)]) else "")
    said = f"{unread.moved} of {unread.names} unknown names moved{since}" + (f": {shown}" if shown else "")
    return [labelled("MOVED", page.fit(said), "yellow" if unread.moved else "dim")]


def _readings(report: Signals, page: Page) -> list[Text]:
    """What a model made of unknown names, as its own; in a pipe with the lines that would make it a rule."""
    lines: list[Text] = []
    for one in report.readings[: page.most(2, 99)]:
        what = "rejected: a model's reading of it is not used" if one.rejected else _read_as(one)
        lines.append(labelled("" if lines else "READ", page.fit(f"{one.name}: {what}"), "magenta"))
        if (page.full or page.uncut) and one.rule and not one.rejected:
            lines += [Text(f"{' ' * LABEL}  {line}", style="dim") for line in one.rule.split("\n")]
    if lines:
        told = "right: put its rule (--all) into compass.toml · wrong: --reject NAME"
        lines.append(Text(" " * LABEL + page.fit(told), style="dim"))
    return lines


def _read_as(one: Reading) -> str:
    more = "".join(f", {part}" for part in (one.unit, f"worse {one.worse}" if one.worse else "") if part)
    return f"{one.meaning}{more}, classified by {one.by}, not by the catalogue"


def _one_ignored(one: Ignored, page: Page) -> Text:
    return Text(" " * LABEL + page.fit(f"{one.count:>6} {one.name} e.g. {_labels(one.labels)}"), style="dim")


def _names(some: Iterable[Ignored]) -> str:
    return ", ".join(one.name for one in some)


def _labels(labels: object) -> str:
    pairs = labels.items() if isinstance(labels, dict) else []
    return "{" + ", ".join(f'{key}="{cut(str(value), 60)}"' for key, value in pairs if key != "__name__") + "}"


def _footer(page: Page) -> list[Text]:
    if page.full or page.uncut:
        return []
    return [
        Text(page.fit("more: --all names everything · teach it a name: [[signals]] in compass.toml", 0), style="dim")
    ]
