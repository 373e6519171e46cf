"""What is asked of GitHub's REST API (docs.github.com/rest)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

from compass.ports.clock import Deadline
from compass.ports.errors import SourceRefusedError
from compass.sources.http.allowed import Endpoint
from compass.sources.http.client import Client, Params

T = TypeVar("T")
JSON, DIFF = "application/vnd.github+json", "application/vnd.github.diff"
COMMITS = Endpoint(path="/repos/{}/{}/commits")
COMMIT = Endpoint(path="/repos/{}/{}/commits/{}")
COMPARE = Endpoint(path="/repos/{}/{}/compare/{}")
DEPLOYMENTS = Endpoint(path="/repos/{}/{}/deployments")
STATUSES = Endpoint(path="/repos/{}/{}/deployments/{}/statuses")
RELEASES = Endpoint(path="/repos/{}/{}/releases")
RUNS = Endpoint(path="/repos/{}/{}/actions/runs")
LIMIT = Endpoint(path="/rate_limit")
ENDPOINTS = (COMMITS, COMMIT, COMPARE, DEPLOYMENTS, STATUSES, RELEASES, RUNS, LIMIT)
_STATUSES = "30"  # of one deployment, the latest
_EMPTY = 409  # "Git Repository is empty"


class User(msgspec.Struct):
    """{} stands for an account that is gone."""

    login: str = ""


class _Signed(msgspec.Struct):
    date: datetime | None = None
    name: str | None = None


class _Content(msgspec.Struct):
    message: str
    author: _Signed | None = None
    committer: _Signed | None = None


class Commit(msgspec.Struct):
    sha: str
    commit: _Content
    author: User | None = None

    @property
    def at(self) -> datetime | None:
        return self.commit.committer.date if self.commit.committer is not None else None

    @property
    def by(self) -> str:
        named = self.commit.author.name if self.commit.author is not None else ""
        return (self.author.login if self.author is not None else "") or named or "somebody"


class Deployment(msgspec.Struct):
    id: int
    sha: str
    ref: str
    task: str
    environment: str
    created_at: datetime
    description: str | None = None
    creator: User | None = None
    transient_environment: bool = False


class Status(msgspec.Struct):
    """What became of a deployment; `state` is error, failure, inactive, in_progress, queued, pending or success."""

    state: str
    created_at: datetime
    description: str = ""


class Release(msgspec.Struct):
    id: int
    tag_name: str
    target_commitish: str
    draft: bool
    name: str | None = None
    published_at: datetime | None = None
    author: User | None = None


class Run(msgspec.Struct):
    id: int
    path: str
    head_sha: str
    event: str
    display_title: str
    created_at: datetime
    updated_at: datetime
    run_started_at: datetime | None = None
    name: str | None = None
    head_branch: str | None = None
    status: str | None = None
    conclusion: str | None = None
    actor: User | None = None


class _Runs(msgspec.Struct):
    workflow_runs: list[Run]


class _Core(msgspec.Struct):
    limit: int
    remaining: int


class _Resources(msgspec.Struct):
    core: _Core


class _Limits(msgspec.Struct):
    resources: _Resources


class Api(Protocol):
    """One GitHub, read-only. Lists are the first page, newest first. Every method raises SourceUnavailableError or
    SourceRefusedError, with the status."""

    async def commits(self, repository: str, params: Params, *, deadline: Deadline) -> Sequence[Commit]: ...

    async def deployments(self, repository: str, params: Params, *, deadline: Deadline) -> Sequence[Deployment]: ...

    async def statuses(self, repository: str, number: int, *, deadline: Deadline) -> Sequence[Status]:
        """The latest states of one deployment, newest first."""
        ...

    async def releases(self, repository: str, params: Params, *, deadline: Deadline) -> Sequence[Release]: ...

    async def runs(self, repository: str, params: Params, *, deadline: Deadline) -> Sequence[Run]: ...

    async def diff(self, repository: str, sha: str, base: str | None, *, deadline: Deadline) -> str:
        """What a commit changed, or what changed between `base` and it."""
        ...

    async def remaining(self, *, deadline: Deadline) -> tuple[int, int]:
        """How many requests are left of the hourly limit; asking costs none."""
        ...

    async def aclose(self) -> None: ...


class HttpApi:
    """Over GitHub's own API."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def commits(self, repository: str, params: Params, *, deadline: Deadline) -> Sequence[Commit]:
        try:
            return await self._list(COMMITS, repository, params, list[Commit], deadline)
        except SourceRefusedError as error:
            if error.status == _EMPTY:
                return ()
            raise

    async def deployments(self, repository: str, params: Params, *, deadline: Deadline) -> Sequence[Deployment]:
        return await self._list(DEPLOYMENTS, repository, params, list[Deployment], deadline)

    async def statuses(self, repository: str, number: int, *, deadline: Deadline) -> Sequence[Status]:
        owner, _, name = repository.partition("/")
        reply = await self._client.ask(
            STATUSES, owner, name, str(number), params=(("per_page", _STATUSES),), accept=JSON, deadline=deadline
        )
        return reply.json(list[Status])

    async def releases(self, repository: str, params: Params, *, deadline: Deadline) -> Sequence[Release]:
        return await self._list(RELEASES, repository, params, list[Release], deadline)

    async def runs(self, repository: str, params: Params, *, deadline: Deadline) -> Sequence[Run]:
        return (await self._list(RUNS, repository, params, _Runs, deadline)).workflow_runs

    async def diff(self, repository: str, sha: str, base: str | None, *, deadline: Deadline) -> str:
        owner, _, name = repository.partition("/")
        what = (COMMIT, sha) if base is None else (COMPARE, f"{base}...{sha}")
        reply = await self._client.ask(what[0], owner, name, what[1], accept=DIFF, deadline=deadline)
        return reply.body.decode("utf-8", errors="replace")

    async def remaining(self, *, deadline: Deadline) -> tuple[int, int]:
        reply = await self._client.ask(LIMIT, accept=JSON, deadline=deadline)
        core = reply.json(_Limits).resources.core
        return core.remaining, core.limit

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _list(self, endpoint: Endpoint, repository: str, params: Params, kind: type[T], deadline: Deadline) -> T:
        owner, _, name = repository.partition("/")
        reply = await self._client.ask(endpoint, owner, name, params=params, accept=JSON, deadline=deadline)
        return reply.json(kind)
