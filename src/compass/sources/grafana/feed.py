"""A Grafana: which data sources it has is asked once; each is then read by the source for its type."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from compass.domain.telemetry import NativeQuery
from compass.domain.time import NS_PER_S, Window
from compass.ports.clock import Clock, Deadline
from compass.ports.errors import SourceError, SourceRefusedError
from compass.sources.grafana import links, opened
from compass.sources.grafana.api import MOST_ANNOTATIONS, FoundAlert, FoundSource, GrafanaApi
from compass.sources.grafana.told import alerts_of, changes_of
from compass.sources.live.feed import (
    Exemplified,
    Feed,
    Fielded,
    Found,
    NothingThereError,
    Scope,
    Searched,
    TraceFound,
    close_all,
)
from compass.sources.live.gathered import Gathered, JsonObject, Objects
from compass.sources.live.native import LOGQL, PROMQL, TRACEQL
from compass.sources.recording.layout import ALERTS_PART, CHANGES_PART, LOGS_PART, METRICS_PART, TRACES_PART

METRICS, TRACES = "prometheus", "tempo"
TYPE_OF_PART = {METRICS_PART.name: METRICS, LOGS_PART.name: "loki", TRACES_PART.name: TRACES}
_TYPE_OF_LANGUAGE = {PROMQL: "prometheus", LOGQL: "loki", TRACEQL: "tempo"}
_OPTION_OF_TYPE = {"prometheus": "metrics", "loki": "logs", "tempo": "traces"}
LOOK_S = 24 * 3600
Below = Callable[[str, str], Feed]
"""(type of data source, uid) → its feed."""


class GrafanaFeed:
    """One URL and one token for metrics, logs, traces, alerts and changes."""

    def __init__(
        self, name: str, url: str, api: GrafanaApi, wanted: Mapping[str, str], below: Below, clock: Clock
    ) -> None:
        """`wanted`: by type, the name or uid that the team chose, "" where it did not."""
        self._name, self._url, self._api, self._wanted, self._below = name, url, api, wanted, below
        self._clock = clock
        self._feeds: dict[str, Feed] = {}
        self._chosen: dict[str, FoundSource] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def parts(self) -> frozenset[str]:
        return frozenset({*TYPE_OF_PART, ALERTS_PART.name, CHANGES_PART.name})

    async def gather(self, part: str, scope: Scope, *, deadline: Deadline) -> Gathered:
        if part == CHANGES_PART.name:
            return await self._changes(scope.window, deadline)
        if part == ALERTS_PART.name:
            return await self._alerts(scope, deadline)
        return await (await self._feed(TYPE_OF_PART[part], deadline)).gather(part, scope, deadline=deadline)

    async def look(self, part: str, *, deadline: Deadline) -> Found:
        """The annotations of a day, the alerts of now, or what the source that was chosen for the part's type finds in
        its own server, by that source's name."""
        now = self._clock.now_ns()
        day = Window(start_ns=now - LOOK_S * NS_PER_S, end_ns=now)
        if part == CHANGES_PART.name:
            noted = changes_of(await self._api.annotations(day, deadline=deadline), day)
            hints = () if noted else ("no annotation of a day: let deploys post one, with the tag service:NAME",)
            return Found(detail=f"{len(noted)} annotations of the last day", figures={"annotations": str(len(noted))},
                         hints=hints)  # fmt: skip
        if part == ALERTS_PART.name:
            firing = await self._api.alerts(deadline=deadline)
            return Found(detail=f"{len(firing)} alerts now", figures={"alerts": str(len(firing))})
        kind = TYPE_OF_PART[part]
        found = await (await self._feed(kind, deadline)).look(part, deadline=deadline)
        source = self._chosen[kind]
        return Found(detail=f"{source.name}: {found.detail}", figures={**found.figures, "uid": source.uid},
                     hints=found.hints)  # fmt: skip

    async def log_fields(self, service: str, window: Window, *, deadline: Deadline) -> Sequence[str]:
        """Of its Loki. Implements `live.feed.Fielded`."""
        feed = await self._feed("loki", deadline)
        return await feed.log_fields(service, window, deadline=deadline) if isinstance(feed, Fielded) else ()

    async def aclose(self) -> None:
        await close_all([*self._feeds.values(), self._api])

    def explore(self, query: NativeQuery, window: Window) -> str:
        """Grafana Explore with the query over the window, once it is known which data source answers."""
        source = self._chosen.get(_TYPE_OF_LANGUAGE.get(query.language, ""))
        return "" if source is None else links.explore(self._url, source, query, window)

    async def exemplars(self, query: NativeQuery, window: Window, *, deadline: Deadline) -> Sequence[TraceFound]:
        """Of its Prometheus. Implements `live.feed.Exemplified`."""
        feed, _ = await asyncio.gather(self._feed(METRICS, deadline), self._learn(TRACES, deadline))
        return await feed.exemplars(query, window, deadline=deadline) if isinstance(feed, Exemplified) else ()

    async def slowest(
        self, query: NativeQuery, window: Window, most: int, *, deadline: Deadline
    ) -> Sequence[TraceFound]:
        """Of its Tempo. Implements `live.feed.Searched`."""
        feed = await self._feed(TRACES, deadline)
        return await feed.slowest(query, window, most, deadline=deadline) if isinstance(feed, Searched) else ()

    async def _learn(self, kind: str, deadline: Deadline) -> None:
        """Learn which data source of a type opens links. Without one there are none, which is all that is lost."""
        with suppress(SourceError):
            await self._feed(kind, deadline)

    async def _changes(self, window: Window, deadline: Deadline) -> Gathered:
        noted, _ = await asyncio.gather(
            self._api.annotations(window, deadline=deadline), self._learn(METRICS, deadline)
        )
        full = len(noted) >= MOST_ANNOTATIONS
        missing = (f"annotations beyond the latest {MOST_ANNOTATIONS}",) if full else ()
        query = NativeQuery(language="grafana", text=f"annotations, {len(noted)} of them")
        each = opened.changes(self._url, noted, self._chosen.get(METRICS))
        return Gathered(data=Objects(objects=changes_of(noted, window)), missing=missing, queries=(query,), each=each)

    async def _alerts(self, scope: Scope, deadline: Deadline) -> Gathered:
        """Grafana's own alerts, and those of its Prometheus: where one may not be seen, the others count. Raises the
        first SourceError where none of them came."""
        noted, active, ruled = await asyncio.gather(
            self._api.annotations(scope.window, deadline=deadline), self._api.alerts(deadline=deadline),
            self._ruled(scope, deadline), return_exceptions=True,
        )  # fmt: skip
        failed: list[SourceError] = []
        missing: list[str] = []
        for what, one in (
            ("the history of Grafana's alerts", noted), ("alerts of Grafana itself", active),
            ("alerts of its Prometheus", ruled),
        ):  # fmt: skip
            if isinstance(one, NothingThereError):
                continue
            if isinstance(one, SourceError):
                failed.append(one)
                missing.append(f"{what}: {one.what}")
            elif isinstance(one, BaseException):
                raise one
        if failed and all(isinstance(one, BaseException) for one in (noted, active, ruled)):
            raise failed[0]
        now = () if isinstance(active, BaseException) else active
        objects = alerts_of(now, () if isinstance(noted, BaseException) else noted, scope.window)
        each = await self._opened(objects, now, deadline)
        if isinstance(ruled, Gathered) and isinstance(ruled.data, Objects):
            metrics = self._chosen.get(METRICS)
            each = {**opened.ruled_alerts(self._url, ruled.data.objects, ruled.each, metrics), **each}
            objects = [*objects, *ruled.data.objects]
            missing += ruled.missing
        query = NativeQuery(language="grafana", text="alerts of Grafana's Alertmanager and of its Prometheus")
        return Gathered(data=Objects(objects=objects), missing=tuple(missing), queries=(query,), each=each)

    async def _opened(
        self, alerts: Sequence[JsonObject], now: Sequence[FoundAlert], deadline: Deadline
    ) -> dict[str, NativeQuery]:
        """What opens alerts of Grafana's own rules. What fires now says which rule it is of; rules are asked for only
        where something else fired, and without them there is no link to one, which is all that is lost."""
        uids = opened.uids(now)
        if opened.names_of(alerts) - uids.keys():
            with suppress(SourceError):
                uids = opened.uids(now, await self._api.rules(deadline=deadline))
        return opened.own_alerts(self._url, alerts, uids, self._chosen.get(METRICS))

    async def _ruled(self, scope: Scope, deadline: Deadline) -> Gathered:
        """Raises NothingThereError where it has no Prometheus."""
        return await (await self._feed(METRICS, deadline)).gather(ALERTS_PART.name, scope, deadline=deadline)

    async def _feed(self, kind: str, deadline: Deadline) -> Feed:
        """The feed of the data source of a type. Raises NothingThereError where there is none that may be seen."""
        found = await self._api.data_sources(deadline=deadline)
        if kind not in self._feeds:
            self._chosen[kind] = self._choose(kind, [one for one in found if one.type == kind])
            self._feeds[kind] = self._below(kind, self._chosen[kind].uid)
        return self._feeds[kind]

    def _choose(self, kind: str, found: Sequence[FoundSource]) -> FoundSource:
        option, wanted = _OPTION_OF_TYPE[kind], self._wanted.get(kind, "")
        names = ", ".join(sorted(one.name for one in found))
        if wanted:
            for one in found:
                if wanted in (one.uid, one.name):
                    return one
            raise SourceRefusedError(
                f"has no data source {wanted!r} of type {kind}", where=self._name,
                hint=f"{option} = one of: {names}" if names else "datasources:read shows those the account may see",
            )  # fmt: skip
        if not found:
            raise NothingThereError(f"has no data source of type {kind}", where=self._name)
        chosen = [one for one in found if one.is_default] if len(found) > 1 else list(found)
        if len(chosen) != 1:
            raise SourceRefusedError(
                f"has {len(found)} data sources of type {kind}: {names}", where=self._name,
                hint=f'{option} = "NAME" in compass.toml says which',
            )  # fmt: skip
        return chosen[0]
