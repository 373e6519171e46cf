"""A stand-in GitHub: every answer is parsed with the models of GitHub's own description before it is sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from compass.domain.time import Window
from compass.ports.clock import Deadline
from compass.redaction.secret import Secrets
from compass.sources.github import CONNECTOR
from compass.sources.http.ledger import Ledger
from compass.sources.live.connector import Means
from compass.sources.live.feed import Feed, Scope
from compass.sources.live.gathered import Gathered, JsonObject, Objects
from compass.sources.recording.jsonfiles import time_of
from tests.sources.github.described import VERSION, example, valid
from tests.support.clocks import StillClock
from tests.support.loopback import Answer, Asked, Loopback, loopback

TOKEN = "ghp_" + "canary7f3a9c51d2e8b6"
SHOP = "acme/checkout"
Body = dict[str, Any]


def ns(at: str) -> int:
    found = time_of(f"2026-11-26T{at}Z")
    assert found is not None
    return found


SCOPE = Scope(window=Window(start_ns=ns("10:00:00"), end_ns=ns("10:40:00")), detected_ns=ns("10:30:00"))
PATIENT = Deadline()
NOW = StillClock(ns("10:40:10"))
_MODEL = {"commits": "Commit", "deployments": "Deployment", "releases": "Release", "runs": "WorkflowRun"}


@dataclass
class Hub:
    """Lists by repository and name of the list. `refuse` maps a path's end to a status and headers."""

    lists: dict[tuple[str, str], list[Body]] = field(default_factory=dict)
    diffs: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, list[Body]] = field(default_factory=dict)  # by the number of the deployment, newest first
    refuse: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    token: str = TOKEN
    prefix: str = ""

    def add(self, kind: str, *bodies: Body, repository: str = SHOP) -> None:
        for body in bodies:
            valid(_MODEL[kind], body)
            self.lists.setdefault((repository, kind), []).append(body)

    def __call__(self, asked: Asked) -> Answer:
        assert asked.method == "GET"
        assert asked.headers["x-github-api-version"] == VERSION
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return _refusal(401, "Bad credentials")
        path = asked.path.removeprefix(self.prefix)
        for end, (status, headers) in self.refuse.items():
            if path.endswith(end):
                return _refusal(status, "Resource not accessible by personal access token", headers)
        if path == "/rate_limit":
            core = {"limit": 5000, "used": 12, "remaining": 4988, "reset": 1795690000}
            body = {"resources": {"core": core, "search": core}, "rate": core}
            return _json(valid("RateLimitOverview", body))
        _, repos, owner, name, *rest = path.split("/")
        assert repos == "repos"
        if asked.headers["accept"] == "application/vnd.github.diff":
            found = self.diffs.get(rest[-1])
            return Answer(body=found.encode(), headers={"Content-Type": "application/vnd.github.diff"}) if (
                found is not None
            ) else _refusal(404, "Not Found")  # fmt: skip
        if rest[-1] == "statuses":
            listed = [valid("DeploymentStatus", body) for body in self.statuses.get(rest[-2], [])]
            return _json(listed[: int(asked.params["per_page"])])
        return self._list(f"{owner}/{name}", rest[-1], asked)

    def _list(self, repository: str, kind: str, asked: Asked) -> Answer:
        found = [valid(_MODEL[kind], body) for body in self.lists.get((repository, kind), [])]
        page = found[: int(asked.params["per_page"])]
        if kind == "runs":
            body = {"total_count": len(found), "workflow_runs": page}
            return _json(valid("ReposOwnerRepoActionsRunsGetResponse200", body))
        return _json(page)


def _json(body: object) -> Answer:
    return Answer(body=json.dumps(body).encode(), headers={"x-ratelimit-remaining": "4988"})


def _refusal(status: int, message: str, headers: dict[str, str] | None = None) -> Answer:
    body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
    return Answer(status=status, body=json.dumps(valid("BasicError", body)).encode(), headers=headers or {})


def user(login: str) -> Body:
    return example("SimpleUser", login=login)


def commit(sha: str, at: str, message: str, login: str = "ann") -> Body:
    signed = {"name": "Ann", "email": "ann@acme.example", "date": f"2026-11-26T{at}Z"}
    content = example("CommitPropCommit", message=message, author=signed, committer=signed)
    return example("Commit", sha=sha, commit=content, author=user(login))


def deployment(number: int, sha: str, at: str, environment: str = "production", **more: object) -> Body:
    at = f"2026-11-26T{at}Z"
    return example("Deployment", id=number, sha=sha, ref="main", task="deploy", environment=environment,
                   created_at=at, updated_at=at, payload={}, creator=user("bob"), **more)  # fmt: skip


def status(state: str, at: str, description: str = "") -> Body:
    at = f"2026-11-26T{at}Z"
    return example("DeploymentStatus", state=state, description=description, created_at=at, updated_at=at)


def release(number: int, tag: str, at: str | None, **more: object) -> Body:
    published = None if at is None else f"2026-11-26T{at}Z"
    return example("Release", id=number, tag_name=tag, target_commitish="main", published_at=published, **more)


def run(number: int, name: str, at: str, path: str = ".github/workflows/x.yml", **more: object) -> Body:
    at = f"2026-11-26T{at}Z"
    return example("WorkflowRun", id=number, name=name, path=path, head_sha="c" * 40, event="push",
                   display_title="Merge", run_started_at=at, created_at=at, updated_at=at, actor=user("cid"),
                   status="completed", conclusion="success", head_branch="main", **more)  # fmt: skip


def patch(*files: tuple[str, str, str]) -> str:
    return "".join(
        f"diff --git a/{path} b/{path}\nindex 1..2 100644\n--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-{old}\n+{new}\n"
        for path, old, new in files
    )


@asynccontextmanager
async def asking(hub: Hub, **options: Any) -> AsyncIterator[tuple[Feed, Loopback, Ledger]]:
    async with loopback(hub) as server:
        made = Means(clock=NOW, ledger=Ledger(), secrets=Secrets({"TOKEN": TOKEN}, Path()))
        table = {
            "type": "github",
            "url": server.url + hub.prefix,
            "token": "env:TOKEN",
            "repositories": [SHOP],
            **options,
        }
        feed = CONNECTOR.connect("code", table, made)
        try:
            yield feed, server, made.ledger
        finally:
            await feed.aclose()


def objects_of(gathered: Gathered) -> list[JsonObject]:
    assert isinstance(gathered.data, Objects)
    return list(gathered.data.objects)
