"""The logs of one Loki."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from compass.domain.telemetry import NativeQuery
from compass.domain.time import NS_PER_S, Window
from compass.ports.clock import Clock, Deadline
from compass.ports.errors import SourceRefusedError, SourceUnavailableError
from compass.sources.live.feed import Found, Scope
from compass.sources.live.gathered import Gathered
from compass.sources.loki import logql, survey
from compass.sources.loki.api import Field, LokiApi
from compass.sources.loki.assemble import assemble
from compass.sources.loki.beside import few
from compass.sources.loki.bins import bins_of
from compass.sources.loki.fetch import Fetch, Pulled
from compass.sources.loki.options import EXACT, Bounds, LokiOptions, bounds_of
from compass.sources.loki.plan import Pull, pulls
from compass.sources.loki.rare import SHARE, Known, Rare, may_be_sampled, rare_of
from compass.sources.loki.survey import Counted, Survey, named
from compass.sources.loki.told import spanned, told
from compass.sources.loki.when import affordable, clipped, divided, evenly

_PAGES = 2  # a slice is continued so often when it holds more than was counted; more for a recording that is kept
_RECENT_NS = 3600 * NS_PER_S
_MONTH_NS = 30 * 86_400 * NS_PER_S
_LOOK_LINES = 5
_GLANCE = 2_000  # lines of one short look at a time that is not read whole
_GLANCES = 3  # so many, or one fewer where rare lines are asked for
_COUNTING = 0.3  # of the time there is
_WORTH = 2  # searching less than so many times what is counted already is not worth the time


class LokiFeed:
    """Implements `live.feed.Feed`."""

    parts = frozenset({"logs"})

    def __init__(self, name: str, api: LokiApi, options: LokiOptions, clock: Clock) -> None:
        self.name = name
        self._api, self._options, self._clock = api, options, clock
        self._patterns = True  # until it says that it has none

    async def gather(self, part: str, scope: Scope, *, deadline: Deadline) -> Gathered:
        """Lines of the window. Three questions deep: what streams there are, how many lines they have, the lines."""
        self._check(part)
        bounds = bounds_of(self._options, exact=scope.exact)
        window, missing = clipped(scope, bounds.range_ns)
        found = await survey.survey(self._api, self._options.selector.strip(), window, deadline)
        if not found.streams:
            counted, pulled = _nothing(window), list[Pulled]()
            missing += (f"{self.name} has no log stream in this window that {found.selector} selects",)
        else:
            fetch = Fetch(self._api, bounds.per_query, _PAGES * (EXACT if scope.exact else 1))
            (counted, far, notes), known = await asyncio.gather(
                self._counted(found, window, scope, bounds, deadline), self._known(found, window, bounds, deadline)
            )
            missing += notes
            plan, rare = _planned(found, counted, known, bounds.beside(bool(far)), scope.service)
            parts = evenly(far, _GLANCES - (rare is not None))
            whole, glances, (own, notes) = await asyncio.gather(
                fetch.all(plan, deadline),
                fetch.glances(found.selector, parts, min(_GLANCE, bounds.per_query), deadline),
                few(fetch, found, rare, self._sooner(deadline)),
            )
            pulled = [*whole, *glances]
            if pulled and not any(one.pages for one in pulled):
                raise pulled[0].late[0][1]
            pulled += own
            missing += notes
        made = assemble(pulled, counted, found.known)
        notes = (*missing, *found.missing, *told(counted, pulled, made, exact=scope.exact))
        return Gathered(data=made.logs, queries=_queries(pulled), missing=tuple(dict.fromkeys(notes)))

    async def look(self, part: str, *, deadline: Deadline) -> Found:
        """The newest few lines of the last hour, its streams, and since when there is anything."""
        self._check(part)
        now = self._clock.now_ns()
        window = Window(start_ns=now - _RECENT_NS, end_ns=now)
        found = await survey.survey(self._api, self._options.selector.strip(), window, deadline)
        if not found.streams:
            hint = "are logs sent to it, and is this the right tenant? selector in compass.toml bounds what is asked"
            return Found(detail="no log stream in the last hour", hints=(hint, *found.missing))
        page, days, patterns = await asyncio.gather(
            self._api.lines(found.selector, window, _LOOK_LINES, deadline=deadline, backward=True),
            self._days(found.selector, replace(window, start_ns=now - _MONTH_NS), deadline),
            self._patterned(found.selector, window, deadline),
        )
        newest = max((int(entry.at) for stream in page.streams for entry in stream.values), default=None)
        figures = {
            "streams": str(len(found.streams)), found.key: named(found.values), "values": str(len(found.values)),
        }  # fmt: skip
        if found.sizes is not None:
            figures["last hour"] = f"about {sum(found.sizes.values()) / 1e6:.3g} MB"
        if days:
            figures["since"] = datetime.fromtimestamp(days[0], tz=UTC).date().isoformat()
        figures["patterns"] = patterns
        if newest is None:
            return Found(detail="its streams have no line of the last hour", figures=figures, hints=found.missing)
        age = (now - newest) / NS_PER_S
        return Found(detail=f"the newest line is {age:.3g} s old", figures=figures, hints=found.missing)

    async def fields(self, service: str, window: Window, *, deadline: Deadline) -> Sequence[Field]:
        """Which fields the lines of a service have: a few hundred lines are looked at."""
        found = await survey.survey(self._api, self._options.selector.strip(), window, deadline)
        selector = logql.narrowed(found.selector, logql.one_of(found.key, [service]))
        return await self._api.fields(selector, window, deadline=deadline)

    async def log_fields(self, service: str, window: Window, *, deadline: Deadline) -> Sequence[str]:
        """Implements `live.feed.Fielded`."""
        found = await self.fields(service, window, deadline=deadline)
        return [f"{one.label} ({one.cardinality})" for one in sorted(found, key=lambda f: (-f.cardinality, f.label))]

    async def aclose(self) -> None:
        await self._api.aclose()

    async def _counted(
        self, found: Survey, window: Window, scope: Scope, bounds: Bounds, deadline: Deadline
    ) -> tuple[Counted, tuple[Window, ...], tuple[str, ...]]:
        """How many lines there are in what may be searched, the times that are not, and what that leaves out.

        Where there is much, a small part is counted first: how long that takes says what the server can do. A query
        that it cannot end in time would cost it, and us, more than its time: it works on after nobody waits.
        """
        share, probe = bounds.share(found.size), bounds.probe(found.size)
        known = _nothing(window)
        far: tuple[Window, ...] = (window,)
        notes: tuple[str, ...] = ("log lines could not be counted, nor errors searched for",)
        shares = [probe, share] if probe * _WORTH**2 < share else [share]
        for part in shares:
            part = min(part, share)
            if known.lines and part < probe * _WORTH:
                break
            near, rest = divided(window, scope.detected_ns, part)
            began = self._clock.monotonic_s()
            sooner = self._sooner(deadline)
            left = sooner.remaining(self._clock)
            try:
                known = await survey.count(self._api, found, near, bounds, sooner)
            except SourceUnavailableError as error:
                notes = (*notes, f"counting log lines between {spanned(near)}: {error.what}")
                break
            far, notes = rest, () if not rest else (_unsearched(near, found.size),)
            share = min(share, affordable(part, self._clock.monotonic_s() - began, left))
        return known, far, notes

    async def _known(self, found: Survey, window: Window, bounds: Bounds, deadline: Deadline) -> Known:
        """Patterns that Loki has of these lines, where they may be of use. They are an aid: without them it goes on."""
        if not self._patterns or not may_be_sampled(found, bounds):
            return Known(window=window)
        try:
            known = await self._api.patterns(found.selector, window, deadline=self._sooner(deadline))
        except SourceRefusedError:
            self._patterns = False
        except SourceUnavailableError:
            pass
        else:
            return Known(window=window, patterns=known)
        return Known(window=window)

    def _sooner(self, deadline: Deadline) -> Deadline:
        """What a server cannot count in part of the time is not waited for: lines can be had without."""
        left = deadline.remaining(self._clock)
        return deadline if left is None else Deadline(at_s=self._clock.monotonic_s() + left * _COUNTING)

    async def _days(self, selector: str, window: Window, deadline: Deadline) -> Sequence[int]:
        try:
            return await self._api.days(selector, window, deadline=deadline)
        except SourceRefusedError:
            return ()  # it is an aid that may be switched off (volume_enabled)

    async def _patterned(self, selector: str, window: Window, deadline: Deadline) -> str:
        """How many patterns it knows, in words for a person."""
        try:
            return str(len(await self._api.patterns(selector, window, deadline=deadline)))
        except SourceRefusedError:
            self._patterns = False
            return "it does not look for any (pattern_ingester)"

    def _check(self, part: str) -> None:
        if part not in self.parts:
            raise SourceRefusedError(f"has logs, and no {part}", where=self.name)


def _planned(
    found: Survey, counted: Counted, known: Known, bounds: Bounds, service: str | None
) -> tuple[list[Pull], Rare | None]:
    """What is pulled, and what of it are rare lines that the rest, if it is a sample, would miss."""
    plan = pulls(found, counted, bounds, service) if counted.lines else []
    rare = rare_of(found, counted, plan, known, bounds)
    if rare is not None:
        plan = pulls(found, counted, bounds.without(SHARE), service)
    return plan, rare


def _nothing(window: Window) -> Counted:
    return Counted(names=(), bins=bins_of(window, 1), lines={}, worded=None)


def _unsearched(near: Window, size: float | None) -> str:
    much = f": about {size / 1e9:.2g} GB of logs are too many (scan_gb), or the server too slow" if size else ""
    return f"logs were only searched between {spanned(near)}{much}"


def _queries(pulled: Sequence[Pulled]) -> tuple[NativeQuery, ...]:
    return tuple(NativeQuery(language="logql", text=text) for text in dict.fromkeys(one.pull.query for one in pulled))
