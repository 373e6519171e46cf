"""Pull the lines of a plan: slices at once, a slice that holds more than one answer page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from compass.domain.time import Window
from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError, SourceUnavailableError
from compass.sources.loki.api import LokiApi, Page, Stream, fewer_entries
from compass.sources.loki.plan import Pull


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What one pull gave. `cut`: what was not read of its slices, which hold more lines than were counted. `late`:
    slices that were not read at all, with the reason. `stands`: for how many lines each one does, where that is known
    from time and not from counts."""

    pull: Pull
    pages: tuple[Page, ...]
    cut: tuple[Window, ...] = ()
    late: tuple[tuple[Window, SourceUnavailableError], ...] = ()
    stands: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slice:
    pages: list[Page]
    cut: tuple[Window, ...] = ()
    late: tuple[tuple[Window, SourceUnavailableError], ...] = ()


class Fetch:
    """Learns how many lines the server gives at once; `pages` bounds how often one slice is continued."""

    def __init__(self, api: LokiApi, limit: int, pages: int) -> None:
        self._api, self._limit, self._pages, self._given = api, limit, pages, limit

    async def all(self, plan: Sequence[Pull], deadline: Deadline) -> list[Pulled]:
        """Every pull of the plan. What a server does not answer in time is missing, the rest stands. Raises
        SourceRefusedError, and SourceUnavailableError where nothing came."""
        pulled = list(await asyncio.gather(*(self._pull(pull, deadline) for pull in plan)))
        late = [error for one in pulled for _, error in one.late]
        if late and not any(one.pages for one in pulled):
            raise late[0]
        return pulled

    async def glances(self, query: str, parts: Sequence[Window], limit: int, deadline: Deadline) -> list[Pulled]:
        """The first `limit` lines of each part: they stand for the part by the time that they cover."""
        return list(await asyncio.gather(*(self._glance(query, part, limit, deadline) for part in parts)))

    async def first(self, pull: Pull, limit: int, deadline: Deadline) -> Pulled:
        """The first `limit` lines of a pull of one slice. Raises SourceError."""
        (window,) = pull.windows
        page, limit = await self._page(pull.query, window, deadline, limit)
        if page.lines < limit:
            return Pulled(pull=pull, pages=(page,))
        last = max(int(entry.at) for stream in page.streams for entry in stream.values)
        return Pulled(pull=pull, pages=(page,), cut=(Window(start_ns=last, end_ns=window.end_ns),))

    async def _glance(self, query: str, part: Window, limit: int, deadline: Deadline) -> Pulled:
        pull = Pull(what="lines", query=query, windows=(part,), modulus=1, counts={})
        try:
            page, limit = await self._page(query, part, deadline, limit)
        except SourceUnavailableError as error:
            return Pulled(pull=pull, pages=(), late=((part, error),))
        if page.lines < limit:
            return Pulled(pull=pull, pages=(page,), stands=1.0)
        last = max(int(entry.at) for stream in page.streams for entry in stream.values)
        length, covered = part.end_ns - part.start_ns, last + 1 - part.start_ns
        return Pulled(pull=pull, pages=(page,), stands=length / covered)

    async def _pull(self, pull: Pull, deadline: Deadline) -> Pulled:
        parts = await asyncio.gather(*(self._slice(pull.query, window, deadline) for window in pull.windows))
        return Pulled(
            pull=pull, pages=tuple(page for part in parts for page in part.pages),
            cut=tuple(left for part in parts for left in part.cut),
            late=tuple(late for part in parts for late in part.late),
        )  # fmt: skip

    async def _slice(self, query: str, window: Window, deadline: Deadline) -> _Slice:
        """All pages of a slice, and what is left of it where there were too many."""
        pages: list[Page] = []
        left = window
        while True:
            try:
                page, limit = await self._page(query, left, deadline, self._limit)
            except SourceUnavailableError as error:
                return _Slice(pages=pages, late=((left, error),))
            if page.lines < limit:
                return _Slice(pages=[*pages, page])
            last = max(int(entry.at) for stream in page.streams for entry in stream.values)
            if last > left.start_ns:
                # More lines may have the time of the last: the next page begins with it.
                page = replace(page, streams=[_before(stream, last) for stream in page.streams])
            else:
                last += 1
            pages.append(page)
            left = Window(start_ns=last, end_ns=window.end_ns)
            if left.start_ns >= left.end_ns:
                return _Slice(pages=pages)
            if len(pages) >= self._pages * -(-self._limit // self._given):
                return _Slice(pages=pages, cut=(left,))

    async def _page(self, query: str, window: Window, deadline: Deadline, wanted: int) -> tuple[Page, int]:
        limit = min(wanted, self._given)
        try:
            return await self._api.lines(query, window, limit, deadline=deadline), limit
        except SourceRefusedError as error:
            fewer = fewer_entries(error.what)
            if fewer is None or fewer >= limit:
                raise
            self._given = min(self._given, fewer)
            return await self._api.lines(query, window, fewer, deadline=deadline), fewer


def _before(stream: Stream, at: int) -> Stream:
    return Stream(stream=stream.stream, values=[entry for entry in stream.values if int(entry.at) < at])
