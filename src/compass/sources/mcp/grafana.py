"""What mcp-grafana gives: the same feeds as over HTTP, with its tools as their transport."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from compass.domain.telemetry import NativeQuery
from compass.domain.time import NS_PER_S, Window
from compass.ports.clock import Clock, Deadline
from compass.ports.errors import SourceError, SourceRefusedError
from compass.sources.grafana.api import FoundAnnotation
from compass.sources.grafana.history import MS_NS, FoundRule, alerts_of
from compass.sources.grafana.told import changes_of
from compass.sources.live.feed import Feed, Found, NothingThereError, Scope
from compass.sources.live.gathered import Gathered, JsonObject, Objects
from compass.sources.loki.feed import LokiFeed
from compass.sources.loki.options import LokiOptions, checked
from compass.sources.mcp.calls import Calls
from compass.sources.mcp.datasources import DataSources
from compass.sources.mcp.logs import McpLoki
from compass.sources.mcp.options import MOST_LINES, McpOptions
from compass.sources.mcp.prometheus import RULES, McpPrometheus, rules_of
from compass.sources.mcp.traces import GIVEN, McpTempo
from compass.sources.mimir.connector import matchers_of
from compass.sources.mimir.feed import MimirFeed
from compass.sources.tempo.feed import TempoFeed
from compass.sources.tempo.options import TempoOptions

ANNOTATIONS = "get_annotations"
MOST_ANNOTATIONS = 1_000
MOST_SPANS = 1_500
"""What an investigation takes over MCP: a search gives 20 traces, however many it finds."""
LOOK_S = 24 * 3600
BEFORE_NS = 24 * 3600 * NS_PER_S
"""How long before the window what fires in it may have begun."""
_MOST_NAMED = 5


class _Annotations(msgspec.Struct, rename="pascal"):
    payload: list[FoundAnnotation] | None = None


class GrafanaParts:
    """The parts of a window, each by the feed that reads it over HTTP too."""

    def __init__(self, name: str, calls: Calls, options: McpOptions, clock: Clock) -> None:
        """Raises ConfigurationError for options that are wrong."""
        self._calls, self._clock = calls, clock
        chosen = {"metrics": options.metrics, "logs": options.logs, "traces": options.traces}
        self._sources = DataSources(calls, chosen, clock)
        self._tempo = McpTempo(calls, self._sources)
        self._loki = McpLoki(calls, self._sources)
        self._metrics = MimirFeed(
            name, McpPrometheus(calls, self._sources), matchers=matchers_of(options.matchers, name),
            points=options.points, interval_s=options.interval_s, clock=clock,
        )  # fmt: skip
        logs = LokiOptions(type="loki", url="", selector=options.selector, lines_per_query=MOST_LINES)
        traces = TempoOptions(type="tempo", url="", filter=options.filter, spans=MOST_SPANS)
        self._feeds: Mapping[str, Feed] = {
            "metrics": self._metrics,
            "logs": LokiFeed(name, self._loki, checked(logs, f"sources.{name}"), clock),
            "traces": TempoFeed(name, self._tempo, traces, clock),
        }

    async def gather(self, part: str, scope: Scope, *, deadline: Deadline) -> Gathered:
        if part == "changes":
            return await self._changes(scope, deadline)
        if part == "alerts":
            return await self._alerts(scope, deadline)
        gathered = await self._feeds[part].gather(part, scope, deadline=deadline)
        return replace(gathered, missing=tuple(dict.fromkeys((*gathered.missing, *self._notes(part)))))

    async def look(self, part: str, *, deadline: Deadline) -> Found:
        """As over HTTP where a feed gives the part. Else the rules of Grafana's own alerting, or the annotations of a
        day."""
        if part in self._feeds:
            return await self._feeds[part].look(part, deadline=deadline)
        if part == "alerts":
            rules = await self._rules(deadline)
            firing = sum(rule.firing for rule in rules)
            figures = {"alerts": str(firing), "rules": str(len(rules))}
            return Found(detail=f"{len(rules)} rules of Grafana's own, {firing} firing", figures=figures)
        now = self._clock.now_ns()
        day = Window(start_ns=now - LOOK_S * NS_PER_S, end_ns=now)
        found = changes_of(await self._annotations(_within(day), deadline), day)
        hints = () if found else ("no annotation of a day: let deploys post one, with the tag service:NAME",)
        figures = {"annotations": str(len(found))}
        return Found(detail=f"{len(found)} annotations of the last day", figures=figures, hints=hints)

    def _notes(self, part: str) -> Sequence[str]:
        if part == "logs":
            return self._loki.notes
        if part == "traces" and self._tempo.cut:
            seconds = sum(part.end_s - part.start_s for part in self._tempo.cut)
            return (f"of {seconds} s of the window only some traces could be read: the tool gives {GIVEN} at once",)
        return ()

    async def _changes(self, scope: Scope, deadline: Deadline) -> Gathered:
        asked = {**_within(scope.window), "type": "annotation"}
        found = await self._annotations(asked, deadline)
        return Gathered(
            data=Objects(objects=changes_of(found, scope.window)),
            missing=_full(found),
            queries=(_native(ANNOTATIONS, asked),),
        )

    async def _alerts(self, scope: Scope, deadline: Deadline) -> Gathered:
        """Those of Grafana's own rules, and those that Prometheus keeps: where one kind fails, the other counts."""
        own, kept = await asyncio.gather(
            self._own_alerts(scope, deadline), self._metrics.gather("alerts", scope, deadline=deadline),
            return_exceptions=True,
        )  # fmt: skip
        parts: list[Gathered] = []
        failed: list[SourceError] = []
        for one in (own, kept):
            if isinstance(one, Gathered):
                parts.append(one)
            elif isinstance(one, SourceError):
                failed.append(one)
            else:
                raise one
        if not parts:
            raise failed[0]
        lost = tuple(f"some alerts: {error.what}" for error in failed if not isinstance(error, NothingThereError))
        objects: list[JsonObject] = []
        for part in parts:
            assert isinstance(part.data, Objects)
            objects += part.data.objects
        return Gathered(
            data=Objects(objects=sorted(objects, key=lambda alert: str(alert["startsAt"]))),
            missing=(*(note for part in parts for note in part.missing), *lost),
            queries=tuple(query for part in parts for query in part.queries),
            each={name: query for part in parts for name, query in part.each.items()},
        )  # fmt: skip

    async def _own_alerts(self, scope: Scope, deadline: Deadline) -> Gathered:
        before = Window(start_ns=scope.window.start_ns - BEFORE_NS, end_ns=scope.window.end_ns)
        asked = {**_within(before), "type": "alert"}
        found, rules = await asyncio.gather(self._annotations(asked, deadline), self._rules_or_why(deadline))
        known, missing = rules
        alerts, silent = alerts_of(found, known, scope.window)
        if silent:
            named = ", ".join(silent[:_MOST_NAMED]) + (" …" if len(silent) > _MOST_NAMED else "")
            missing += (f"alerts of Grafana that fire, since when is not told: {named}",)
        return Gathered(
            data=Objects(objects=alerts), missing=(*_full(found), *missing), queries=(_native(ANNOTATIONS, asked),)
        )

    async def _annotations(self, arguments: Mapping[str, int | str], deadline: Deadline) -> Sequence[FoundAnnotation]:
        reply = await self._calls.reply(ANNOTATIONS, {**arguments, "limit": MOST_ANNOTATIONS}, deadline=deadline)
        return reply.json(_Annotations).payload or []

    async def _rules(self, deadline: Deadline) -> Sequence[FoundRule]:
        return rules_of(await self._calls.reply(RULES, {"operation": "list"}, deadline=deadline), FoundRule)

    async def _rules_or_why(self, deadline: Deadline) -> tuple[Sequence[FoundRule], tuple[str, ...]]:
        try:
            return await self._rules(deadline), ()
        except SourceRefusedError as error:
            return (), (f"the texts of Grafana's alerts: {error.what}",)


def _within(window: Window) -> dict[str, int | str]:
    return {"from": window.start_ns // MS_NS, "to": -(-window.end_ns // MS_NS)}


def _full(found: Sequence[FoundAnnotation]) -> tuple[str, ...]:
    return (
        (f"more than {MOST_ANNOTATIONS} annotations: the newest were read",) if len(found) >= MOST_ANNOTATIONS else ()
    )


def _native(tool: str, arguments: Mapping[str, int | str]) -> NativeQuery:
    return NativeQuery(language="mcp", text=f"{tool} {msgspec.json.encode(arguments).decode()}")
