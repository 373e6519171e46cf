"""Live servers behind the telemetry port."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from compass.domain.incident import Incident
from compass.domain.observation import Observation
from compass.domain.telemetry import (
    Answer,
    Asked,
    Capability,
    Health,
    HealthStatus,
    LogQuery,
    Loss,
    NativeQuery,
    ObjectKind,
    ObjectQuery,
    SignalKind,
    SignalQuery,
    SpanQuery,
)
from compass.ports.clock import Clock, Deadline
from compass.ports.errors import SourceError, SourceRefusedError, SourceUnavailableError
from compass.redaction import bound, redact
from compass.signals.catalogue import RawRule
from compass.sources.http.ledger import Ledger, Sent
from compass.sources.live.feed import Feed, Fielded, Linked, NothingThereError, Scope, close_all
from compass.sources.live.folder import PrivateFolder, remove_stale
from compass.sources.live.gathered import Gathered
from compass.sources.live.got import Got, Told
from compass.sources.live.native import PART_OF_LANGUAGE
from compass.sources.recording import RecordingSource, layout
from compass.tables.logs import LogTable
from compass.tables.objects import ObjectTable
from compass.tables.series import SeriesRow, SeriesTable
from compass.tables.spans import SpanTable

if TYPE_CHECKING:
    from compass.sources.live.window import Kept

T = TypeVar("T")
GATHER_S = 45.0
"""What a source has not given by then is lost for this investigation: the others are not held up."""
MOST_QUESTION = 600  # characters of a query that are kept
_PART_OF = {kind: kind.value for kind in ObjectKind}


class LiveSource:
    """Implements `ports.telemetry.Telemetry` over feeds. The first question gathers the whole window, every part of
    every feed at once; later ones are answered from what came. Nothing is asked twice, nothing outlives `close`."""

    def __init__(
        self, name: str, feeds: Sequence[Feed], incident: Incident, clock: Clock, ledger: Ledger, *,
        within_s: float = GATHER_S, metric_rules: Sequence[RawRule] = (), parts: frozenset[str] | None = None,
    ) -> None:  # fmt: skip
        """`ledger` is the one that the feeds' clients write to. `parts`: nothing else is asked for (None: all).

        `metric_rules` are a team's own rules for what metrics mean. Raises BadInputError where one is wrong.
        """
        self._name, self._feeds, self._incident, self._clock = name, tuple(feeds), incident, clock
        self._ledger, self._within_s, self._parts = ledger, within_s, parts
        self._metric_rules = tuple(metric_rules)
        self._rows: dict[str, SeriesRow] = {}
        self._gathering: asyncio.Task[Kept] | None = None
        self._asked_ns = 0
        self._folder: PrivateFolder | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> frozenset[Capability]:
        parts = frozenset().union(*(feed.parts for feed in self._feeds))
        kinds: set[Capability] = {kind for kind in ObjectKind if kind.value in parts}
        signals: set[Capability] = set(SignalKind) if layout.METRICS_PART.name in parts else set()
        return frozenset({*parts, *kinds, *signals})

    async def series(self, query: SignalQuery, *, deadline: Deadline) -> Answer[SeriesTable]:
        answer = await self._answer(layout.METRICS_PART.name, lambda from_: from_.series(query, deadline=deadline))
        self._rows.update((row.key, row) for row in answer.data.rows)
        return answer

    async def logs(self, query: LogQuery, *, deadline: Deadline) -> Answer[LogTable]:
        return await self._answer(layout.LOGS_PART.name, lambda from_: from_.logs(query, deadline=deadline))

    async def spans(self, query: SpanQuery, *, deadline: Deadline) -> Answer[SpanTable]:
        return await self._answer(layout.TRACES_PART.name, lambda from_: from_.spans(query, deadline=deadline))

    async def objects(self, query: ObjectQuery, *, deadline: Deadline) -> Answer[ObjectTable]:
        return await self._answer(_PART_OF[query.kind], lambda from_: from_.objects(query, deadline=deadline))

    async def check(self) -> tuple[Health, ...]:
        """One Health a part, from what was really gathered."""
        kept = await self.kept()
        return tuple([self._health(kept.told.get(health.part), health) for health in await kept.recording.check()])

    def native(self, observation: Observation) -> NativeQuery:
        """What one observation rests on, in the language of the server that holds it, with a link where it, or what
        shows it, can be opened."""
        kept = self._done()
        if kept is None:
            return observation.query
        query = kept.native_of(observation, self._rows)
        if query is not None:
            return query if query.url else replace(query, url=self._link(query))
        shows = kept.shown_by(observation)
        return replace(observation.query, url=self._link(shows)) if shows is not None else observation.query

    def _link(self, query: NativeQuery) -> str:
        part = PART_OF_LANGUAGE.get(query.language, "")
        for feed in self._feeds:
            if part in feed.parts and isinstance(feed, Linked):
                return feed.explore(query, self._incident.window)
        return ""

    def _done(self) -> Kept | None:
        task = self._gathering
        return None if task is None or not task.done() or task.cancelled() or task.exception() else task.result()

    @property
    def asked(self) -> tuple[Asked, ...]:
        return tuple(asked_of(sent) for sent in self._ledger.sent)

    async def kept(self) -> Kept:
        """Everything that was gathered. The first who asks starts it; others wait for the same."""
        if self._gathering is None:
            self._gathering = asyncio.ensure_future(self._gather())
        return await asyncio.shield(self._gathering)

    async def log_fields(self, service: str) -> tuple[str, ...]:
        """Fields that a service's log lines have, as far as a source tells."""
        deadline = Deadline(at_s=self._clock.monotonic_s() + self._within_s)
        found: list[str] = []
        for feed in self._feeds:
            if isinstance(feed, Fielded):
                try:
                    found += await feed.log_fields(service, self._incident.window, deadline=deadline)
                except SourceError:
                    continue  # a nicety: that logs could not be read is told with what was gathered
        return tuple(dict.fromkeys(found))

    async def aclose(self) -> None:
        """Close the connections and remove what was gathered."""
        try:
            if self._gathering is not None:
                self._gathering.cancel()
                done = (await asyncio.gather(self._gathering, return_exceptions=True))[0]
                if not isinstance(done, BaseException):
                    done.recording.close()
        finally:
            if self._folder is not None:
                self._folder.remove()
                self._folder = None
            await close_all(self._feeds)

    async def _gather(self) -> Kept:
        # numpy and DuckDB are imported here, with the first question.
        from compass.sources.live.window import keep

        scope = Scope(
            window=self._incident.window, detected_ns=self._incident.detected_ns, service=self._incident.service
        )
        self._asked_ns = self._clock.now_ns()
        got = await gather(self._feeds, scope, self._clock, within_s=self._within_s, parts=self._parts)
        await asyncio.to_thread(remove_stale)
        self._folder = PrivateFolder()
        writing = asyncio.get_running_loop().run_in_executor(
            None, keep, self._folder.path, self._incident, got, self._metric_rules
        )
        try:
            return await asyncio.shield(writing)
        except BaseException:
            # A thread cannot be stopped: it would make again what is removed while it still writes.
            await asyncio.wait([writing])
            if writing.exception() is None:
                writing.result().recording.close()
            self._folder.remove()
            self._folder = None
            raise

    async def _answer(self, part: str, ask: Callable[[RecordingSource], Awaitable[Answer[T]]]) -> Answer[T]:
        kept = await self.kept()
        got = kept.told.get(part, Told())
        if got.lost and not got.gave:
            raise _named(*got.lost[0])
        answer = await ask(kept.recording)
        coverage = replace(answer.coverage, missing=(*answer.coverage.missing, *got.missing))
        query = kept.native(part) or answer.query
        return replace(answer, coverage=coverage, query=query, source=self._name)

    def _health(self, got: Told | None, health: Health) -> Health:
        if got is None:
            return replace(health, source=self._name, detail=f"no source of {health.part} is connected")
        failed = {name for name, _ in got.lost}
        names = ", ".join(feed.name for feed in self._feeds if health.part in feed.parts and feed.name not in failed)
        hides = next(part.hides for part in layout.PARTS if part.name == health.part)
        partly = f"its share of {health.part} cannot be seen (what there is came from {names})"
        lost = tuple(
            Loss(
                source=name, why=str(_named(name, error)), since_ns=self._asked_ns,
                hides=partly if got.gave else hides,
            )
            for name, error in got.lost
        )  # fmt: skip
        if lost and not got.gave:
            said = replace(error_free(health), status=HealthStatus.LOST, detail=lost[0].why, hides=hides)
            return replace(said, source=lost[0].source, lost=lost)
        if got.missing and health.status is HealthStatus.OK:
            health = replace(health, status=HealthStatus.DEGRADED)
        if got.missing:
            detail, hides = ("; ".join(filter(None, (text, *got.missing))) for text in (health.detail, health.hides))
            health = replace(health, detail=detail, hides=hides)
        return replace(health, source=names, lost=lost)


def asked_of(sent: Sent) -> Asked:
    """A line of the ledger as it is stored and shown: without secrets, bounded."""
    question = " ".join(f"{name}={value}" for name, value in sent.params)
    return Asked(
        source=sent.source, path=f"{sent.method} {sent.path}", question=bound(redact(question), MOST_QUESTION),
        answered=sent.answered.value, status=sent.status, size=sent.size, seconds=round(sent.seconds, 4),
        error=bound(redact(sent.error), MOST_QUESTION), ended_ns=sent.ended_ns,
    )  # fmt: skip


def _named(name: str, error: SourceError) -> SourceError:
    """The same error, saying of which source it is."""
    return type(error)(error.what, where=error.where or name, hint=error.hint)


def error_free(health: Health) -> Health:
    """The health without what a reader of nothing would say of it."""
    return replace(health, detail="", hides="", covered=None, entities=())


async def gather(
    feeds: Sequence[Feed], scope: Scope, clock: Clock, *, within_s: float = GATHER_S,
    parts: frozenset[str] | None = None,
) -> dict[str, Got]:  # fmt: skip
    """What every feed has of every part (or of `parts`), all asked at once. A feed that fails or is late is lost, never
    an error."""
    deadline = Deadline(at_s=clock.monotonic_s() + within_s)
    wanted = [part.name for part in layout.PARTS if parts is None or part.name in parts]
    asked = [(part, feed) for part in wanted for feed in feeds if part in feed.parts]
    came = await asyncio.gather(*(_one(feed, part, scope, deadline, within_s) for part, feed in asked))
    got: dict[str, Got] = {}
    for (part, feed), one in zip(asked, came, strict=True):
        if isinstance(one, NothingThereError):
            continue
        before = got.get(part, Got())
        if isinstance(one, Gathered):
            got[part] = replace(before, gathered=(*before.gathered, one))
        else:
            got[part] = replace(before, lost=(*before.lost, (feed.name, one)))
    return got


async def _one(feed: Feed, part: str, scope: Scope, deadline: Deadline, within_s: float) -> Gathered | SourceError:
    try:
        # The deadline is the feed's to keep; this is for one that does not.
        async with asyncio.timeout(within_s + 1.0):
            return await feed.gather(part, scope, deadline=deadline)
    except (SourceUnavailableError, SourceRefusedError) as error:
        return error
    except TimeoutError:
        return SourceUnavailableError(f"did not give its {part} within {within_s:g} s", where=feed.name)
    except Exception as error:  # noqa: BLE001  # the boundary of a source: what one says must not end the others' work
        return misunderstood(error, part, feed.name)


def misunderstood(error: Exception, part: str, where: str) -> SourceRefusedError:
    """What is told of a defect in how a source is read: its part is lost, and the rest goes on."""
    said = bound(redact(f"{type(error).__name__}: {error}"), MOST_QUESTION)
    return SourceRefusedError(
        f"its {part} were not understood ({said})", where=where, hint="this is a defect of COMPASS: please report it"
    )
