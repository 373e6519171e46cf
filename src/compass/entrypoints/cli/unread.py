"""`compass signals`: unknown names that moved, what a model made of them, and the rule that would make it permanent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from compass.domain.advice import ReadName
from compass.domain.board import Board
from compass.domain.entity import EntityRef
from compass.domain.incident import Incident
from compass.domain.telemetry import SignalKind, SignalQuery
from compass.domain.time import Window
from compass.domain.unread import Unread
from compass.entrypoints.cli import session
from compass.ports.clock import Deadline
from compass.ports.errors import NotFoundError
from compass.ports.replies import Replies
from compass.ports.telemetry import Telemetry

ABOUT = frozenset({"node", "database", "cache", "queue"})
_NORMAL = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a language model (`by`) reads an unknown name as: not the catalogue's word, and no evidence. `rule` are the
    lines of compass.toml that would make it the team's. `rejected`: people said that it is wrong; nobody uses it."""

    name: str
    meaning: str
    unit: str
    worse: str
    scope: str
    why: str
    by: str
    rejected: bool
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """Unknown names of one service: how many moved since `since_ns`, and the ids of all of them by name."""

    unread: Unread | None
    since_ns: int | None
    ids: Mapping[str, str]


async def odd_of(source: Telemetry, incident: Incident, service: EntityRef, window: Window) -> Odd:
    """From the series of one service alone: when it began is estimated from them, as an investigation would."""
    from compass.analysis.onset import estimate_onset
    from compass.analysis.unread import ids_of, unread_of

    query = SignalQuery(kinds=frozenset(SignalKind), window=window, entities=(service,))
    table = (await source.series(query, deadline=Deadline())).data
    onset = estimate_onset(table, incident)
    looked = Board(incident=incident, onset=onset)
    since = looked.during.start_ns if onset.strength > 0 else None
    return Odd(unread=unread_of(table, looked.baseline, looked.during), since_ns=since, ids=ids_of(table))


async def readings_of(odd: Odd, reject: str | None) -> tuple[Reading, ...]:
    """What the team keeps of these names; `reject`: first note that what a model made of this one is wrong.

    Raises NotFoundError for a name that is not among them, and StorageError.
    """
    from compass.investigation.advising import kept

    if reject is not None and reject not in odd.ids:
        there = ", ".join(sorted(odd.ids)[:12]) or "none"
        raise NotFoundError(f"no unknown series is called {reject!r}", hint=f"unknown here: {there}")
    if not odd.ids:
        return ()
    async with session.open_chronicle(session.settings()) as chronicle:
        replies: Replies = chronicle.replies
        if reject is not None:
            await kept.reject(replies, odd.ids[reject], reject)
        found = await kept.look_up(replies, sorted(odd.ids.values()))
    return tuple(
        _reading(name, *found.read.get(key, (ReadName(id=key), "")), rejected=key in found.rejected)
        for name, key in sorted(odd.ids.items())
        if key in found.read or key in found.rejected
    )


def _reading(name: str, read: ReadName, by: str, *, rejected: bool) -> Reading:
    return Reading(
        name=name, meaning=read.meaning, unit=read.unit, worse=read.worse, scope=read.scope, why=read.why, by=by,
        rejected=rejected, rule=rule_of(name, read) if read.meaning else "",
    )  # fmt: skip


def rule_of(name: str, read: ReadName) -> str:
    """Lines of compass.toml by which the catalogue knows the name from then on, as the model reads it."""
    from compass.analysis.units import to_base

    lines = ["[[signals]]", f'name = "{_NORMAL.sub("_", name.lower()).strip("_")}"', f'kind = "{read.meaning}"']
    if read.unit:
        dimension, factor = to_base(read.unit)
        base = {"time": "s", "bytes": "By"}.get(dimension)
        lines.append(f'unit = "{base or read.unit}"')
        lines += [f"scale = {factor!r}"] if base is not None and factor != 1.0 else []
    if read.worse:
        lines.append(f'worse = "{"either" if read.worse == "neither" else read.worse}"')
    lines += [f'about = "{read.scope}"'] if read.scope in ABOUT else []
    lines += ['side = "client"'] if read.scope == "calls" else []
    return "\n".join(lines)
