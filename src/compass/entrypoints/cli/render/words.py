"""Numbers, times and names as people read them."""

from __future__ import annotations

from datetime import datetime, tzinfo

from compass.analysis.wording import share
from compass.domain.entity import EntityRef
from compass.domain.time import to_datetime
from compass.projections.lost import reason
from compass.projections.view import LostLine


def clock_time(ns: int, zone: tzinfo | None = None) -> str:
    """14:03:20 UTC, with the local time behind it where that differs: `14:03:20 UTC (16:03:20 local)`."""
    moment = to_datetime(ns)
    local = moment.astimezone(zone)
    if local.utcoffset() == moment.utcoffset():
        return f"{moment:%H:%M:%S} UTC"
    return f"{moment:%H:%M:%S} UTC ({local:%H:%M:%S} local)"


def date_time(ns: int) -> str:
    return f"{to_datetime(ns):%Y-%m-%d %H:%M:%S} UTC"


def duration(seconds: float) -> str:
    """4.2 s, 38 s, 5 min, 2 h 10 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def offset(seconds: float) -> str:
    """Before or after the onset."""
    return f"{duration(abs(seconds))} {'after' if seconds > 0 else 'before'} the onset"


percent = share


def names(entities: tuple[EntityRef, ...], most: int, *, marked: str | None = None) -> str:
    """At most `most` names; the rest is counted. The `marked` one is the one that was paged."""
    shown = ", ".join(f"{e.name} (paged)" if e.name == marked else e.name for e in entities[:most])
    rest = len(entities) - most
    return f"{shown} and {rest} more" if rest > 0 else shown or "none"


def cut(text: str, width: int) -> str:
    """One line of at most `width` characters; what does not fit ends in an ellipsis."""
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: max(1, width - 1)].rstrip() + "…"


def lost_words(line: LostLine) -> str:
    """Which source, since when, why, and what that hides, in one line."""
    since = f" since {clock_time(line.since_ns)}" if line.since_ns is not None else ""
    verb = "are" if len(line.parts) > 1 else "is"
    said = f"{', '.join(line.parts)} from {line.source} {verb} lost{since}: {reason(line)}"
    return f"{said}. Without it, {'; '.join(line.hides)}" if line.hides else said


def relative_day(moment: datetime, now: datetime) -> str:
    """today 14:03, yesterday 14:03, or the date."""
    days = (now.date() - moment.date()).days
    if days in (0, 1):
        return f"{'today' if days == 0 else 'yesterday'} {moment:%H:%M}"
    return f"{moment:%Y-%m-%d %H:%M}"
