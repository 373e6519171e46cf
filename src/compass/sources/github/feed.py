"""GitHub as a feed of changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from compass.domain.telemetry import NativeQuery
from compass.domain.time import NS_PER_S, Window, from_datetime, rfc3339
from compass.ports.clock import Deadline
from compass.ports.errors import SourceError, SourceRefusedError, SourceUnavailableError
from compass.redaction import bound
from compass.sources.github.api import Api
from compass.sources.github.changes import (
    Diff,
    Happened,
    followed,
    inside,
    of_commits,
    of_deployments,
    of_releases,
    of_runs,
    worth_following,
    worth_reading,
    written,
)  # fmt: skip
from compass.sources.github.options import GitHubOptions
from compass.sources.github.patches import turned
from compass.sources.http.client import Params
from compass.sources.live.feed import Found, Scope
from compass.sources.live.gathered import Gathered, Objects
from compass.sources.recording import layout

CHANGES = layout.CHANGES_PART.name
PAGE = 100
RELEASES = 20  # their entries are long: notes, and all their files
_FORBIDDEN = frozenset({403, 404})  # 404 for what a token may not see: GitHub does not tell the two apart


@dataclass(frozen=True, slots=True, kw_only=True)
class _Came:
    """What a list gave: how many entries, the changes among them, and from when the last entry is that has a time:
    lists begin with the newest. None: no entry has one."""

    count: int
    changes: Sequence[Happened]
    back_to: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    """One list of one repository: what to call it, which permission it needs, how to ask, and for how many."""

    repository: str
    noun: str
    permission: str
    path: str
    params: Params
    ask: Callable[[str, Params], Awaitable[_Came]]
    most: int

    def cut(self, came: _Came, window: Window) -> str:
        """What of the window the list may have left out, in words. A page that is full and goes back to before the
        window left out nothing of it."""
        if came.count < self.most or (came.back_to is not None and from_datetime(came.back_to) < window.start_ns):
            return ""
        return f"of {self.repository}, only the latest {self.most} {self.noun} were read"

    @property
    def query(self) -> NativeQuery:
        query = "&".join(f"{name}={value}" for name, value in self.params)
        return NativeQuery(language="github", text=f"gh api 'repos/{self.repository}/{self.path}?{query}'")


class GitHubFeed:
    """Implements `sources/live/feed.Feed`. All lists at once, then the diffs that matter: two questions deep."""

    def __init__(self, name: str, options: GitHubOptions, api: Api) -> None:
        self._name, self._options, self._api = name, options, api

    @property
    def name(self) -> str:
        return self._name

    @property
    def parts(self) -> frozenset[str]:
        return frozenset({CHANGES})

    async def gather(self, part: str, scope: Scope, *, deadline: Deadline) -> Gathered:
        """Changes of the window, with the diffs nearest to the page and what became of deployments, as far as
        `requests` reaches. A list that is refused or too long is told in `missing`; it raises where no list came at
        all."""
        if part != CHANGES:
            raise SourceRefusedError(f"gives no {part}", where=self._name)
        lists, missing = self._within(self._lists(scope, deadline))
        came = await asyncio.gather(*(self._one(one) for one in lists))
        self._raise_alone(lists, came)
        changes: list[Happened] = []
        for one, found in zip(lists, came, strict=True):
            if isinstance(found, SourceError):
                missing.append(_refused(one, found))
                continue
            changes += found.changes
            if cut := one.cut(found, scope.window):
                missing.append(cut)
        changes = inside(changes, scope.window)
        wanted = worth_reading(changes, scope.detected_ns)
        room = max(0, min(self._options.diffs, self._options.requests - len(lists)))
        left = max(0, self._options.requests - len(lists) - min(room, len(wanted)))
        (diffs, notes), (changes, unknown) = await asyncio.gather(
            self._diffs(wanted[:room], deadline),
            self._statuses(changes, scope.detected_ns, min(self._options.statuses, left), deadline),
        )
        if len(wanted) > room:
            notes.append(f"{len(wanted) - room} diffs were not read: those nearest to the page were")
        notes += unknown
        objects, untold = written(changes, diffs, self._options)
        return Gathered(
            data=Objects(objects=objects), queries=tuple(one.query for one in lists),
            missing=(*missing, *notes, *untold),
        )  # fmt: skip

    async def look(self, part: str, *, deadline: Deadline) -> Found:
        """The newest entry of each list, and what is left of the hourly limit."""
        if part != CHANGES:
            raise SourceRefusedError(f"gives no {part}", where=self._name)
        lists = [replace(one, params=(("per_page", "1"),)) for one in self._lists(None, deadline)]
        came = await asyncio.gather(*(self._one(one) for one in lists))
        self._raise_alone(lists, came)
        figures = {
            f"{one.repository} {one.noun}": "readable" if found.count else "none"
            for one, found in zip(lists, came, strict=True) if not isinstance(found, SourceError)
        }  # fmt: skip
        hints = [_refused(one, error) for one, error in zip(lists, came, strict=True) if isinstance(error, SourceError)]
        try:
            left, limit = await self._api.remaining(deadline=deadline)
            figures["requests left this hour"] = f"{left} of {limit}"
        except SourceError as error:  # an Enterprise server may have no limit
            hints.append(f"the hourly limit is not known: {bound(error.what, 200)}")
        unowned = [name for name in self._options.repositories if name not in self._options.services]
        if unowned:
            hints.append(f"whose code {', '.join(unowned)} is, is not known: set services")
        names = ", ".join(self._options.repositories)
        return Found(detail=f"GitHub: {names} can be read", figures=figures, hints=tuple(hints))

    async def aclose(self) -> None:
        await self._api.aclose()

    def _raise_alone(self, lists: Sequence[_List], came: Sequence[_Came | SourceError]) -> None:
        """Raise when nothing came at all."""
        errors = [error for error in came if isinstance(error, SourceError)]
        if len(errors) < len(came):
            return
        passing = next((error for error in errors if isinstance(error, SourceUnavailableError)), None)
        if passing is None and all(error.status in _FORBIDDEN for error in errors):
            raise SourceRefusedError(_refused(lists[0], errors[0]), where=self._name, status=errors[0].status)
        raise passing or errors[0]

    def _lists(self, scope: Scope | None, deadline: Deadline) -> list[_List]:
        """Every list of every repository, the most telling kind first."""
        api, options = self._api, self._options
        branch = (("sha", options.branch),) if options.branch else ()
        start, end = (_told(scope.window.start_ns), _told(scope.window.end_ns)) if scope is not None else ("", "")

        async def commits(name: str, params: Params) -> _Came:
            found = await api.commits(name, params, deadline=deadline)
            return _came(of_commits(name, found), [one.at for one in found])

        async def deployments(name: str, params: Params) -> _Came:
            found = await api.deployments(name, params, deadline=deadline)
            return _came(of_deployments(name, found, options), [one.created_at for one in found])

        async def runs(name: str, params: Params) -> _Came:
            found = await api.runs(name, params, deadline=deadline)
            return _came(of_runs(name, found, options), [one.created_at for one in found])

        async def releases(name: str, params: Params) -> _Came:
            found = await api.releases(name, params, deadline=deadline)
            return _came(of_releases(name, found), [one.published_at for one in found])

        every: tuple[tuple[str, str, str, Params, int, Callable[[str, Params], Awaitable[_Came]]], ...] = (
            ("commits", "Contents", "commits", (*branch, ("since", start), ("until", end)), PAGE, commits),
            ("deployments", "Deployments", "deployments", (), PAGE, deployments),
            ("workflow runs", "Actions", "actions/runs", (("created", f"{start}..{end}"),), PAGE, runs),
            ("releases", "Contents", "releases", (), RELEASES, releases),
        )
        return [
            _List(repository=name, noun=noun, permission=permission, path=path, ask=ask, most=most,
                  params=(*params, ("per_page", str(most))))
            for noun, permission, path, params, most, ask in every for name in options.repositories
        ]  # fmt: skip

    def _within(self, lists: list[_List]) -> tuple[list[_List], list[str]]:
        """As many lists as the limit on requests leaves, and what that cuts."""
        kept, cut = lists[: self._options.requests], lists[self._options.requests :]
        names = ", ".join(f"{one.noun} of {one.repository}" for one in cut)
        return kept, [f"{names} were not asked for: the limit is {self._options.requests} requests"] if cut else []

    async def _one(self, one: _List) -> _Came | SourceError:
        try:
            return await one.ask(one.repository, one.params)
        except (SourceUnavailableError, SourceRefusedError) as error:
            return error

    async def _diffs(self, wanted: Sequence[Diff], deadline: Deadline) -> tuple[dict[Diff, str], list[str]]:
        """The diffs, and which could not be had."""

        async def one(want: Diff) -> str | SourceError:
            try:
                base, sha = (want.sha, want.base) if want.back and want.base else (want.base, want.sha)
                found = await self._api.diff(want.repository, sha, base, deadline=deadline)
                return turned(found) if want.back else found
            except (SourceUnavailableError, SourceRefusedError) as error:
                return error

        came = await asyncio.gather(*(one(want) for want in wanted))
        diffs, notes = {}, []
        for want, found in zip(wanted, came, strict=True):
            if isinstance(found, SourceError):
                notes.append(f"the diff of {want.repository} {want.sha[:10]} was not had: {bound(found.what, 120)}")
            else:
                diffs[want] = found
        return diffs, notes

    async def _statuses(
        self, changes: list[Happened], detected_ns: int, most: int, deadline: Deadline
    ) -> tuple[list[Happened], list[str]]:
        """The changes with what became of `most` deployments, and of which that is not known."""
        wanted = worth_following(changes, detected_ns)
        unasked = len(wanted) - most
        notes = [f"what became of {unasked} deployments was not asked"] if unasked > 0 else []

        async def one(change: Happened, number: int) -> Happened | str:
            try:
                return followed(change, await self._api.statuses(change.repository, number, deadline=deadline))
            except (SourceUnavailableError, SourceRefusedError) as error:
                return f"what became of {change.id} of {change.repository} is not known: {bound(error.what, 120)}"

        asked = [(change, change.deployment) for change in wanted[:most] if change.deployment is not None]
        came = await asyncio.gather(*(one(change, number) for change, number in asked))
        told = {(found.repository, found.id): found for found in came if isinstance(found, Happened)}
        notes += [found for found in came if isinstance(found, str)]
        return [told.get((change.repository, change.id), change) for change in changes], notes


def _came(changes: Sequence[Happened], times: Sequence[datetime | None]) -> _Came:
    """`times`: from when each entry of the list is, in the list's order."""
    return _Came(
        count=len(times), changes=changes, back_to=next((at for at in reversed(times) if at is not None), None)
    )


def _refused(one: _List, error: SourceError) -> str:
    """Why a list is missing, and what to do, in words."""
    if error.status in _FORBIDDEN:
        return f"{one.noun} of {one.repository} may not be read: give the token read-only access to {one.permission}"
    return f"{one.noun} of {one.repository} were not had: {bound(error.what, 200)}"


def _told(ns: int) -> str:
    """Whole seconds: finer times are not understood everywhere."""
    return rfc3339(ns // NS_PER_S * NS_PER_S)
