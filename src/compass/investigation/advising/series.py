"""CLASSIFY: what series mean whose names the signal catalogue does not know. The move is measured, the meaning is not.

One question a name, of its metadata alone: whoever writes a metric's help text speaks of that metric and of no other,
and what was read once is kept for ever by name and metadata (`kept`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from compass.analysis.findings import sign_of
from compass.analysis.wording import quantity
from compass.domain import advised as told
from compass.domain.advice import ReadName, ReadNames, Role, Task
from compass.domain.board import Board
from compass.domain.telemetry import Direction, SignalKind
from compass.domain.unread import UnreadSeries
from compass.investigation.advising.base import Taken
from compass.investigation.advising.words import said
from compass.investigation.settings import Crew
from compass.ports.language_model import Item, Question, Section

MOST = 6
"""Names that one round asks about, those that moved most first."""
KINDS_TITLE, SERIES_TITLE = "Kinds of signal", "series"
WORSE: Mapping[str, Direction] = {"up": Direction.UP, "down": Direction.DOWN, "neither": Direction.EITHER}
SCOPES = frozenset({"itself", "calls", "node", "database", "cache", "queue"})
_UNIT = re.compile(r"[A-Za-z0-9%/.{}\[\]_*-]{1,20}")
_MORE_UP = {
    SignalKind.POOL_PENDING: "pool.exhausted", SignalKind.POOL_WAIT: "pool.wait_up",
    SignalKind.POOL_TIMEOUTS: "pool.timeouts",
}  # fmt: skip
_MORE_DOWN = {SignalKind.POOL_LIMIT: "pool.limit_down"}
KIND_WORDS: Mapping[SignalKind, str] = {
    SignalKind.LATENCY: "how long serving a request takes",
    SignalKind.CLIENT_LATENCY: "how long a call takes, as its caller sees it",
    SignalKind.TRAFFIC: "requests, messages or jobs handled",
    SignalKind.ERRORS: "failed requests, messages or jobs: a count, rate or share",
    SignalKind.SUCCESS: "share of requests that succeeded",
    SignalKind.CPU: "processor time or share used",
    SignalKind.CPU_THROTTLING: "time or periods in which the processor was withheld",
    SignalKind.MEMORY: "memory used, or left (worse: down)",
    SignalKind.MEMORY_LIMIT: "most memory allowed",
    SignalKind.DISK_USAGE: "file system used, or left (worse: down)",
    SignalKind.DISK_IO: "reads and writes of a disk",
    SignalKind.NETWORK_TRAFFIC: "bytes or packets sent or received",
    SignalKind.NETWORK_ERRORS: "retransmitted, dropped or faulty packets",
    SignalKind.FILE_DESCRIPTORS: "open files or sockets",
    SignalKind.FILE_DESCRIPTORS_LIMIT: "most open files allowed",
    SignalKind.THREADS: "threads or coroutines alive",
    SignalKind.POOL_USED: "members of a pool (connections, workers) in use",
    SignalKind.POOL_LIMIT: "size of a pool",
    SignalKind.POOL_PENDING: "callers that wait for a member of a pool",
    SignalKind.POOL_WAIT: "how long callers wait for a member of a pool",
    SignalKind.POOL_TIMEOUTS: "callers that gave up waiting for a member of a pool",
    SignalKind.QUEUE_DEPTH: "what waits in a queue, or a consumer's lag",
    SignalKind.DB_LATENCY: "how long a database statement takes",
    SignalKind.DB_TRAFFIC: "database statements or transactions",
    SignalKind.DB_CONNECTIONS: "connections of a database in use",
    SignalKind.DB_CONNECTIONS_LIMIT: "most connections a database allows",
    SignalKind.DB_LOCKS: "locks held or waited for, deadlocks",
    SignalKind.DB_ROWS_READ: "rows that statements read",
    SignalKind.REPLICATION_LAG: "how far a replica is behind",
    SignalKind.CACHE_HITS: "cache hits: a count, rate or share",
    SignalKind.CACHE_MISSES: "cache misses",
    SignalKind.CACHE_EVICTIONS: "entries that a cache dropped",
    SignalKind.GC_TIME: "time spent collecting garbage",
    SignalKind.RESTARTS: "restarts of a process or container",
    SignalKind.RETRIES: "calls made again",
    SignalKind.RATE_LIMITED: "requests refused by a limit of their rate",
    SignalKind.CLOCK_OFFSET: "how far a clock is off",
    SignalKind.REPLICAS: "instances that run or are ready",
}


@dataclass(frozen=True, slots=True)
class Series:
    id: str = "series"
    always: bool = False
    searches: bool = True  # what is found needs no further place to look

    def questions(self, board: Board, crew: Crew) -> tuple[Question[ReadNames], ...]:
        del crew
        kinds = tuple(Item(id=kind.value, text=text, trusted=True) for kind, text in KIND_WORDS.items())
        return tuple(
            Question(
                task=Task.CLASSIFY, reply=ReadNames, role=Role.FAST,
                stable=(Section(title=KINDS_TITLE, items=kinds, keep=len(kinds)),),
                sections=(Section(title=SERIES_TITLE, items=(Item(id=one.id, text=described(one)),), keep=1),),
            )
            for one in unknown(board, again=self.always)[:MOST]
        )  # fmt: skip

    def take(self, board: Board, crew: Crew, question: Question[ReadNames], value: ReadNames, by: str) -> Taken:
        """One event a series. An empty reply says that it can read none of them, which is kept, so that it is not asked
        again; ids that were not asked, and readings that do not fit a kind, are dropped."""
        del crew
        given = {item.id for section in question.sections for item in section.items}
        there = board.unread.by_id() if board.unread is not None else {}
        read: dict[str, ReadName] = {}
        dropped = 0
        for one in value.names:
            fit = fitting(one)
            if fit is None or fit.id not in given or fit.id not in there or fit.id in read:
                dropped += 1
            else:
                read[fit.id] = fit
        # What it left out, it cannot read: that is an answer, and is not asked for again here.
        silent = () if value.names else sorted(given & set(there))
        read.update((key, ReadName(id=key)) for key in silent)
        payloads = tuple((f"names/{key}", event_of(there[key], read[key], by)) for key in sorted(read))
        return Taken(payloads=payloads, dropped=dropped)


def unknown(board: Board, *, again: bool = False) -> tuple[UnreadSeries, ...]:
    """Series that moved and that nobody has read yet, nor rejected a reading of."""
    if board.unread is None:
        return ()
    done = frozenset() if again else board.advice.rejected | set(board.advice.names)
    return tuple(one for one in board.unread.most if one.id not in done)


def described(one: UnreadSeries) -> str:
    """The metadata of a name: nothing of the incident."""
    parts = [f"type {one.type}" if one.type else "", f"help: {one.help}" if one.help else ""]
    parts.append(f"labels {', '.join(one.labels)}" if one.labels else "no labels")
    return "; ".join([one.name, *filter(None, parts)])


def fitting(read: ReadName) -> ReadName | None:
    """A reading with known words only, as it may be kept and shown; None where it is none."""
    meaning, worse, scope, unit = (part.strip() for part in (read.meaning, read.worse, read.scope, read.unit))
    if not meaning:
        return ReadName(id=read.id.strip(), why=said(read.why))
    known = meaning in {kind.value for kind in KIND_WORDS}
    if not known or (worse and worse not in WORSE) or (scope and scope not in SCOPES):
        return None
    if unit and not _UNIT.fullmatch(unit):
        return None
    return ReadName(id=read.id.strip(), meaning=meaning, unit=unit, worse=worse, scope=scope, why=said(read.why))


def event_of(one: UnreadSeries, read: ReadName, by: str) -> told.NamesRead:
    """The reading, with what the series would show if it is right."""
    fact = fact_of(one, read)
    return told.NamesRead(by=by, names=(read,), facts=(fact,) if fact is not None else ())


def fact_of(one: UnreadSeries, read: ReadName) -> told.ProposedFact | None:
    """None where the reading gives no sign, or where the series moved the way that is not worse: whether and which way
    it moved is the telemetry's to say."""
    if not read.meaning:
        return None
    kind, worse = SignalKind(read.meaning), WORSE.get(read.worse, Direction.EITHER)
    if worse is not Direction.EITHER and one.up != (worse is Direction.UP):
        return None
    more = (_MORE_UP if one.up else _MORE_DOWN).get(kind)
    sign = more or sign_of(kind, worse, up=one.up)
    if sign is None:
        return None
    now, usual = (quantity(value, one.unit) for value in (one.value, one.usual))
    text = f"{one.name} of {one.entity} {now}, usually {usual}"
    return told.ProposedFact(series=one.id, sign=sign, entity=one.entity, text=text)


def labelled_facts(board: Board) -> dict[str, told.ProposedFact]:
    """Proposed facts by the label of their series (U1)."""
    most = board.unread.most if board.unread is not None else ()
    facts = board.advice.facts
    return {f"U{at}": facts[one.id] for at, one in enumerate(most, start=1) if one.id in facts}


ADVISER = Series()
