"""What can be asked of a cluster: lists of objects, page by page, and its version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from compass.ports.clock import Deadline
from compass.sources.http.client import Client
from compass.sources.kubernetes.kinds import VERSION, Kind
from compass.sources.live.gathered import JsonObject


class _Meta(msgspec.Struct, rename="camel", frozen=True):
    continue_: str = msgspec.field(name="continue", default="")
    remaining_item_count: int | None = None


class _List(msgspec.Struct):
    items: list[msgspec.Raw] | None = None
    metadata: _Meta = _Meta()


class _Version(msgspec.Struct, rename="camel"):
    git_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some objects of a list. `next` asks for those that follow, "" at the end; `more` how many, where it says so.

    `skipped` are entries that were no objects; `size` the bytes of the answer.
    """

    objects: Sequence[JsonObject]
    next: str = ""
    more: int | None = None
    skipped: int = 0
    size: int = 0


class Api(Protocol):
    """One cluster, read-only. Every method raises SourceUnavailableError or SourceRefusedError, with the status."""

    async def page(self, kind: Kind, namespace: str | None, *, limit: int, after: str, deadline: Deadline) -> Page: ...

    async def version(self, *, deadline: Deadline) -> str: ...

    async def aclose(self) -> None: ...


class HttpApi:
    """Over the cluster's own HTTP API."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def page(self, kind: Kind, namespace: str | None, *, limit: int, after: str, deadline: Deadline) -> Page:
        """Where the kind allows it from the API server's watch cache, which spares etcd and may be seconds old
        (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions). `limit` is then the server's
        to keep or not. What is no object is counted in `skipped`."""
        params = [("limit", str(limit))]
        if after:
            params.append(("continue", after))  # may not be given together with resourceVersion
        elif kind.cached:
            params.append(("resourceVersion", "0"))
        endpoint = kind.everywhere if namespace is None else kind.in_namespace
        segments = () if namespace is None else (namespace,)
        reply = await self._client.ask(endpoint, *segments, params=params, accept=kind.accept, deadline=deadline)
        found = reply.json(_List)
        raw = found.items or []
        objects = [body for one in raw if (body := _object(one)) is not None]
        return Page(
            objects=objects, next=found.metadata.continue_, more=found.metadata.remaining_item_count,
            skipped=len(raw) - len(objects), size=len(reply.body),
        )  # fmt: skip

    async def version(self, *, deadline: Deadline) -> str:
        return (await self._client.ask(VERSION, deadline=deadline)).json(_Version).git_version

    async def aclose(self) -> None:
        await self._client.aclose()


def _object(raw: msgspec.Raw) -> JsonObject | None:
    """One item that has a name; None for anything else."""
    found: object = json.loads(bytes(raw))  # valid: it stood in valid JSON
    if not isinstance(found, dict):
        return None
    meta = found.get("metadata")
    return found if isinstance(meta, dict) and isinstance(meta.get("name"), str) else None
