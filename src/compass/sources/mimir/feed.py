"""Metrics and alerts of a window."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from compass.domain.telemetry import NativeQuery
from compass.domain.time import NS_PER_S, Window
from compass.ports.clock import Clock, Deadline
from compass.ports.errors import SourceError, SourceRefusedError
from compass.sources.live.feed import Found, Scope, TraceFound
from compass.sources.live.gathered import Gathered, Objects
from compass.sources.live.native import with_buckets
from compass.sources.mimir.alerts import alerts_of, alerts_query, queries_of
from compass.sources.mimir.api import Described, FoundRule, Listed, PrometheusApi
from compass.sources.mimir.exemplars import traces_of
from compass.sources.mimir.joined import joined
from compass.sources.mimir.meaning import type_of
from compass.sources.mimir.plan import Request, make_plan, selector
from compass.sources.mimir.samples import Measured
from compass.sources.recording.layout import ALERTS_PART, METRICS_PART

MOST_SERIES = 100_000
MOST_HELP = 400  # characters of a metric's help text
LOOK_S = 300.0
INTERVAL_WINDOW_S = 300.0
FASTEST_S = 1.0  # hardly anything is scraped more often


class MimirFeed:
    """One server with Prometheus' HTTP API."""

    def __init__(
        self, name: str, api: PrometheusApi, *, matchers: str, points: int, interval_s: float, clock: Clock
    ) -> None:
        self._name, self._api, self._matchers, self._clock = name, api, matchers, clock
        self._points, self._interval_s = points, interval_s

    @property
    def name(self) -> str:
        return self._name

    @property
    def parts(self) -> frozenset[str]:
        return frozenset({METRICS_PART.name, ALERTS_PART.name})

    async def gather(self, part: str, scope: Scope, *, deadline: Deadline) -> Gathered:
        if part == ALERTS_PART.name:
            return await self._alerts(scope, deadline)
        return await self._metrics(scope, deadline)

    async def look(self, part: str, *, deadline: Deadline) -> Found:
        """Alerts and alerting rules of now; or how many series and metrics have a sample in the last LOOK_S seconds.
        Metrics are counted among the first MOST_SERIES series, which is said where there are more."""
        now = self._clock.now_ns()
        window = Window(start_ns=now - round(LOOK_S * NS_PER_S), end_ns=now)
        if part == ALERTS_PART.name:
            rules, active = await asyncio.gather(
                self._api.rules(deadline=deadline), self._api.alerts(deadline=deadline)
            )
            return Found(
                detail=f"{len(active)} alerts now, {len(rules)} alerting rules",
                figures={"alerts": str(len(active)), "rules": str(len(rules))},
            )
        listed, read = await asyncio.gather(
            self._api.series(self._everything, window, MOST_SERIES, deadline=deadline),
            self._api.instant(f"count({self._everything})", now, deadline=deadline),
        )
        names = {labels.get("__name__", "") for labels in listed.series}
        count = int(read.value[0]) if read.value.size else 0
        hints = [] if count else ["no series has a sample of the last five minutes: is this the right tenant?"]
        metrics = f"{len(names)}"
        if len(listed.series) >= MOST_SERIES:
            metrics = f"at least {len(names)}"
            hints.append(
                f"metrics were counted among the first {MOST_SERIES} series, and an investigation reads no more: "
                f"set matchers for {self._name} to say which matter"
            )
        return Found(
            detail=f"{count} series of {metrics} metrics in the last five minutes",
            figures={"series": str(count), "metrics": metrics}, hints=(*hints, *listed.warnings),
        )  # fmt: skip

    async def exemplars(self, query: NativeQuery, window: Window, *, deadline: Deadline) -> Sequence[TraceFound]:
        """Implements `live.feed.Exemplified`."""
        return traces_of(await self._api.exemplars(with_buckets(query).text, window, deadline=deadline))

    async def aclose(self) -> None:
        await self._api.aclose()

    @property
    def _everything(self) -> str:
        return f'{{__name__!="",{self._matchers}}}' if self._matchers else '{__name__!=""}'

    async def _metrics(self, scope: Scope, deadline: Deadline) -> Gathered:
        listed, told = await asyncio.gather(
            self._api.series(self._everything, scope.window, MOST_SERIES, deadline=deadline), self._told(deadline)
        )
        types = {name: one.type for name, one in told.items()}
        interval_s = await self._interval(listed, scope.window, deadline)
        missing = list(listed.warnings)
        if len(listed.series) >= MOST_SERIES:
            missing.append(f"more than {MOST_SERIES} series: set matchers for {self._name} to say which matter")
        plan = await asyncio.to_thread(
            make_plan, listed.series[:MOST_SERIES], scope.window, matchers=self._matchers, points=self._points,
            interval_s=interval_s, exact=scope.exact, types=types,
        )  # fmt: skip
        answers = await asyncio.gather(*(self._fetch(request, deadline) for request in plan.requests))
        missing += [*plan.missing, *dict.fromkeys(note for answer in answers for note in answer.warnings)]
        native = sum(answer.native for answer in answers)
        if native:
            missing.append(f"{native} native histograms were left out: only classic ones are understood")
        metrics = await asyncio.to_thread(joined, plan, answers, scope.window)
        if types:
            helps = {name: one.help[:MOST_HELP] for name, one in told.items()}
            metrics = replace(
                metrics, types=[type_of(name, types) for name in metrics.names],
                helps=[type_of(name, helps) for name in metrics.names],
            )  # fmt: skip
        return Gathered(
            data=metrics, missing=tuple(missing),
            queries=tuple(NativeQuery(language="promql", text=request.expression) for request in plan.requests),
        )  # fmt: skip

    async def _interval(self, listed: Listed, window: Window, deadline: Deadline) -> float:
        """How far apart samples are, from the metric with most series; asked only where it decides what is moved."""
        if len(listed.series) * window.seconds / FASTEST_S <= self._points:
            return self._interval_s
        names = Counter(labels.get("__name__", "") for labels in listed.series)
        name = min(names, key=lambda one: (-names[one], one))
        span = min(INTERVAL_WINDOW_S, window.seconds)
        expression = f"max(count_over_time({selector([name], self._matchers)}[{round(span * 1000)}ms]))"
        counted = await self._api.instant(expression, window.end_ns, deadline=deadline)
        count = float(counted.value[0]) if counted.value.size else 0.0
        return span / count if count >= 1.0 else self._interval_s

    async def _told(self, deadline: Deadline) -> Mapping[str, Described]:
        """Types and help texts by name, as targets state them. A server need not keep them: names say most of it."""
        try:
            return await self._api.metadata(deadline=deadline)
        except SourceError:
            return {}

    async def _fetch(self, request: Request, deadline: Deadline) -> Measured:
        if request.step_s is None:
            return await self._api.instant(request.expression, request.window.end_ns, deadline=deadline)
        return await self._api.range(request.expression, request.window, request.step_s, deadline=deadline)

    async def _alerts(self, scope: Scope, deadline: Deadline) -> Gathered:
        span = round(scope.window.seconds * 1000) + 1
        expression = f"{alerts_query(self._matchers)}[{span}ms]"
        fired, rules = await asyncio.gather(
            self._api.instant(expression, scope.window.end_ns, deadline=deadline), self._rules(deadline)
        )
        found, missing = rules
        objects = alerts_of(fired, {rule.name: rule.annotations for rule in found}, scope.window)
        names = dict.fromkeys(labels.get("alertname", "") for labels in fired.labels)
        return Gathered(
            data=Objects(objects=objects), missing=missing, queries=(NativeQuery(language="promql", text=expression),),
            each=queries_of(filter(None, names), found),
        )  # fmt: skip

    async def _rules(self, deadline: Deadline) -> tuple[Sequence[FoundRule], tuple[str, ...]]:
        """Its alerting rules. A server may keep them elsewhere (Grafana, a ruler)."""
        try:
            rules = await self._api.rules(deadline=deadline)
        except SourceRefusedError as error:
            return (), (f"the texts of alerts: {self._name} {error.what}",)
        return rules, ()
