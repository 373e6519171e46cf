"""What a person has to know of the logs that are not there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from compass.domain.time import NS_PER_S, Window
from compass.sources.loki.assemble import Assembled
from compass.sources.loki.fetch import Pulled
from compass.sources.loki.survey import Counted, named


def told(counted: Counted, pulled: Sequence[Pulled], made: Assembled, *, exact: bool) -> list[str]:
    """What a person has to know of what is not there."""
    notes = list(counted.notes)
    for one in pulled:
        notes += [f"Loki says: {note}" for page in one.pages for note in page.warnings]
    sampled: dict[str, list[float]] = {}
    for one in (one for one in pulled if one.stands is None and not one.pull.rare):
        entry = sampled.setdefault(one.pull.what, [0.0, 0.0, 0.0])
        entry[0] += sum(page.lines for page in one.pages)
        entry[1] += one.pull.total
        entry[2] += one.pull.modulus > 1 or bool(one.cut) or bool(one.late)
    notes += [
        f"logs are a sample: of about {total:,.0f} {what} {got:,.0f} were read, each standing for several"
        for what, (got, total, some) in sampled.items() if some and got
    ]  # fmt: skip
    notes += [
        f"logs were cut: there are more {one.pull.what} than were counted between {spanned(left)}"
        for one in pulled for left in one.cut if not one.pull.rare
    ]  # fmt: skip
    notes += [f"logs between {spanned(part)} are missing: {error.what}" for one in pulled for part, error in one.late]
    brief = [one.pull.windows[0] for one in pulled if one.stands is not None and one.stands > 1]
    if brief:
        span = spanned(Window(start_ns=brief[0].start_ns, end_ns=brief[-1].end_ns))
        notes.append(f"of other times between {span} logs were only looked at {len(brief)} times for a short while")
    if made.unseen >= 1:
        notes.append(f"no line was read of log streams that have {made.unseen:,.0f} lines in all")
    if exact and made.left_out:
        notes.append(f"structured metadata with too many values was left out of logs: {named(made.left_out)}")
    return notes


def spanned(window: Window) -> str:
    """From when to when, in words."""
    ends = (
        datetime.fromtimestamp(at / NS_PER_S, tz=UTC).strftime("%H:%M:%S") for at in (window.start_ns, window.end_ns)
    )
    return " and ".join(ends)
