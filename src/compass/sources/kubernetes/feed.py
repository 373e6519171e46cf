"""A cluster as a feed: its objects, and its changes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from compass.domain.telemetry import NativeQuery
from compass.domain.time import NS_PER_S
from compass.ports.clock import Deadline
from compass.ports.errors import ConfigurationError, SourceError, SourceRefusedError, SourceUnavailableError
from compass.sources.kubernetes.access import Access
from compass.sources.kubernetes.api import Api, HttpApi
from compass.sources.kubernetes.changes import LATE_NS, UNSEEN, changes_of, forgotten
from compass.sources.kubernetes.cleaned import cleaned
from compass.sources.kubernetes.fields import number, text
from compass.sources.kubernetes.kinds import ENDPOINTS, KINDS, NODE, OF_CHANGES, POD, Kind, When
from compass.sources.kubernetes.lists import (
    KEPT_BYTES,
    KEPT_PAGES,
    MOST_APART,
    MOST_BYTES,
    MOST_PAGES,
    Budget,
    Listed,
    Lists,
    alone,
    refused,
    with_names,
)  # fmt: skip
from compass.sources.kubernetes.options import KubernetesOptions
from compass.sources.live.connector import Means
from compass.sources.live.feed import Closable, Found, Scope, close_all
from compass.sources.live.gathered import Gathered, JsonObject, Objects
from compass.sources.recording import layout

OBJECTS, CHANGES = layout.KUBERNETES_PART.name, layout.CHANGES_PART.name


class KubernetesFeed:
    """Implements `sources/live/feed.Feed` over one cluster. Credentials are made with the first question."""

    def __init__(self, name: str, options: KubernetesOptions, access: Access, means: Means) -> None:
        self._name, self._options, self._access, self._means = name, options, access, means
        self._opening: asyncio.Future[Api] | None = None
        self._lists: dict[bool, Lists] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def parts(self) -> frozenset[str]:
        return frozenset({OBJECTS, CHANGES})

    async def gather(self, part: str, scope: Scope, *, deadline: Deadline) -> Gathered:
        if part == CHANGES:
            return await self._changes(scope, deadline)
        if part == OBJECTS:
            return await self._objects(scope, deadline)
        raise SourceRefusedError(f"gives no {part}", where=self._name)

    async def look(self, part: str, *, deadline: Deadline) -> Found:
        """One object of every kind, which also tells how many there are, and the server's version."""
        api = await self._api(deadline)
        kinds = OF_CHANGES if part == CHANGES else [kind for kind in KINDS if kind.when is not When.KEPT]
        version, *came = await asyncio.gather(
            api.version(deadline=deadline), *(self._count(api, self._read(kind), deadline) for kind in kinds),
            return_exceptions=True,
        )  # fmt: skip
        if isinstance(version, BaseException) and not isinstance(version, SourceError):
            raise version
        failed: list[tuple[Kind, SourceError]] = []
        figures: dict[str, str] = {}
        for kind, one in zip(kinds, came, strict=True):
            if isinstance(one, SourceUnavailableError | SourceRefusedError):
                failed.append((kind, one))
            elif isinstance(one, BaseException):
                raise one
            else:
                figures[kind.plural] = str(one)
        nothing = alone([Listed(kind=kind, error=error) for kind, error in failed], self._name)
        if nothing is not None and len(failed) == len(kinds):
            raise nothing
        if isinstance(version, str):
            figures = {"version": version, **figures}
        where = f" in {', '.join(self._options.namespaces)}" if self._options.namespaces else ""
        counts = [f"{figures[kind.plural]} {kind.plural}" for kind in (NODE, POD) if kind.plural in figures]
        hints = [refused(kind, self._place(kind), error) for kind, error in failed]
        if part == CHANGES:
            hints.append(UNSEEN)
        detail = f"Kubernetes {figures.get('version', 'of unknown version')}: {', '.join(counts) or 'objects'}{where}"
        return Found(detail=detail, figures=figures, hints=tuple(hints))

    async def aclose(self) -> None:
        closing: list[Closable] = [*self._lists.values()]
        if self._opening is not None:
            self._opening.cancel()
            opened = (await asyncio.gather(self._opening, return_exceptions=True))[0]
            if not isinstance(opened, BaseException):
                closing.append(opened)
        await close_all(closing)

    async def _objects(self, scope: Scope, deadline: Deadline) -> Gathered:
        lists = self._of(scope, deadline)
        kinds = [self._read(k) for k in KINDS if k.when is When.ALWAYS or (scope.exact and k.when is not When.CHANGES)]
        found = await lists.all(kinds, deadline)
        nothing = alone(list(found.values()), self._name)
        if nothing is not None:
            raise nothing
        more = [self._read(k) for k in KINDS if k.name not in found and _wanted(k.when, found)]
        found |= await lists.all(more, deadline)
        objects = await asyncio.to_thread(
            lambda: [cleaned(body) for one in found.values() for body in one.objects if one.kind.when != When.CHANGES]
        )
        missing = [note for one in found.values() for note in one.notes]
        late = self._means.clock.now_ns() - scope.window.end_ns
        if late > LATE_NS:
            missing.append(f"objects are as they are now, {late // (60 * NS_PER_S)} minutes after the window's end")
        return Gathered(
            data=Objects(objects=objects), queries=self._queries([*kinds, *more]), missing=tuple(missing)
        )  # fmt: skip

    async def _changes(self, scope: Scope, deadline: Deadline) -> Gathered:
        kinds = [self._read(kind) for kind in OF_CHANGES]
        found = await self._of(scope, deadline).all(kinds, deadline)
        nothing = alone(list(found.values()), self._name)
        if nothing is not None:
            raise nothing
        changes, unknown = await asyncio.to_thread(changes_of, found, scope.window)
        notes = [note for one in found.values() for note in one.notes]
        notes += [*unknown, *forgotten(scope.window, self._means.clock.now_ns())]
        return Gathered(
            data=Objects(objects=changes), queries=self._queries(kinds), missing=tuple(notes)
        )  # fmt: skip

    def _of(self, scope: Scope, deadline: Deadline) -> Lists:
        """The lists that all parts share; a recording that is kept has its own, larger caps."""
        if scope.exact not in self._lists:
            budget = Budget(KEPT_PAGES, KEPT_BYTES) if scope.exact else Budget(MOST_PAGES, MOST_BYTES)
            self._lists[scope.exact] = Lists(lambda: self._api(deadline), self._options.namespaces, budget)
        return self._lists[scope.exact]

    def _read(self, kind: Kind) -> Kind:
        return with_names(kind, values=self._options.configmaps)

    def _place(self, kind: Kind) -> str | None:
        apart = kind.namespaced and 0 < len(self._options.namespaces) <= MOST_APART
        return self._options.namespaces[0] if apart else None

    def _api(self, deadline: Deadline) -> asyncio.Future[Api]:
        """The connection, made once: a plugin of the kubeconfig may have to be run for it."""
        if self._opening is None or _failed(self._opening):
            self._opening = asyncio.ensure_future(self._open(deadline))
        return self._opening

    async def _open(self, deadline: Deadline) -> Api:
        server, plugin = self._access.server, self._access.plugin
        if plugin is not None:
            server = await plugin.credentials(server, deadline.remaining(self._means.clock))
        try:
            client = self._means.client(server, ENDPOINTS)
        except ConfigurationError as error:  # what a plugin gave cannot be used
            raise SourceRefusedError(error.what, where=error.where or self._name, hint=error.hint) from error
        return HttpApi(client)

    async def _count(self, api: Api, kind: Kind, deadline: Deadline) -> int:
        page = await api.page(replace(kind, cached=False), self._place(kind), limit=1, after="", deadline=deadline)
        return len(page.objects) + (page.more or 0)

    def _queries(self, kinds: Sequence[Kind]) -> tuple[NativeQuery, ...]:
        """What a person can run: kubectl asks for the same lists."""
        context = f" --context {self._access.context}" if self._access.context else ""
        apart = 0 < len(self._options.namespaces) <= MOST_APART
        places = [f"--namespace {name}" for name in self._options.namespaces] if apart else ["--all-namespaces"]
        full = ",".join(kind.plural for kind in kinds if not kind.names_only)
        names = ",".join(kind.plural for kind in kinds if kind.names_only)
        texts = [f"kubectl get {full} {place} --output json{context}" for place in places]
        texts += [f"kubectl get {names} {place} --output name{context}" for place in places if names]
        return tuple(NativeQuery(language="kubernetes", text=text) for text in texts)


def _failed(opening: asyncio.Future[Api]) -> bool:
    return opening.done() and (opening.cancelled() or opening.exception() is not None)


def _wanted(when: When, found: dict[str, Listed]) -> bool:
    """Whether what was found calls for more."""

    def of(*kinds: str) -> list[JsonObject]:
        return [body for kind in kinds if kind in found for body in found[kind].objects]

    if when is When.UNBOUND:
        return any(text(body, "status", "phase") != "Bound" for body in of("PersistentVolumeClaim"))
    if when is not When.SHORT:
        return False
    return any(
        (number(body, "status", "readyReplicas") or 0) < (number(body, "spec", "replicas") or 0)
        for body in of("Deployment", "StatefulSet", "ReplicaSet")
    ) or any(
        (number(body, "status", "numberReady") or 0) < (number(body, "status", "desiredNumberScheduled") or 0)
        for body in of("DaemonSet")
    )  # fmt: skip
